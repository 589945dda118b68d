"""Two models, written on two principles, must find the same cycle for every transfer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.rtl import Design
from mulfree.sim.cycles import DeadlockError, stepped, token_time
from mulfree.sim.patterns import ALWAYS, Pattern, bursty_pattern, random_pattern
from tests.sim.cycles.nets import designs, varying_designs

PATTERNS = st.one_of(
    st.just(ALWAYS),
    st.builds(random_pattern, st.floats(0.1, 0.9), st.integers(0, 99), st.integers(2, 40)),
    st.builds(bursty_pattern, st.floats(1, 9), st.floats(1, 9), st.integers(0, 99), st.just(50)),
)


def compare(design: Design, frames: int, valid: list[Pattern], ready: list[Pattern]) -> None:
    try:
        fast = token_time(design, frames, valid, ready)
    except DeadlockError:
        with pytest.raises(DeadlockError):
            stepped(design, frames, valid, ready)
        return
    slow = stepped(design, frames, valid, ready)
    for wire in fast.net.wires:
        assert np.array_equal(fast.of(wire.name), slow.of(wire.name)), wire.name
    assert fast.last_cycle == slow.last_cycle


@given(designs(), st.integers(1, 6), st.data())
@settings(max_examples=300, deadline=None)
def test_the_models_agree_on_every_transfer(design: Design, frames: int, data: st.DataObject) -> None:
    valid, ready = ([data.draw(PATTERNS) for _ in ends] for ends in (design.inputs, design.outputs))
    compare(design, frames, valid, ready)


@given(st.data(), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_the_models_agree_where_programs_differ_from_frame_to_frame(data: st.DataObject, frames: int) -> None:
    design, programs = data.draw(varying_designs(frames))
    valid, ready = ([data.draw(PATTERNS) for _ in ends] for ends in (design.inputs, design.outputs))
    fast, slow = (model(design, frames, valid, ready, programs=programs) for model in (token_time, stepped))
    for wire in fast.net.wires:
        assert np.array_equal(fast.of(wire.name), slow.of(wire.name)), wire.name
    longest = token_time(design, frames, valid, ready)
    assert longest.frames == frames


@given(designs(), st.integers(20, 60))
@settings(max_examples=100, deadline=None)
def test_a_steady_state_is_what_clocking_on_would_give(design: Design, frames: int) -> None:
    compare(design, frames, [ALWAYS] * len(design.inputs), [ALWAYS] * len(design.outputs))
