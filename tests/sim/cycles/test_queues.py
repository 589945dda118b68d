from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.rtl import Fifo, Stepper, every_step
from mulfree.sim.cycles import DeadlockError, minimal_fifo_depths, token_time
from mulfree.sim.cycles.net import flatten
from mulfree.sim.cycles.queues import paced
from mulfree.sim.cycles.tables import tables
from mulfree.sim.cycles.token_time import run
from mulfree.sim.patterns import ALWAYS
from tests.sim.cycles.nets import Net, steppers, windows


@st.composite
def residual_blocks(draw: st.DrawFn) -> Net:
    """Blocks of work that meet what went past them, each through a queue, as in residual networks."""
    net = Net()
    x = net.source(draw(st.integers(1, 12)))
    for _ in range(draw(st.integers(1, 3))):
        work, beside = net.stage([x], [x.tokens] * 2, every_step(1, 2))
        for _ in range(draw(st.integers(1, 3))):
            window = draw(windows(work.tokens))
            (work,) = net.stage([work], [len(window.needs)], window)
            (work,) = net.stage([work], [x.tokens], draw(steppers([work.tokens], [x.tokens])))
        (work,) = net.stage([work], [x.tokens], Fifo(x.tokens))
        (beside,) = net.stage([beside], [x.tokens], Fifo(x.tokens))
        (x,) = net.stage([work, beside], [x.tokens], every_step(2, 1))
    return net


def frame_ends(block: Net, pace: int, depths: dict[str, int]) -> list[int]:
    """Cycles in which frames leave that begin every `pace` cycles; none if they block each other."""
    net = flatten(block.design())
    start = tables(net, [ALWAYS] * len(net.sources), [ALWAYS] * len(net.sinks), depths)
    try:
        return [int(cycle) for cycle in run(net, start, 200, pace).frame_ends]
    except DeadlockError:
        return []


@given(residual_blocks())
@settings(max_examples=100, deadline=None)
def test_the_depth_found_holds_no_frame_up_and_one_word_less_does(block: Net) -> None:
    depths = minimal_fifo_depths(block.design())
    pace = int(paced(flatten(block.design())).interval_cycles)
    endless = frame_ends(block, pace, dict.fromkeys(depths, 200 * 12))
    assert frame_ends(block, pace, depths) == endless
    for name, depth in depths.items():
        if depth > 1:
            assert frame_ends(block, pace, depths | {name: depth - 1}) != endless


@given(residual_blocks())
@settings(max_examples=100, deadline=None)
def test_no_deeper_queue_makes_a_design_faster(block: Net) -> None:
    design = block.design()
    timing = token_time(design, 500, depths=minimal_fifo_depths(design))
    deep = token_time(design, 500, depths=dict.fromkeys(minimal_fifo_depths(design), 6000))
    assert timing.latency_cycles == deep.latency_cycles
    assert timing.interval_cycles <= paced(flatten(design)).interval_cycles
    assert timing.last_cycle <= deep.last_cycle + timing.interval_cycles


def test_a_queue_ahead_of_a_bottleneck_is_as_short_as_can_be() -> None:
    net = Net()
    (x,) = net.stage([net.source(4)], [4], Fifo(300))
    slow = np.arange(5)[None] == 0
    net.stage([x], [4], Stepper(slow, slow))
    assert minimal_fifo_depths(net.design()) == {"stage0": 1}
    assert token_time(net.design(), 9, depths={"stage0": 1}).interval_cycles == 20


def test_a_design_without_queues_has_no_depths() -> None:
    net = Net()
    net.stage([net.source(4)], [4], every_step())
    assert minimal_fifo_depths(net.design()) == {}


@given(residual_blocks(), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_a_search_that_is_cut_short_leaves_depths_that_hold_no_frame_up(block: Net, most_tokens: int) -> None:
    depths = minimal_fifo_depths(block.design(), most_tokens)
    pace = int(paced(flatten(block.design())).interval_cycles)
    assert frame_ends(block, pace, depths) == frame_ends(block, pace, dict.fromkeys(depths, 200 * 12))
