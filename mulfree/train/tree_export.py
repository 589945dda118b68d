"""Logic trees as ONNX: integer inputs, integer weights and biases of one scale, MinMaxTrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.families.interface import DOMAIN
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.ir import AnyArray
from mulfree.train.logic_trees import LogicTrees

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20
INPUT, OUTPUT = "input", "output"
EXACT = 2**24
"""Below this, float32 adds integers exactly, in any order."""


@dataclass(frozen=True, eq=False)
class IntegerTrees:
    """scale * (weights @ k + biases) for inputs x = input_scale * k; the scale is a power of two."""

    weights: AnyArray
    biases: AnyArray
    scale: float


def quantised(trees: LogicTrees, bits: int = 8, input_scale: float = 1.0) -> IntegerTrees:
    """Weights of so many bits, and the power of two as their scale that changes the units' values least.

    All units share the scale, so that they compare as integers. Weights out of reach are clipped.
    """
    weights = trees.weights.astype(np.float64) * input_scale
    top = int(np.ceil(np.log2(np.abs(weights).max() or 1.0))) - bits + 1
    moments = trees.moments / input_scale**2
    scale = min((2.0**e for e in range(top - bits, top + 1)), key=lambda s: _damage(weights, s, bits, moments))
    return IntegerTrees(_rounded(weights / scale, bits), np.rint(trees.biases / scale).astype(np.int64), scale)


def _damage(weights: AnyArray, scale: float, bits: int, moments: AnyArray) -> float:
    """Sum of the squared errors of the units' values on average."""
    return float((((_rounded(weights / scale, bits) * scale - weights) ** 2) * moments).sum())


def _rounded(weights: AnyArray, bits: int) -> AnyArray:
    return np.clip(np.rint(weights), 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(np.int64)


def export_trees(trees: LogicTrees, path: str | Path, **options: float) -> None:
    """Write the model of `trees_to_onnx`."""
    import onnx

    onnx.save(trees_to_onnx(trees, **options), Path(path))  # type: ignore[arg-type]


def trees_to_onnx(trees: LogicTrees, *, bits: int = 8, input_scale: float = 1.0) -> ModelProto:
    """A model from bytes k (N, inputs), meaning input_scale * k, to the trees' values (N, trees) in float32.

    Raises ValueError if the sums of products are so large that a runtime could round them.
    """
    from onnx import TensorProto, helper, numpy_helper

    whole = quantised(trees, bits, input_scale)
    largest = int((np.abs(whole.weights).sum(axis=1) * 255 + np.abs(whole.biases)).max())
    if largest >= EXACT:
        raise ValueError(f"sums reach {largest}, which float32 rounds: take fewer than {bits} bits for the weights")
    constants = {"weights": whole.weights * whole.scale, "biases": whole.biases * whole.scale}
    codes = list(trees.codes)
    nodes = [
        helper.make_node("Cast", [INPUT], ["numbers"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Gemm", ["numbers", "weights", "biases"], ["units"], "units", transB=1),
        helper.make_node("MinMaxTrees", ["units"], [OUTPUT], "trees", domain=DOMAIN, trees=codes),
    ]
    graph = helper.make_graph(
        nodes,
        "logic_trees",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", trees.weights.shape[1]])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", trees.forest.trees])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in constants.items()],
    )
    domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    return attach_bodies(helper.make_model(graph, opset_imports=domains, ir_version=10))
