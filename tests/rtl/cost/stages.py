"""Small stages to price and to synthesise."""

from __future__ import annotations

import numpy as np

from mulfree.ir import BIPOLAR, BIT, AnyArray, IntRange, TensorType, Value
from mulfree.ir.ops import Window
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells, stages
from mulfree.rtl.heap import GENERIC


def vector(range: IntRange, size: int, lanes: int) -> Stream:
    value = Value("x", TensorType((size,), range))
    return Stream("x", value, np.arange(size), lanes, value.type)


def feature_map(range: IntRange, shape: tuple[int, int, int], lanes: int) -> Stream:
    value = Value("x", TensorType(shape, range))
    order: AnyArray = np.arange(value.type.size).reshape(shape[0], -1).T.ravel()
    return Stream("x", value, order, lanes, value.type)


def xnor_popcount(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    return circuit.drive(cells.POPCOUNT, circuit.drive(cells.XNOR, x, w))


def binary_matrix(
    outputs: int,
    inputs: int,
    pe: int,
    simd: int,
    style: str = "auto",
    seed: int = 0,
    levels: int | None = None,
    target: str = GENERIC,
) -> Stage:
    weights = 2 * np.random.default_rng(seed).integers(0, 2, (outputs, inputs)) - 1
    result = Value("y", TensorType((outputs,), IntRange(0, inputs)))
    return stages.matrix_vector(
        "matrix",
        vector(BIT, inputs, simd),
        result,
        weights=weights,
        pe=pe,
        lane=xnor_popcount,
        weight_range=BIPOLAR,
        style=style,
        levels=levels,
        target=target,
    )


def window() -> Stage:
    return stages.sliding_window("window", feature_map(BIPOLAR, (16, 10, 10), 16), Window((3, 3)))
