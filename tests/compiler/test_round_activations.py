"""round-activations: the nearest of fewer levels, whatever the thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.adaptation import adapt
from mulfree.compiler.pipeline import to_hardware
from mulfree.compiler.round_activations import round_activations, rounded
from mulfree.ir import IntRange, Tensor, TensorType
from mulfree.ir.ops import Threshold
from mulfree.ir.text import to_text
from mulfree.sim.reference import run_graph
from tests.compiler.families.test_approximate import X, layers, model

LIMIT = 40


@st.composite
def thresholds(draw: st.DrawFn) -> Threshold:
    """Up to three channels, that rise, fall or stand still, each a part of the levels."""
    count, channels, step = draw(st.integers(1, 20)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows = [sorted(draw(st.lists(st.integers(-LIMIT, LIMIT), min_size=count, max_size=count))) for _ in range(channels)]
    low, extra = draw(st.integers(-9, 9)), draw(st.integers(0, 3))
    signs = draw(st.lists(st.sampled_from([1, -1, 0]), min_size=channels, max_size=channels))
    starts = [low + step * (draw(st.integers(0, extra)) + (count if sign < 0 else 0)) for sign in signs]
    levels = IntRange(low, low + step * (count + extra), step)
    return Threshold(
        Tensor(np.array(rows)), Tensor(np.array(starts)), Tensor(np.array([step * sign for sign in signs])), levels
    )


@given(thresholds(), st.integers(1, 4))
def test_every_level_becomes_the_nearest_one_left(op: Threshold, bits: int) -> None:
    channels = len(op.base.array)
    x = np.tile(np.arange(-LIMIT - 2, LIMIT + 3)[:, None], (1, channels))
    type = TensorType((channels,), IntRange(-LIMIT - 2, LIMIT + 2))
    found, exact = rounded(op, bits, type.range), op.evaluate(x)
    every = -(-op.levels.count // 2**bits)
    left = op.levels.lo + op.levels.step * every * np.arange(2**bits)
    y = found.evaluate(x)
    assert found.infer(type).range.count <= 2**bits
    assert np.isin(y, left[left <= found.levels.hi]).all()
    nearest = np.abs(exact[..., None] - left).min(axis=-1)
    np.testing.assert_array_equal(np.abs(exact - y), nearest)


def test_levels_that_are_few_stay_as_they_are() -> None:
    exact = model()
    assert to_text(round_activations(exact, 4, None).graph) == to_text(exact.graph)


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_hardware_of_rounded_activations_is_exact(bits: int) -> None:
    exact = model()
    found = adapt(exact, f"round-activations:bits={bits}:layers=all", {"x": X})
    assert found.notes[-1].endswith(f"has {2**bits} levels for 16")
    hardware = to_hardware(found.graph)
    given_ = found.to_integers({"x": X[:50]})
    lowered, whole = (run_graph(g, given_) for g in (hardware.graph, found.graph))
    for value in found.graph.outputs:
        np.testing.assert_array_equal(lowered[value.name], whole[value.name])


def test_weights_and_activations_are_rounded_one_after_the_other() -> None:
    exact = model()
    names = ",".join(layers(exact))
    both = exact
    for request in ("round-activations:bits=3:layers=all", f"round-weights:bits=5:layers={names}"):
        both = adapt(both, request, {"x": X})
    share = np.mean(both.run({"x": X})["y"].argmax(1) == exact.run({"x": X})["y"].argmax(1))
    assert share > 0.7
