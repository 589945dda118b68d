"""round-weights: fewer bits, the nearest step, lines that bring sums back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.adaptation import adapt
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.pipeline import to_hardware
from mulfree.compiler.round_weights import largest, round_weights
from mulfree.ir import IntArray
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.ir.text import to_text
from mulfree.sim.reference import run_graph
from tests.compiler.families.test_approximate import X, layers, logits, model


def weights(quantised: QuantisedModel) -> list[IntArray]:
    return [n.op.weights.array for n in quantised.graph.nodes if isinstance(n.op, MultiplyAccumulate)]


@pytest.mark.parametrize("bits", range(1, 6))
def test_weights_keep_to_their_bits(bits: int) -> None:
    exact = model()
    found = round_weights(exact, {"x": X}, bits, None).model
    for ours, theirs in zip(weights(found), weights(exact), strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours).max() <= largest(bits)
        assert ((ours * theirs >= 0) | (bits == 1)).all()
    assert bits > 1 or all((np.abs(w) == 1).all() for w in weights(found))


def test_more_bits_are_closer_to_the_exact_results() -> None:
    exact = model()
    wanted = logits(exact)
    errors = [
        float(np.abs(logits(round_weights(exact, {"x": X}, bits, None).model) - wanted).mean()) for bits in range(1, 8)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == 0


def test_weights_that_fit_stay_as_they_are() -> None:
    exact = model()
    assert to_text(round_weights(exact, {"x": X}, 7, None).model.graph) == to_text(exact.graph)


def test_only_named_layers_are_rounded() -> None:
    exact = model()
    second = layers(exact)[1]
    found = round_weights(exact, {"x": X}, 3, [second])
    assert list(found.layers) == [second]
    np.testing.assert_array_equal(weights(found.model)[0], weights(exact)[0])


@given(st.integers(2, 6), st.integers(0, 50))
def test_no_other_whole_step_is_nearer(bits: int, seed: int) -> None:
    """Of the layer whose sums leave the network, against all steps that there are."""
    exact = model()
    drawn = np.random.default_rng(seed).normal(size=(5, 32)).astype(np.float32)
    stand_in = round_weights(exact, {"x": drawn}, bits, [layers(exact)[1]]).layers[layers(exact)[1]]
    trained, ours, top = stand_in.layer.weights.array, stand_in.op.weights.array, largest(bits)
    left = min(float(((trained - s * ours) ** 2).sum()) for s in range(1, 100))
    for step in range(1, 100):
        other = np.clip(np.rint(trained / step), -top, top)
        assert left <= ((trained - step * other) ** 2).sum()


def test_the_same_choice_is_counted_and_noted() -> None:
    exact = model()
    found = adapt(exact, "round-weights:bits=4:layers=all", {"x": X})
    share = np.mean(logits(found).argmax(1) == logits(exact).argmax(1))
    assert share > 0.75
    assert found.notes[-1] == f"round-weights: 'y' chooses the same in {share:.2%}"
    assert "largest weight 7 for 43" in found.notes[-3]


def test_hardware_of_rounded_weights_is_exact_and_smaller() -> None:
    exact = model()
    found = round_weights(exact, {"x": X}, 2, None).model
    hardware = to_hardware(found.graph)
    given_ = found.to_integers({"x": X[:50]})
    lowered, whole = (run_graph(g, given_) for g in (hardware.graph, found.graph))
    for value in found.graph.outputs:
        np.testing.assert_array_equal(lowered[value.name], whole[value.name])
