"""What is particular to sum-max: absent entries, recognised patterns, pruning, kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mulfree
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.families.sum_max.prune import activation_rates, prune_sum_max, pruned_masks
from mulfree.compiler.folding import unrolled
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import BIPOLAR, AnyArray, CompileError, IntRange, Tensor, TensorType
from mulfree.ir.ops import Window
from mulfree.rtl.stages import stage_verilog
from tests.compiler.families.layers import network
from tests.compiler.streamline.networks import Net, agree, f, operators, streamlined
from tests.ir.graphs import samples
from tests.sim.functional.layers import chain, check, inputs, kernels_of

RANGES = (BIPOLAR, IntRange(-128, 127), IntRange(0, 255), IntRange(-8, 7), IntRange(-900, 4000), IntRange(-40000, 9))


def weights(*shape: int, absent: float = 0.5, seed: int = 0) -> tuple[AnyArray, AnyArray]:
    """Multiples of a quarter; the first entry of each output stays."""
    random = np.random.default_rng(seed)
    w = [(random.integers(-20, 21, shape) / 4).astype(np.float32) for _ in range(2)]
    for term, nothing in zip(w, (-np.inf, np.inf), strict=True):
        term[:, 1:][random.random(term[:, 1:].shape) < absent] = nothing
    return w[0], w[1]


def dense(*terms: AnyArray) -> tuple[Net, str]:
    net = Net((terms[0].shape[1],))
    return net, net.quant(net("SumMax", net.quant("x", f(0.25), 6), *terms, domain="mulfree"), f(0.5), 6)


def layer(
    random: np.random.Generator, absent: float, *shape: int, bound: int = 99, window: Window | None = None
) -> SumMax:
    w, w_min = (Tensor(random.integers(-bound, bound + 1, shape)) for _ in range(2))
    masks = [random.random(shape) >= absent for _ in range(2)]
    for mask in masks:
        mask.reshape(shape[0], -1)[:, random.integers(shape[1])] = True
    kept, kept_min = (Tensor(mask.astype(np.int64)) for mask in masks)
    return SumMax(w, window or Window(), w_min=w_min, kept=kept, kept_min=kept_min)


def plain(w_max: AnyArray, w_min: AnyArray, axis: int, swap: bool) -> tuple[Net, str]:
    """The same layer of standard operators, x spread over either axis, the sum in either order."""
    net = Net((w_max.shape[1],))
    x = net.quant("x", f(0.25), 6)
    spread = net("Unsqueeze", x, np.array([3 - axis]))
    terms = [w_max, w_min] if axis == 2 else [w_max.T.copy(), w_min.T.copy()]
    sums = [net("Add", spread, terms[0]), net("Add", terms[1], spread)]
    ends = [net(op, y, axes=[axis], keepdims=0) for op, y in zip(("ReduceMax", "ReduceMin"), sums, strict=True)]
    return net, net("Add", *(ends[::-1] if swap else ends))


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("swap", [False, True])
def test_the_pattern_of_standard_operators_is_recognised(axis: int, swap: bool) -> None:
    net, y = plain(*weights(5, 7, absent=0.3), axis, swap)
    x = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32) * 4
    assert operators(agree(net, y, x)) == ["sum_max"]


def test_sums_saturate_where_a_quantiser_follows_and_widen_where_none_does() -> None:
    net = Net((7,))
    sums = net("SumMax", net.quant("x", f(0.25), 6), *weights(5, 7, absent=0.3), domain="mulfree")
    x = np.random.default_rng(0).normal(size=(300, 7)).astype(np.float32) * 4
    wide, narrow = (agree(net, y, x).graph.outputs[0].type for y in (sums, net.quant(sums, f(0.25), 4)))
    assert narrow.range == IntRange(-8, 7)
    assert wide.range.lo < -8
    assert wide.range.hi > 7


def test_maxima_and_minima_of_different_operands_are_no_sum_max() -> None:
    net = Net((4,))
    a, b = net.quant("x", f(0.25), 4), net.quant("x", f(0.5), 4)
    sums = [net("Add", net("Unsqueeze", v, np.array([1])), np.ones((3, 4), np.float32)) for v in (a, b)]
    ends = [net(op, s, axes=[2], keepdims=0) for op, s in zip(("ReduceMax", "ReduceMin"), sums, strict=True)]
    with pytest.raises(CompileError, match="cannot be compiled"):
        streamlined(net.proto(net("Add", *ends)))


def test_an_output_without_an_entry_is_refused_with_a_remedy() -> None:
    w_max, w_min = weights(3, 4)
    w_min[1] = np.inf
    net, y = dense(w_max, w_min)
    with pytest.raises(CompileError, match=r"output 1 keeps no entry of its minimum; remedy: keep at least one"):
        streamlined(net.proto(y))


def test_an_operator_without_an_entry_is_refused() -> None:
    op = layer(np.random.default_rng(0), 0, 2, 3, 1, 1)
    none = Tensor(np.zeros((2, 3, 1, 1), np.int64))
    empty = SumMax(op.weights, w_min=op.w_min, kept=none, kept_min=op.kept_min)
    with pytest.raises(ValueError, match="output 0 keeps no entry of its maximum"):
        empty.infer(TensorType((3,), BIPOLAR))


def test_a_layer_in_the_middle_of_a_network_compiles() -> None:
    net, y = dense(*weights(6, 9))
    compiled = mulfree.compile(net.proto(y))
    x = np.random.default_rng(1).normal(size=(40, 9)).astype(np.float32) * 4
    assert compiled.diff(x, "onnxruntime", "fast") is None
    assert compiled.diff(x, "hardware-graph", "definition") is None


@given(st.data(), inputs(RANGES))
def test_every_width_runs_in_the_vector_kernel(data: st.DataObject, x: TensorType) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    kernel = (1, 1) if len(x.shape) == 1 else (min(2, x.shape[1]), min(2, x.shape[2]))
    window = Window(kernel, pads=(0, 0, kernel[0] - 1, 0))
    bound = data.draw(st.sampled_from([9, 3000, 10**6]))
    shape = (data.draw(st.integers(1, 70)), x.shape[0], *kernel)
    op = layer(random, data.draw(st.sampled_from([0, 0.4, 0.95])), *shape, bound=bound, window=window)
    kernels = kernels_of(check(chain(x, op), 11))
    assert {"_sum_max_short", "_sum_max_wide", "_sum_max_listed"} & set(kernels), kernels


def test_short_words_are_used_where_every_sum_fits_them() -> None:
    random = np.random.default_rng(0)
    x = TensorType((40,), IntRange(-128, 127))
    assert "_sum_max_short" in kernels_of(check(chain(x, layer(random, 0.5, 33, 40, 1, 1)), 20))
    assert "_sum_max_wide" in kernels_of(check(chain(x, layer(random, 0.5, 33, 40, 1, 1, bound=40000)), 20))


def test_rates_are_how_often_an_entry_decides() -> None:
    op = layer(np.random.default_rng(0), 0.3, 3, 5, 1, 1, bound=4)
    x = samples(TensorType((5,), IntRange(-4, 4)), 200, 0)
    rates = activation_rates(op, x)
    np.testing.assert_allclose(rates.sum(axis=2), 1)
    kept = np.stack([op.kept.array, op.kept_min.array]).reshape(2, 3, 5)
    assert (rates[kept == 0] == 0).all()
    sums = x[:, None] + op.weights.array[:, :, 0, 0]
    decisive = np.where(op.kept.array[:, :, 0, 0] != 0, sums, -99).argmax(axis=2)
    np.testing.assert_allclose(rates[0, 1], np.bincount(decisive[:, 1], minlength=5) / 200)


def test_entries_that_never_decide_change_nothing_when_they_go() -> None:
    net, y = dense(*weights(8, 12, absent=0.2))
    model = streamlined(net.proto(y))
    x = {"x": np.random.default_rng(2).normal(size=(300, 12)).astype(np.float32) * 4}
    pruned = prune_sum_max(model, x, threshold=0)
    (done,) = pruned.layers
    assert done.kept < done.entries
    assert done.operations == 2 * done.kept - 8
    np.testing.assert_array_equal(pruned.model.run(x)["y"], model.run(x)["y"])


@given(st.integers(0, 99), st.integers(6, 30))
def test_pruning_to_a_number_keeps_that_many_and_one_of_each_term(seed: int, kept: int) -> None:
    rates = np.random.default_rng(seed).dirichlet(np.full(6, 0.2), size=(2, 3))
    masks = pruned_masks(rates, None, kept)
    assert masks.sum() == kept
    assert masks.any(axis=2).all()
    free = masks & (rates < rates.max(axis=2, keepdims=True))
    if free.any() and (~masks).any():
        assert rates[free].min() >= rates[~masks].max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kept": 15}, "15 entries are fewer than one for each output and term, 16"),
        ({}, "give one of the two"),
        ({"kept": 20, "threshold": 0.1}, "give one of the two"),
        ({"kept": 20, "layers": ["conv"]}, "'conv' is no sum-max layer"),
    ],
)
def test_what_cannot_be_pruned_is_said(options: dict[str, object], message: str) -> None:
    net, y = dense(*weights(8, 12))
    x = {"x": np.zeros((3, 12), np.float32)}
    with pytest.raises(CompileError, match=message):
        prune_sum_max(streamlined(net.proto(y)), x, **options)  # type: ignore[arg-type]


def test_absent_entries_are_absent_from_the_unrolled_logic() -> None:
    """One entry of each term for each output: no comparison is left."""
    eye = Tensor(np.eye(4, dtype=np.int64)[:, :, None, None])
    w = Tensor(np.arange(16).reshape(4, 4, 1, 1))
    graph = network(TensorType((4,), IntRange(-8, 7)), SumMax(w, w_min=w, kept=eye, kept_min=eye))
    design = to_hardware(graph, unrolled).design
    (stage,) = [stage for stage in design.stages if stage.module == "constant_layer"]
    cells = [wire.cell.name for wire in stage.circuits["map"].wires if wire.cell]
    assert not {"max", "min", "ge"} & set(cells)
    assert ">=" not in stage_verilog(stage)
    assert all(w.operands[0].lanes == 1 for w in stage.circuits["map"].wires if w.cell and w.cell.name == "largest")


def test_what_is_compiled_is_the_pruned_model() -> None:
    net, y = dense(*weights(4, 6, absent=0.1))
    x = {"x": np.random.default_rng(3).normal(size=(60, 6)).astype(np.float32) * 4}
    compiled = mulfree.compile(net.proto(y), adapt=lambda model: prune_sum_max(model, x, kept=10).model)
    (op,) = [n.op for n in compiled.model.graph.nodes if isinstance(n.op, SumMax)]
    assert op.kept.array.sum() + op.kept_min.array.sum() == 10
    np.testing.assert_array_equal(compiled.simulate(x["x"]), compiled.model.run(x)["y"])
