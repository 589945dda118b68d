"""The contract every family keeps. A new family is covered by being listed in OPERATORS."""

import numpy as np
import pytest

from mulfree.compiler.families import OPERATORS, FamilyContraction
from mulfree.ir import IntArray, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl import Circuit

CASES = [
    pytest.param(family, x, layer, id=f"{family.name}-{i}")
    for family in OPERATORS
    for i, (x, layer) in enumerate(family.examples)
]
BATCH = 100

Family = type[FamilyContraction]


def draw(x: TensorType) -> IntArray:
    indices = np.random.default_rng(0).integers(0, x.range.count, (BATCH, *x.shape))
    indices[0], indices[1] = 0, x.range.count - 1
    return x.range.lo + x.range.step * indices


@pytest.mark.parametrize(("family", "x", "layer"), CASES)
def test_the_dot_product_is_exact(family: Family, x: TensorType, layer: MultiplyAccumulate) -> None:
    assert family.accepts(layer, x)
    op = family.replacing(layer, x)
    offset = op.offset.reshape(-1, *(1,) * (len(layer.infer(x).shape) - 1))
    np.testing.assert_array_equal(op.factor * op.evaluate(draw(x)) + offset, layer.evaluate(draw(x)))


@pytest.mark.parametrize(("family", "x", "layer"), CASES)
def test_values_stay_in_the_inferred_range_and_reach_its_ends(
    family: Family, x: TensorType, layer: MultiplyAccumulate
) -> None:
    op = family.replacing(layer, x)
    y, result = op.evaluate(draw(x)), op.infer(x)
    assert y.shape[1:] == result.shape
    assert y.min() in result.range
    assert y.max() in result.range
    signs = np.sign(op.rows)
    least, most = (np.where(signs > 0, *ends) for ends in ((x.range.lo, x.range.hi), (x.range.hi, x.range.lo)))
    if len(x.shape) == 1:
        extremes = op.evaluate(np.concatenate([least, most]))
        assert (extremes.min(), extremes.max()) == (result.range.lo, result.range.hi)


@pytest.mark.parametrize(("family", "x", "layer"), CASES)
def test_the_lane_circuit_computes_the_definition(family: Family, x: TensorType, layer: MultiplyAccumulate) -> None:
    op = family.replacing(layer, x)
    length = op.rows.shape[1]
    circuit = Circuit()
    wires = circuit.input("x", op.operand, length), circuit.input("w", op.weight_range, length)
    circuit.output("y", op.lane(circuit, *wires))
    taps = draw(TensorType((length,), op.operand))
    alone = family(layer.weights, layer.window, layer.groups, op.operand).dot(_as_taps(taps, layer))
    for m, row in enumerate(op.rows[: op.rows.shape[0] // layer.groups]):
        y = circuit.evaluate(x=taps, w=np.broadcast_to(row, taps.shape))["y"]
        np.testing.assert_array_equal(y[:, 0], alone[:, m, 0, 0])


@pytest.mark.parametrize(("family", "x", "layer"), CASES)
def test_the_tap_circuit_is_the_lane_circuit_of_one_lane(
    family: Family, x: TensorType, layer: MultiplyAccumulate
) -> None:
    op = family.replacing(layer, x)
    circuit = Circuit()
    wires = circuit.input("x", op.operand, 1), circuit.input("w", op.weight_range, 1)
    circuit.output("lane", op.lane(circuit, *wires))
    circuit.output("tap", op.tap_lane(circuit, *wires))
    values = circuit.evaluate(x=draw(TensorType((1,), op.operand)), w=np.broadcast_to(op.rows[0, :1], (BATCH, 1)))
    np.testing.assert_array_equal(values["tap"], values["lane"])


def _as_taps(taps: IntArray, layer: MultiplyAccumulate) -> IntArray:
    """One window per sample, the same in every group."""
    _, per_group, *kernel = layer.weights.shape
    one = taps.reshape(BATCH, per_group, 1, 1, *kernel)
    return np.concatenate([one] * layer.groups, axis=1)
