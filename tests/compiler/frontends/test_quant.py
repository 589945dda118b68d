"""QONNX quantisers against qonnx's own functions, on values that sit on and beside every rounding edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.frontends.real import ROUNDING, BipolarQuant, MultiThreshold, Quant, Trunc
from mulfree.ir import AnyArray, RealType

general = pytest.importorskip("qonnx.custom_op.general", reason="qonnx is not installed")

MODES = st.sampled_from(list(ROUNDING))
SCALES = st.sampled_from([1.0, 0.5, 0.125, 0.1, 0.3, 7.0, 1e-3])
BITS = st.integers(1, 9)


def _f32(value: Any) -> AnyArray:
    return np.asarray(value, dtype=np.float32)


@st.composite
def _inputs(draw: st.DrawFn, scale: float) -> AnyArray:
    """Multiples of half a step, neighbours of them in float32, and arbitrary numbers."""
    halves = _f32(draw(st.lists(st.integers(-600, 600), min_size=1, max_size=20))) * _f32(scale / 2)
    nudged = np.nextafter(halves, _f32(draw(st.sampled_from([-np.inf, np.inf]))))
    others = _f32(draw(st.lists(st.floats(-1e4, 1e4, width=32), max_size=10)))
    return np.concatenate([halves, nudged, others])


@given(st.data(), SCALES, BITS, st.sampled_from([0, 0, 1, -3, 7]), st.booleans(), st.booleans(), MODES)
def test_quant_is_qonnx_int_quant(
    data: st.DataObject, scale: float, bits: int, zero: int, signed: bool, narrow: bool, mode: str
) -> None:
    operands = data.draw(_inputs(scale)), _f32(scale), _f32(zero), _f32(bits)
    with np.errstate(all="ignore"):
        theirs = general.quant.quant(*operands, signed, narrow, mode)
    ours = Quant(signed, narrow, mode).evaluate(*operands)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs)


@given(st.data(), SCALES, BITS, st.booleans())
def test_quant_bounds_hold_and_are_reached(data: st.DataObject, scale: float, bits: int, narrow: bool) -> None:
    op, width = Quant(False, narrow), _f32(bits)
    y = op.evaluate(_f32([-1e9, 1e9]), _f32(1), _f32(0), width)
    assert y.tolist() == [float(b) for b in op.bounds(width)]


def test_quant_clamps_before_it_rounds() -> None:
    """With a fractional greatest integer the order shows: 2^1.5 - 1 = 1.83 rounds to 2."""
    y = Quant(False, False).evaluate(_f32([9.0]), _f32(1), _f32(0), _f32(1.5))
    assert y.tolist() == [2.0]


def test_quant_takes_a_scale_per_channel() -> None:
    x, scale = _f32([[[1.3], [1.3]]]), _f32([[[0.5], [1.0]]])
    y = Quant(True, False).evaluate(x, scale, _f32(0), _f32(4))
    assert y.tolist() == [[[1.5], [1.0]]]


@given(st.data(), SCALES)
def test_bipolar_quant_is_qonnx_binary_quant(data: st.DataObject, scale: float) -> None:
    x = np.concatenate([data.draw(_inputs(scale)), _f32([0.0, -0.0])])
    theirs = general.bipolar_quant.binary_quant(x, _f32(scale))
    np.testing.assert_array_equal(BipolarQuant().evaluate(x, _f32(scale)), theirs)


@given(st.data(), SCALES, st.integers(2, 9), st.integers(1, 9), MODES)
def test_first_trunc_is_qonnx_trunc_v1(data: st.DataObject, scale: float, wide: int, few: int, mode: str) -> None:
    operands = data.draw(_inputs(scale)), _f32(scale), _f32(0), _f32(wide), _f32(few)
    with np.errstate(all="ignore"):
        theirs = general.trunc.trunc_v1(*operands, mode)
    np.testing.assert_array_equal(Trunc(1, mode).evaluate(*operands), theirs)


@given(st.data(), SCALES, st.integers(0, 5), st.integers(-8, 8), st.integers(1, 8), st.booleans(), st.booleans(), MODES)
def test_second_trunc_is_qonnx_trunc_v2(
    data: st.DataObject, scale: float, shift: int, zero: int, few: int, signed: bool, narrow: bool, mode: str
) -> None:
    x, wide, out = data.draw(_inputs(scale)), _f32(8), _f32(scale * 2**shift)
    with np.errstate(all="ignore"):
        theirs = general.trunc.trunc_v2(x, _f32(scale), _f32(zero), wide, narrow, signed, out, _f32(few), mode)
    ours = Trunc(2, mode, signed, narrow).evaluate(x, _f32(scale), _f32(zero), wide, out, _f32(few))
    np.testing.assert_array_equal(ours, theirs)


@given(st.data(), st.integers(1, 4), st.integers(1, 7), st.booleans(), st.sampled_from([1.0, 2.0, 0.25]))
def test_multi_threshold_is_qonnx_multithreshold(
    data: st.DataObject, channels: int, levels: int, shared: bool, scale: float
) -> None:
    """x takes values equal to thresholds: they count."""
    numbers = st.integers(-9, 9).map(lambda v: v / 2)
    rows = 1 if shared else channels
    table = _f32(data.draw(st.lists(numbers, min_size=rows * levels, max_size=rows * levels))).reshape(rows, levels)
    x = _f32(data.draw(st.lists(numbers, min_size=channels * 6, max_size=channels * 6))).reshape(1, channels, 2, 3)
    theirs = general.multithreshold.multithreshold(x, table, scale, -1.0)
    np.testing.assert_array_equal(MultiThreshold("INT4", scale, -1.0).evaluate(x, table), theirs)
    last = MultiThreshold("INT4", scale, -1.0, axis=-1).evaluate(np.moveaxis(x, 1, -1), table)
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), theirs)


def test_operands_that_do_not_fit_are_refused() -> None:
    x, scalar = RealType((1, 3, 4)), RealType(())
    with pytest.raises(ValueError, match="rounding mode SIDEWAYS is unknown"):
        Quant(True, False, "SIDEWAYS").infer(x, scalar, scalar, scalar)
    with pytest.raises(ValueError, match="bit width has shape"):
        Quant(True, False).infer(x, scalar, scalar, RealType((3,)))
    with pytest.raises(ValueError, match="do not broadcast"):
        BipolarQuant().infer(x, RealType((2, 1)))
    with pytest.raises(ValueError, match="thresholds of shape"):
        MultiThreshold("INT4").infer(x, RealType((2, 7)))
    with pytest.raises(ValueError, match="version 1 does not take 6 operands"):
        Trunc(1).infer(x, *[scalar] * 5)
    with pytest.raises(ValueError, match="floating-point numbers are needed"):
        Quant(True, False).infer(RealType((1,), "int8"), RealType((), "int8"), RealType((), "int8"), scalar)
