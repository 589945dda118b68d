"""Shared digits: sums of two inputs are made once, and both lists together are the layer, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.compiler.alternatives import alternatives
from mulfree.compiler.families.arithmetic import AfterSums
from mulfree.compiler.families.shared_digits import SharedDigits
from mulfree.compiler.families.shift_add import ShiftAdd, digit_counts
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import Hardware, to_hardware
from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.rtl import Circuit
from mulfree.rtl.constant_matrix.share_pairs import share_pairs
from mulfree.rtl.constant_matrix.share_sums import digits_of
from tests.compiler.families.layers import draw, network

RANGES = (BIPOLAR, IntRange(0, 7), IntRange(-8, 7), IntRange(-3, 3, 2), IntRange(1, 5))


def sparse(peak: int, zeros: float, shape: tuple[int, ...], seed: int = 0) -> IntArray:
    random = np.random.default_rng(seed)
    signs: IntArray = random.choice([-1, 1], shape) * random.integers(1, peak + 1, shape)
    return signs * (random.random(shape) >= zeros)


@st.composite
def cases(draw: st.DrawFn) -> tuple[SharedDigits, TensorType, int]:
    """A layer with sums, its operand and input lanes."""
    peak, seed = draw(st.sampled_from([1, 5, 90])), draw(st.integers(0, 999))
    shape = draw(st.integers(20, 60)), draw(st.integers(1, 9))
    type = TensorType(shape[1:], draw(st.sampled_from(RANGES)))
    layer = MultiplyAccumulate(Tensor(sparse(peak, 0.6, (*shape, 1, 1), seed)))
    op = SharedDigits.replacing(layer, type)
    assert isinstance(op, SharedDigits)
    return op, type, draw(st.sampled_from([d for d in (1, 2, 3) if shape[1] % d == 0]))


def extended(sums: AfterSums, words: IntArray, order: IntArray) -> IntArray:
    """What the first list's circuit makes of words (batch, elements), step by step."""
    entries, circuit = sums.entries(order), Circuit()
    x, w = (
        circuit.input("x", IntRange(int(words.min()), int(words.max())), 2),
        circuit.input("w", entries.code_range, 2),
    )
    circuit.output("y", entries.lane(circuit, x, w))
    came = words[:, order]
    steps = zip(entries.schedule.elements[:, 0], entries.codes[:, 0], strict=True)
    made = [
        circuit.evaluate(x=came[:, np.maximum(elements, 0)], w=np.broadcast_to(codes, (len(words), 2)))["y"]
        for elements, codes in steps
    ]
    return np.concatenate(made, axis=1)


@settings(max_examples=40)
@given(cases())
def test_the_list_of_sums_and_the_rest_are_the_layer(case: tuple[SharedDigits, TensorType, int]) -> None:
    op, type, simd = case
    sums = op.after_sums(type, 1, simd)
    if sums is None:
        return
    x = draw(type)
    words = (x - type.range.lo) // type.range.step if type.range.is_coded else x
    v = extended(sums, words, np.random.default_rng(0).permutation(type.shape[0]))
    np.testing.assert_array_equal(v[:, : words.shape[1]], words)
    assert v.shape[1:] == sums.extended.shape
    assert v.shape[1] % simd == 0
    assert all(int(value) in sums.extended.range for value in np.unique(v))
    np.testing.assert_array_equal(op.factor * sums.rest.evaluate(v) + op.offset, op.layer.evaluate(x))


def hardware_of(rows: AnyArray, x: TensorType, folding: LayerFolding, *prefer: str, target: str = "xc7") -> Hardware:
    layer = MultiplyAccumulate(Tensor(rows[:, :, None, None]))
    return to_hardware(
        network(x, layer), lambda g: dict.fromkeys(foldable_layers(g), folding), prefer=prefer, target=target
    )


def test_every_sum_takes_digits_off_the_lists() -> None:
    rows, x = sparse(1, 0.5, (64, 16)), TensorType((16,), IntRange(0, 255))
    first, second = hardware_of(rows, x, LayerFolding(1, 1), "shared_digits").design.stages
    sums = first.parameters["steps"] - 16
    assert (first.module, second.module) == ("sparse_matrix", "sparse_matrix")
    assert first.parameters["entries"] == 16 + 2 * sums
    assert second.parameters["words"] == 16 + sums
    assert second.parameters["entries"] <= digit_counts(rows).sum() - 2 * sums


def test_sums_of_a_convolution_are_made_once_for_all_taps() -> None:
    """Of a map of 5 x 5 the list of sums reads every pixel once, though nine windows hold it."""
    x = TensorType((4, 5, 5), IntRange(0, 15))
    layer = MultiplyAccumulate(Tensor(sparse(1, 0.5, (40, 4, 3, 3))), Window((3, 3), pads=(1, 1, 1, 1)))
    graph = network(x, layer)
    design = to_hardware(graph, lambda g: dict.fromkeys(foldable_layers(g), LayerFolding()), None, ["shared_digits"])
    first = design.design.stages[0]
    assert (first.module, first.inputs[0].tokens) == ("sparse_matrix", 4 * 25)
    assert design.design.stages[-1].parameters["entries"] < digit_counts(layer.weights.array).sum() * 0.8


@pytest.mark.parametrize(("outputs", "is_taken"), [(256, True), (16, False)])
def test_sums_are_made_where_the_price_says_so(outputs: int, is_taken: bool) -> None:
    """Many rows of signs share many sums; few share too few for a list of their own."""
    rows, x = sparse(1, 0.8, (outputs, 256)), TensorType((256,), IntRange(0, 255))
    graph = network(x, MultiplyAccumulate(Tensor(rows[:, :, None, None])))
    found = alternatives(graph, {"y": LayerFolding(4, 1)}, "xc7")["y"]
    assert (found[0].arithmetic.name == "shared_digits") == is_taken


def test_no_list_waits_for_sums() -> None:
    """More lanes than digits leave no time in which to make sums one by one: then x alone is walked."""
    rows, x = sparse(1, 0.8, (64, 64)), TensorType((64,), IntRange(0, 255))
    shared = SharedDigits.replacing(MultiplyAccumulate(Tensor(rows[:, :, None, None])), x)
    assert shared.after_sums(x, 1, 1)
    assert not shared.after_sums(x, 16, 4)


def test_indices_and_a_padded_map_do_not_go_together() -> None:
    padded = MultiplyAccumulate(Tensor(sparse(1, 0.5, (8, 2, 3, 3))), Window((3, 3), pads=(1, 1, 1, 1)))
    assert ShiftAdd.accepts(padded, TensorType((2, 4, 4), IntRange(-2, 2, 2)))
    assert not SharedDigits.accepts(padded, TensorType((2, 4, 4), IntRange(-2, 2, 2)))
    assert not SharedDigits.accepts(padded, TensorType((2, 4, 4), BIPOLAR))


@pytest.mark.parametrize("count", [0, 3, 1000])
def test_the_best_pairs_save_most_digits_first(count: int) -> None:
    digits = digits_of(sparse(90, 0.3, (20, 8)))
    least, most = np.zeros(8, np.int64), np.full(8, 255)
    best = share_pairs(digits, least, most, 1, count=count, by_digits=True)
    every = share_pairs(digits, least, most, 1, by_digits=True)
    assert len(best.pairs) == min(count, len(every.pairs))
    np.testing.assert_array_equal(best.pairs, every.pairs[: len(best.pairs)])
    assert np.count_nonzero(best.digits) <= np.count_nonzero(digits) - 2 * len(best.pairs)
