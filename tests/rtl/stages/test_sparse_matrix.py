"""Sparse matrices: the list of entries, and the stage against its definition and the cycle models."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.ir import AnyArray, IntRange, TensorType, Value
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells
from mulfree.rtl.actors import BoolArray
from mulfree.rtl.stages import EntrySchedule, Sum, sparse_matrix
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.entry_schedule import NOTHING, step_counts

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
few = settings(max_examples=4, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
X, CODES = IntRange(-8, 7), IntRange(-1, 1)


def chosen_signs(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    """A dot product with weights of -1, 0 and 1 in two's complement."""
    zero, signs = circuit.constant([0]), circuit.drive(cells.bit(1), w)
    number = circuit.drive(cells.MUX, signs, circuit.drive(cells.NEGATE, x), x)
    return circuit.drive(cells.SUM, circuit.drive(cells.MUX, circuit.drive(cells.bit(0), w), number, zero))


@st.composite
def masks(draw: st.DrawFn) -> tuple[BoolArray, int, int]:
    """Which entries there are, lanes and pe."""
    pe, folds, lanes, words = (draw(st.integers(1, n)) for n in (3, 4, 3, 5))
    terms, share = draw(st.integers(1, 2)), draw(st.sampled_from([0.0, 0.1, 0.4, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 999)))
    return random.random((terms, pe * folds, lanes * words)) < share, lanes, pe


@given(masks())
def test_every_entry_is_read_once_by_the_port_of_its_term_and_lane(case: tuple[BoolArray, int, int]) -> None:
    kept, lanes, pe = case
    schedule = EntrySchedule.of(kept, lanes, pe, repeats=False)
    found = np.zeros(kept.shape, np.int64)
    for step, output, port in np.argwhere(schedule.elements != NOTHING):
        element = schedule.elements[step, output, port]
        assert element % lanes == port % lanes
        found[port // lanes, schedule.rows[step, output], element] += 1
    np.testing.assert_array_equal(found, kept)
    assert schedule.padded == (schedule.elements == NOTHING).sum()


@given(masks())
def test_a_port_that_repeats_reads_only_what_it_would_read_anyway(case: tuple[BoolArray, int, int]) -> None:
    kept, lanes, pe = case
    once, again = (EntrySchedule.of(kept, lanes, pe, repeats=repeats).elements for repeats in (False, True))
    np.testing.assert_array_equal(again[once != NOTHING], once[once != NOTHING])
    for step, output, port in np.argwhere((once == NOTHING) & (again != NOTHING)):
        assert again[step, output, port] == again[step - 1, output, port]


@given(masks())
def test_outputs_worked_on_together_take_the_steps_of_the_longest_list(case: tuple[BoolArray, int, int]) -> None:
    kept, lanes, pe = case
    schedule = EntrySchedule.of(kept, lanes, pe, repeats=True)
    counts = np.bincount(schedule.folds)
    np.testing.assert_array_equal(counts, step_counts(kept, lanes, pe))
    for fold, count in enumerate(counts):
        outputs = kept[:, fold * pe : (fold + 1) * pe]
        assert count == max(1, *(outputs[:, :, lane::lanes].sum(axis=2).max() for lane in range(lanes)))
    assert schedule.is_last.sum() == len(counts)


@given(masks())
def test_sorted_outputs_all_leave_and_take_no_more_steps(case: tuple[BoolArray, int, int]) -> None:
    kept, lanes, pe = case
    plain, by_length = (EntrySchedule.of(kept, lanes, pe, repeats=False, sorts=sorts) for sorts in (False, True))
    assert sorted(by_length.order) == list(range(kept.shape[1]))
    assert by_length.steps <= plain.steps
    counts = np.bincount(by_length.folds)
    assert list(counts) == sorted(counts, reverse=True)
    for step, output, port in np.argwhere(by_length.elements != NOTHING):
        assert kept[port // lanes, by_length.rows[step, output], by_length.elements[step, output, port]]


def stage_of(
    kept: BoolArray, lanes: int, pe: int, positions: tuple[int, ...], sorts: bool = False
) -> tuple[Stage, AnyArray]:
    """A layer of signed sums, and its weights (outputs, elements)."""
    _, outputs, size = kept.shape
    weights = np.random.default_rng(1).choice([-1, 1], kept.shape[1:]) * kept[0]
    x, y = (
        Value("x", TensorType((size, *positions), X)),
        Value("y", TensorType((outputs, *positions), IntRange(-999, 999))),
    )
    schedule = EntrySchedule.of(kept, lanes, pe, repeats=False, sorts=sorts)
    codes = np.where(schedule.elements == NOTHING, 0, weights[schedule.rows[..., None], schedule.elements])
    stream = Stream("x", x, raster_order(x.type.shape), lanes, x.type)
    options = {"schedule": schedule, "codes": codes, "code_range": CODES, "lane": chosen_signs, "reduce": Sum}
    return sparse_matrix("layer", stream, y, **options), weights  # type: ignore[arg-type]


@few
@given(case=masks())
def test_a_stage_of_sorted_outputs_computes_the_product(check_stage: Check, case: tuple[BoolArray, int, int]) -> None:
    kept, lanes, pe = case
    stage, weights = stage_of(kept[:1], lanes, pe, (), sorts=True)
    x = np.random.default_rng(0).integers(X.lo, X.hi + 1, (3, kept.shape[2]))
    check_stage(stage, [x], [x @ weights.T])


@few
@given(case=masks(), positions=st.sampled_from([(), (2, 3)]))
def test_the_stage_computes_the_product_in_the_cycles_of_the_models(
    check_stage: Check, case: tuple[BoolArray, int, int], positions: tuple[int, ...]
) -> None:
    kept, lanes, pe = case
    stage, weights = stage_of(kept[:1], lanes, pe, positions)
    x = np.random.default_rng(0).integers(X.lo, X.hi + 1, (3, kept.shape[2], *positions))
    check_stage(stage, [x], [np.einsum("mk,nk...->nm...", weights, x)])


@pytest.mark.parametrize("words", [1, 2, 7])
@pytest.mark.parametrize("entries", [1, 2])
def test_vectors_of_any_length_and_lists_of_one_step_work(check_stage: Check, words: int, entries: int) -> None:
    kept = np.zeros((1, 4, 2 * words), np.bool_)
    kept[0, np.arange(4), np.arange(4) % (2 * words)] = True
    kept[0, 1, 0::2] = entries > 1
    stage, weights = stage_of(kept, 2, 2, ())
    x = np.random.default_rng(0).integers(X.lo, X.hi + 1, (5, 2 * words))
    check_stage(stage, [x], [x @ weights.T])


def test_a_frame_takes_as_many_cycles_as_there_are_entries() -> None:
    """Two outputs at a time of 1, 3, 2 and 2 entries: 3 + 2 steps, of which 2 of 10 places are empty."""
    kept = np.zeros((1, 4, 16), np.bool_)
    for output, count in enumerate((1, 3, 2, 2)):
        kept[0, output, :count] = True
    schedule = EntrySchedule.of(kept, 1, 2, repeats=False)
    assert (schedule.steps, schedule.longest, schedule.entries, schedule.padded) == (5, 3, 8, 2)
