"""Chinese remainders of Fermat numbers as circuits."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir import AnyArray, IntRange, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import Window
from mulfree.rtl import Stage, Stream
from mulfree.rtl.stages.fermat.remainders import remainders

SETS = [(3, 4), (3, 5), (4, 5), (3, 4, 5)]
LANES = 2


def rings(ts: tuple[int, ...]) -> tuple[FermatRing, ...]:
    return tuple(FermatRing(t) for t in ts)


def stage(ts: tuple[int, ...], result: IntRange) -> Stage:
    value = Value("y", TensorType((50, 4, 1), result))
    types = [TensorType((50, 4, 1), DiminishedOne(1 << t).codes) for t in ts]
    streams = [
        Stream(f"x{t}", Value(f"x{t}", type), np.arange(200), LANES, type) for t, type in zip(ts, types, strict=True)
    ]
    return remainders("y", tuple(streams), value, rings(ts))


def integers(result: IntRange) -> AnyArray:
    """Both ends, what is nearest to 0, and some in between."""
    drawn = np.random.default_rng(0).integers(result.lo, result.hi, 193, endpoint=True)
    return np.array([result.lo, result.lo + 1, -1, 0, 1, result.hi - 1, result.hi, *drawn])


@pytest.mark.parametrize("ts", SETS)
def test_the_circuit_finds_the_integer_that_leaves_the_remainders(ts: tuple[int, ...]) -> None:
    peak = FermatConvolution(rings(ts), 1, Window()).peak
    for result in (IntRange(-peak, peak), IntRange(-peak // 3, peak // 5)):
        y = integers(result).reshape(100, LANES)
        parts = {f"x{i}": DiminishedOne(ring.bits).encode(y) for i, ring in enumerate(rings(ts))}
        found = stage(ts, result).circuits["map"].evaluate(**parts)["y"]
        np.testing.assert_array_equal(found, y)


@pytest.mark.parametrize("ts", SETS)
def test_it_is_the_integer_that_the_definition_finds(ts: tuple[int, ...]) -> None:
    form = FermatConvolution(rings(ts), 1, Window())
    y = integers(IntRange(-form.peak, form.peak))
    np.testing.assert_array_equal(form.combined([ring.residues(y) for ring in rings(ts)]), y)
