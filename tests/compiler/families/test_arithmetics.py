"""The contract that every arithmetic keeps, by its examples: values, ranges, circuits, fast kernels, text form."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.families import OWN_FAMILIES
from mulfree.compiler.families.arithmetic import LaneArithmetic
from mulfree.compiler.pipeline import passes_preferring
from mulfree.compiler.registry import arithmetics_of, operators
from mulfree.ir import IntArray, TensorType, run_passes
from mulfree.ir.ops import Contraction
from mulfree.ir.text import parse, to_text
from mulfree.rtl import Circuit
from mulfree.sim.functional import FastNetwork
from tests.compiler.families.layers import BATCH, Kind, LaneKind, draw, lane_layers, layers, network, over


@layers
def test_the_result_is_exact(arithmetic: Kind, x: TensorType, layer: Contraction) -> None:
    assert arithmetic in arithmetics_of(layer)
    assert arithmetic.accepts(layer, x)
    op = arithmetic.replacing(layer, x)
    assert op.layer == layer
    offset = op.offset.reshape(-1, *(1,) * (len(layer.infer(x).shape) - 1))
    np.testing.assert_array_equal(op.factor * op.evaluate(draw(x)) + offset, layer.evaluate(draw(x)))


@layers
def test_values_stay_in_the_inferred_range_and_reach_its_ends(
    arithmetic: Kind, x: TensorType, layer: Contraction
) -> None:
    for op in (layer, arithmetic.replacing(layer, x)):
        y, result = op.evaluate(draw(x)), op.infer(x)
        assert y.shape[1:] == result.shape
        assert all(int(v) in result.range for v in np.unique(y))
        if len(x.shape) == 1:
            extremes = op.evaluate(np.concatenate([_towards_the_ends(x, layer), draw(x)]))
            assert (extremes.min(), extremes.max()) == (result.range.lo, result.range.hi)


def _towards_the_ends(x: TensorType, layer: Contraction) -> IntArray:
    """For each output, operands that push it up and down if it rises with an element of positive weight."""
    signs = np.sign(layer.weights.array.reshape(len(layer.weights.array), -1))
    ends = ((x.range.lo, x.range.hi), (x.range.hi, x.range.lo))
    return np.concatenate([np.where(signs > 0, *pair) for pair in ends])


@lane_layers
def test_the_lane_circuit_computes_the_definition(arithmetic: LaneKind, x: TensorType, layer: Contraction) -> None:
    """All of a window at once, and the reduction that ends it."""
    op = arithmetic.replacing(layer, x)
    codes = op.codes.reshape(op.codes.shape[0], -1)
    outputs, length = codes.shape
    circuit = Circuit()
    lanes = length * op.elements_per_code
    share = op.lane(circuit, circuit.input("x", op.operand, lanes), circuit.input("w", op.weight_range, length))
    circuit.output("share", circuit.index(share))
    finish = op.reduce(share.range, 1, 1).circuits(op.result_range(op.operand))["finish"]
    taps = draw(TensorType((lanes,), op.operand))
    expected, x_taps = op.dot(_as_taps(taps, layer)), _in_lanes(taps, op)
    for m in range(outputs // layer.groups):
        total = circuit.evaluate(x=x_taps, w=np.broadcast_to(codes[m], (BATCH, length)))["share"]
        np.testing.assert_array_equal(finish.evaluate(total=total)["y"][:, 0], expected[:, m, 0, 0])


def _as_taps(taps: IntArray, layer: Contraction) -> IntArray:
    """One window per sample, the same in every group."""
    _, per_group, *kernel = layer.weights.shape
    one = taps.reshape(BATCH, per_group, 1, 1, *kernel)
    return np.concatenate([one] * layer.groups, axis=1)


def _in_lanes(taps: IntArray, op: LaneArithmetic) -> IntArray:
    """A window as a lane takes it: tap after tap where it takes all taps of a channel."""
    return taps.reshape(BATCH, -1, op.elements_per_code).swapaxes(1, 2).reshape(BATCH, -1)


@lane_layers
def test_shares_of_several_steps_become_what_one_step_gives(
    arithmetic: LaneKind, x: TensorType, layer: Contraction
) -> None:
    op = arithmetic.replacing(layer, x)
    codes = op.codes.reshape(op.codes.shape[0], -1)
    length = codes.shape[1]
    circuit = Circuit()
    each = op.elements_per_code
    share = op.lane(circuit, circuit.input("x", op.operand, each), circuit.input("w", op.weight_range, 1))
    circuit.output("share", circuit.index(share))
    reduction = op.reduce(share.range, length, 1)
    circuits = reduction.circuits(op.result_range(op.operand))
    taps, w = draw(TensorType((length * each,), op.operand)), codes[0]
    state = np.broadcast_to(np.array(reduction.starts), (BATCH, len(reduction.starts)))
    for k in range(length):
        partial = circuit.evaluate(x=taps[:, k * each : (k + 1) * each], w=np.full((BATCH, 1), w[k]))["share"]
        state = circuits["step"].evaluate(state=state, partial=partial)["y"] if length > 1 else partial
    y = circuits["finish"].evaluate(total=state)["y"][:, 0]
    np.testing.assert_array_equal(y, op.dot(_as_taps(taps, layer))[:, 0, 0, 0])


def _is_depthwise(x: TensorType, layer: Contraction) -> bool:
    return layer.groups > 1 and layer.weights.shape[1] == 1


@over(_is_depthwise, only_lanes=True)
def test_the_tap_circuit_is_the_lane_circuit_of_one_lane(
    arithmetic: LaneKind, x: TensorType, layer: Contraction
) -> None:
    op = arithmetic.replacing(layer, x)
    circuit = Circuit()
    wires = circuit.input("x", op.operand, 1), circuit.input("w", op.weight_range, 1)
    circuit.output("lane", op.lane(circuit, *wires))
    circuit.output("tap", op.tap_lane(circuit, *wires))
    for w in np.unique(op.codes):
        values = circuit.evaluate(x=draw(TensorType((1,), op.operand)), w=np.full((BATCH, 1), w))
        np.testing.assert_array_equal(values["tap"], values["lane"])


@layers
def test_the_fast_network_gives_the_definition_before_and_after_lowering(
    arithmetic: Kind, x: TensorType, layer: Contraction
) -> None:
    graph = network(x, layer)
    for stage in (graph, run_passes(graph, passes_preferring(arithmetic.name))):
        np.testing.assert_array_equal(FastNetwork(stage).run([draw(x)])[0], layer.evaluate(draw(x)))


@layers
def test_the_text_form_parses_back(arithmetic: Kind, x: TensorType, layer: Contraction) -> None:
    lowered = run_passes(network(x, layer), passes_preferring(arithmetic.name))
    assert arithmetic.name in {node.op.name for node in lowered.nodes}
    for graph in (network(x, layer), lowered):
        assert to_text(parse(to_text(graph), operators())) == to_text(graph)


def test_operators_have_names_of_their_own() -> None:
    names = [op.name for op in operators()]
    assert len(set(names)) == len(names)


def test_every_arithmetic_has_examples_and_one_that_is_unrolled() -> None:
    for family in OWN_FAMILIES:
        for arithmetic in family.arithmetics:
            takes_vectors = arithmetic.examples[0][1].window.taps == 1
            assert any(len(x.shape) == 1 for x, _ in arithmetic.examples) or not takes_vectors, arithmetic.name


def _may_be_a_map(x: TensorType, layer: Contraction) -> bool:
    return len(x.shape) == 1 and layer.groups == 1 and x.shape[0] % 2 == 0


@over(_may_be_a_map)
def test_a_map_flattened_before_a_dense_layer_may_be_read_as_one_window(
    arithmetic: Kind, x: TensorType, layer: Contraction
) -> None:
    shape = (x.shape[0] // 2, 1, 2)
    y = layer.over_map(shape).evaluate(draw(x).reshape(BATCH, *shape))
    np.testing.assert_array_equal(y[..., 0, 0], layer.evaluate(draw(x)))
