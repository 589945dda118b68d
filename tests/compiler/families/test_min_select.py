"""What is particular to min-select: units, errors, kernels, the choice of datapath, the body on floats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mulfree
from mulfree.compiler.families.min_select.arithmetics import MinSelectClamp, MinSelectThermometer
from mulfree.compiler.families.min_select.operator import MinSelect, mins
from mulfree.compiler.pipeline import passes_preferring
from mulfree.ir import BIPOLAR, AnyArray, CompileError, IntRange, Tensor, TensorType, run_passes
from mulfree.ir.ops import Threshold, Window
from tests.compiler.families.layers import network
from tests.compiler.streamline.networks import Net, f, operators, streamlined
from tests.sim.functional.layers import chain, check, inputs, kernels_of, quantisers

BYTES = (IntRange(-128, 127), IntRange(-8, 7), IntRange(0, 255), IntRange(0, 3), BIPOLAR)


def dense(weights: AnyArray, scale: float = 0.25) -> tuple[Net, str]:
    net = Net((len(weights),))
    y = net("MinSelectMatMul", net.quant("x", f(scale), 4), weights.astype(np.float32), domain="mulfree")
    return net, net.quant(y, f(0.5), 4)


@given(st.integers(-99, 99), st.integers(-99, 99), st.integers(1, 9))
def test_mins_scales_with_its_operands_and_falls_short_of_the_product(a: int, b: int, s: int) -> None:
    selected = int(mins(np.array(a), np.array(b)))
    assert int(mins(np.array(s * a), np.array(s * b))) == s * selected
    assert np.sign(selected) == np.sign(a * b)
    assert abs(selected) == min(abs(a), abs(b))


def test_selected_magnitudes_correlate_with_products_as_the_paper_says() -> None:
    """MinConvNets, table 1, first column: normal and uniform operands, equal and ten times as wide."""
    random = np.random.default_rng(0)
    uniform: Callable[[int], AnyArray] = lambda n: random.uniform(-1, 1, n)  # noqa: E731
    normal: Callable[[int], AnyArray] = lambda n: random.normal(size=n)  # noqa: E731
    for draw, expected in ((normal, (0.908, 0.692)), (uniform, (0.962, 0.716))):
        a, b = np.abs(draw(10**6)), np.abs(draw(10**6))
        for wide, printed in zip((1, 10), expected, strict=True):
            found = np.corrcoef(a * wide * b, np.minimum(a * wide, b))[0, 1]
            assert found == pytest.approx(printed, abs=0.003)


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
def test_scales_of_simple_ratio_meet_in_one_unit(parts: int) -> None:
    """Weights finer than the operand: the operand is counted in their unit."""
    weights = np.random.default_rng(parts).integers(-9, 10, (6, 3)) * 0.25 / parts
    net, y = dense(weights)
    model = streamlined(net.proto(y))
    layer = next(n for n in model.graph.nodes if isinstance(n.op, MinSelect))
    assert isinstance(layer.op, MinSelect)
    assert operators(model).count("affine") == (parts > 1)
    assert layer.inputs[0].type.range == IntRange(-8, 7).times(parts) or parts == 1
    np.testing.assert_array_equal(layer.op.weights.array[:, :, 0, 0], np.rint(weights.T * 4 * parts))


def test_coarser_weights_need_nothing() -> None:
    net, y = dense(np.array([[1.0, -2.0], [3.0, 0.0]]))
    model = streamlined(net.proto(y))
    assert "affine" not in operators(model)
    layer = next(n.op for n in model.graph.nodes if isinstance(n.op, MinSelect))
    np.testing.assert_array_equal(layer.weights.array[:, :, 0, 0], [[4, 12], [-8, 0]])


def test_scales_without_a_simple_ratio_are_refused_with_a_remedy() -> None:
    net, y = dense(np.array([[1.0, -2.0], [3.0, 0.0]]) * np.pi)
    with pytest.raises(CompileError, match=r"12\.5664 times its operand's, no simple ratio.*remedy: quantise both"):
        streamlined(net.proto(y))


def test_weights_that_are_on_no_grid_are_refused() -> None:
    net, y = dense(np.random.default_rng(0).normal(size=(4, 3)))
    with pytest.raises(CompileError, match=r"weights are floats.*remedy: quantise them"):
        streamlined(net.proto(y))


@pytest.mark.parametrize(
    ("ranges", "peak", "kernels"),
    [
        (BYTES, 127, ("_clamped_to", "_least_to")),
        ((IntRange(-128, 127),), 300, ("_halves_to",)),
        ((IntRange(-(2**15), 2**15 - 1), IntRange(-300, 4), IntRange(0, 2**15 - 1)), 2**15 - 1, ("_halves_to",)),
    ],
    ids=["bytes", "bytes beside wide weights", "halfwords"],
)
@settings(deadline=None, max_examples=50)
@given(st.data())
def test_short_integers_run_in_vector_kernels_with_the_threshold_in_them(
    ranges: tuple[IntRange, ...], peak: int, kernels: tuple[str, ...], data: st.DataObject
) -> None:
    x = data.draw(inputs(ranges))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    kernel = (1, 1) if len(x.shape) == 1 else (min(2, x.shape[1]), min(2, x.shape[2]))
    weights = random.integers(-peak, peak + 1, (data.draw(st.integers(1, 40)), x.shape[0], *kernel))
    weights.flat[0] = -peak
    layer = MinSelect(Tensor(weights), Window(kernel, pads=(0, 0, kernel[0] - 1, 0)))
    levels = data.draw(quantisers(layer.infer(x), data.draw(st.integers(1, 4))))
    for ops in ((layer,), (layer, levels)):
        found = kernels_of(check(chain(x, *ops), 5))
        assert any(k.startswith(kernels) for k in found), found


def test_integers_that_no_kernel_takes_are_exact_too() -> None:
    random = np.random.default_rng(0)
    for peak in (2**15, 2**40):
        x, w = IntRange(-peak, peak - 1), Tensor(random.integers(-peak, peak, (3, 5, 1, 1)))
        check(chain(TensorType((5,), x), MinSelect(w)), 5)


def test_groups_and_flattened_maps_run_in_the_vector_kernel() -> None:
    random = np.random.default_rng(0)
    grouped = MinSelect(Tensor(random.integers(-7, 8, (6, 2, 3, 3))), Window((3, 3), pads=(1, 1, 1, 1)), 2)
    rise = Threshold(Tensor(np.array([[-3, 0, 4]])), Tensor(np.array([0])), Tensor(np.array([1])), IntRange(0, 3))
    kernels = kernels_of(check(chain(TensorType((4, 5, 5), IntRange(-8, 7)), grouped, rise), 5))
    assert any(k.startswith("_clamped_to") for k in kernels)


def test_the_datapath_can_be_chosen() -> None:
    graph = network(TensorType((4,), IntRange(0, 3)), MinSelect(Tensor(np.array([[[[1]], [[-2]], [[3]], [[0]]]]))))
    for wanted in (MinSelectClamp, MinSelectThermometer):
        names = [n.op.name for n in run_passes(graph, passes_preferring(wanted.name)).nodes]
        assert wanted.name in names


def test_a_network_compiles_and_says_what_the_model_says() -> None:
    net, y = dense(np.random.default_rng(0).integers(-5, 6, (6, 3)) / 4)
    compiled = mulfree.compile(net.proto(y))
    x = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    assert compiled.diff(x, "onnxruntime", "fast") is None
    assert compiled.diff(x, "hardware-graph", "definition") is None
    assert "min_select_clamp" in compiled.hardware.proof.operators


def test_the_arithmetic_is_chosen_when_compiling() -> None:
    net, y = dense(np.array([[1.0, -2.0], [3.0, 0.5]]))
    compiled = mulfree.compile(net.proto(y), arithmetic="min_select_thermometer")
    assert "min_select_thermometer" in compiled.hardware.proof.operators
