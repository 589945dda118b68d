from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mulfree.rtl import Buffered, Design, Fifo, Stepper, every_step
from mulfree.sim.cycles import DeadlockError, stepped, token_time
from tests.sim.cycles.nets import Net


def slow(cycles: int) -> Stepper:
    """Takes a token and gives one, every so many cycles."""
    first = np.arange(cycles)[None] == 0
    return Stepper(first, first)


def chain(tokens: int, *actors: Stepper | Fifo | Buffered) -> Design:
    net = Net()
    x = net.source(tokens)
    for actor in actors:
        (x,) = net.stage([x], [tokens], actor)
    return net.design()


def test_a_register_passes_a_token_every_cycle() -> None:
    timing = token_time(chain(3, every_step()), 2)
    assert timing.of("x0").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert timing.of("stage0_m0").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (timing.latency_cycles, timing.last_cycle) == (4, 6)


def test_a_queue_that_is_full_takes_a_word_the_cycle_after_one_left() -> None:
    ready = np.array([0, 0, 0, 0, 0, 1], np.uint8)
    timing = token_time(chain(4, Fifo(2)), 1, ready=[ready])
    assert timing.of("x0").tolist() == [[0, 1, 6, 12]]
    assert timing.of("stage0_m0").tolist() == [[5, 11, 17, 23]]


def test_a_replay_stops_the_stream_and_lets_it_go_on() -> None:
    net = Net()
    fetch = Stepper(np.arange(6)[None] < 2, np.ones((1, 6), bool))
    net.stage([net.source(2)], [3], fetch, Stepper(np.ones((1, 2), bool), np.array([[False, True]])))
    timing = token_time(net.design(), 2)
    assert timing.of("x0").tolist() == [[0, 1], [6, 7]]
    assert timing.of("stage0.0").tolist() == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]
    assert timing.of("stage0_m0").tolist() == [[3, 5, 7], [9, 11, 13]]


def test_the_interval_is_that_of_the_slowest_stage() -> None:
    timing = token_time(chain(4, slow(2), slow(7), slow(3)), 1000)
    assert timing.interval_cycles == Fraction(28)
    assert len(timing.head) < 20
    assert np.array_equal(timing.of("x0"), stepped(chain(4, slow(2), slow(7), slow(3)), 1000).of("x0"))


def test_a_queue_that_still_fills_is_no_steady_state() -> None:
    design = chain(2, Fifo(200), slow(3))
    fast, exact = token_time(design, 400), stepped(design, 400)
    assert np.array_equal(fast.of("x0"), exact.of("x0"))
    assert fast.of("x0")[10, 0] == 20
    assert fast.interval_cycles == 6


def test_a_design_that_never_settles_has_no_interval() -> None:
    with pytest.raises(ValueError, match="no steady state within 3 frames"):
        _ = token_time(chain(2, Fifo(200), slow(3)), 3).interval_cycles


def test_an_interval_need_not_be_whole() -> None:
    ready = np.array([1, 1, 0], np.uint8)
    assert token_time(chain(1, every_step()), 100, ready=[ready]).interval_cycles == Fraction(3, 2)


def test_a_block_names_who_waits_for_what() -> None:
    net = Net()
    a, b = net.stage([net.source(4)], [4, 4], every_step(1, 2))
    late = Stepper(np.array([[True] * 4 + [False] * 4]), np.array([[False] * 4 + [True] * 4]))
    (a,) = net.stage([a], [4], late)
    net.stage([a, b], [4], every_step(2, 1))
    message = (
        "stuck in frame 0: stage0 waits for stage0_m1 to be taken: 1 held; .*stage2 waits for token 0 of stage1_m0"
    )
    with pytest.raises(DeadlockError, match=message):
        token_time(net.design(), 3)
    with pytest.raises(DeadlockError, match=r"nothing moves any more: x0 1 of 12"):
        stepped(net.design(), 3)


def test_a_window_too_shallow_for_its_reads_is_a_block() -> None:
    window = Buffered(4, np.array([3]), np.array([4]), 3)
    net = Net()
    net.stage([net.source(4)], [1], window)
    with pytest.raises(DeadlockError, match="window waits for a free word; a sliding window waits for a word"):
        token_time(net.design(), 1)


def test_a_stream_that_two_stages_take_is_a_bug() -> None:
    net = Net()
    x = net.source(1)
    net.stage([x], [1], every_step())
    net.stage([x], [1], every_step())
    with pytest.raises(AssertionError, match="x0 is taken twice"):
        token_time(net.design(), 1)


def test_token_counts_that_do_not_agree_are_a_bug() -> None:
    net = Net()
    net.stage([net.source(3)], [2], every_step())
    with pytest.raises(AssertionError, match=r"stage0: .* do not agree"):
        token_time(net.design(), 1)
