"""Sum-max layers by their list: operands of every shape, results and levels, few rows and many; all as defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.ir import BIPOLAR, IntRange, Tensor, TensorType
from mulfree.ir.ops import Threshold, Window
from tests.sim.functional.layers import IntGraph, chain, check, kernels_of, quantisers

RANGES = (BIPOLAR, IntRange(-128, 127), IntRange(0, 255), IntRange(-8, 7), IntRange(-900, 4000))


def pruned(shape: tuple[int, ...], entries: int, window: Window | None = None, bound: int = 99) -> SumMax:
    """So many entries for each output and term, and one more for every third output's maximum."""
    random = np.random.default_rng(sum(shape))
    w, w_min = (Tensor(random.integers(-bound, bound + 1, shape)) for _ in range(2))
    kept = np.zeros((2, shape[0], int(np.prod(shape[1:]))), np.int64)
    for term, m in np.ndindex(2, shape[0]):
        count = entries + int(term == 0 and m % 3 == 0)
        kept[term, m, random.choice(kept.shape[2], count, replace=False)] = 1
    most, least = (Tensor(k.reshape(shape)) for k in kept)
    return SumMax(w, window or Window(), w_min=w_min, kept=most, kept_min=least)


def levels(count: int, channels: int, lo: int = -200, hi: int = 200, low: int = 0) -> Threshold:
    """Rising and falling channels, some limits out of reach."""
    random = np.random.default_rng(count)
    table = np.sort(random.integers(lo, hi, (channels, count)), axis=1)
    step = random.choice([-1, 1], channels)
    base = np.where(step < 0, count, 0) + low
    return Threshold(Tensor(table), Tensor(base), Tensor(step), IntRange(low, low + count))


@pytest.mark.parametrize("x", RANGES, ids=str)
@pytest.mark.parametrize("count", [1, 31, 32, 33, 300])
def test_any_number_of_rows_gives_the_definition(x: IntRange, count: int) -> None:
    network = check(chain(TensorType((64,), x), pruned((40, 64, 1, 1), 3)), count)
    assert "_sum_max_listed" in kernels_of(network)


@pytest.mark.parametrize("count", [2, 50])
@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 2, 1, 0)])
def test_windows_of_maps_give_the_definition(pads: tuple[int, int, int, int], count: int) -> None:
    layer = pruned((33, 32, 3, 3), 5, Window((3, 3), (2, 1), pads=pads))
    network = check(chain(TensorType((32, 7, 6), IntRange(0, 15)), layer, levels(7, 33)), count)
    assert kernels_of(network).count("_sum_max_listed") == 1
    assert not {"_count", "_search"} & set(kernels_of(network))


@given(st.data(), st.sampled_from(RANGES[:4]), st.integers(17, 70), st.sampled_from([3, 15, 63, 200]))
def test_a_threshold_behind_it_is_fused(data: st.DataObject, x: IntRange, outputs: int, count: int) -> None:
    layer = pruned((outputs, 32, 1, 1), 2)
    sums = layer.infer(TensorType((32,), x))
    network = check(chain(TensorType((32,), x), layer, data.draw(quantisers(sums, count))), 40)
    assert not {"_count", "_search"} & set(kernels_of(network))


def test_levels_below_zero_are_stored_with_their_bias() -> None:
    check(chain(TensorType((64,), IntRange(-9, 9)), pruned((32, 64, 1, 1), 3), levels(15, 32, low=-8)), 40)


@pytest.mark.parametrize("outputs", [8, 16])
def test_few_channels_keep_a_threshold_of_their_own(outputs: int) -> None:
    network = check(chain(TensorType((64,), IntRange(-9, 9)), pruned((outputs, 64, 1, 1), 3), levels(3, outputs)), 40)
    assert {"_sum_max_listed", "_count"} <= set(kernels_of(network))


def test_what_two_read_is_stored_as_it_is() -> None:
    graph: IntGraph = chain(TensorType((64,), IntRange(-9, 9)), pruned((32, 64, 1, 1), 3), levels(3, 32))
    graph.outputs = [graph.nodes[0].output, graph.nodes[1].output]
    assert {"_sum_max_listed", "_count"} <= set(kernels_of(check(graph, 40)))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (pruned((32, 64, 1, 1), 30), IntRange(-9, 9)),
        (pruned((32, 40, 1, 1), 2), IntRange(-20000, 20000)),
        (pruned((32, 8, 1, 1), 1), IntRange(-9, 9)),
        (pruned((32, 64, 1, 1), 3, bound=40000), IntRange(-128, 127)),
    ],
    ids=["many entries", "wide sums", "few channels", "wide weights"],
)
def test_other_layers_are_walked_whole(layer: SumMax, x: IntRange) -> None:
    network = check(chain(TensorType((layer.weights.shape[1],), x), layer), 40)
    assert "_sum_max_listed" not in kernels_of(network)


def check_cases() -> None:
    """Checked on other processors, too."""
    check(chain(TensorType((64,), IntRange(-128, 127)), pruned((40, 64, 1, 1), 3), levels(63, 40)), 70)
    check(chain(TensorType((64,), IntRange(0, 255)), pruned((40, 64, 1, 1), 3)), 40)
    check(chain(TensorType((32, 5, 5), IntRange(-8, 7)), pruned((40, 32, 2, 2), 3, Window((2, 2)))), 9)
