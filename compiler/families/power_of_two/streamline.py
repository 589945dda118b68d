"""Power-of-two layers of reals as sums of shifted integers, or as sums of products where nothing is rounded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mulfree.compiler.families.power_of_two.forms import PowerOfTwoConv, PowerOfTwoMatMul
from mulfree.compiler.families.power_of_two.operator import ShiftedSum
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.compiler.streamline.units import in_units
from mulfree.ir import IntArray, Tensor
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window


def conv(work: Work) -> Deferred:
    op = work.op(PowerOfTwoConv)
    sign, exponent = _weights(work)
    window = map_window(op.window)
    sign, exponent = (a.reshape(*a.shape[:2], *window.kernel) for a in (sign, exponent))
    x = as_map(work, settle(work.builder, work.activation()))
    return reshaped(work.builder, _summed(work, x, sign, exponent, op.rounding, window, op.groups), work.sample)


def matmul(work: Work) -> Deferred:
    sign, exponent = (a.T[:, :, None, None] for a in _weights(work))
    x = settle(work.builder, work.activation())
    return _summed(work, x, sign, exponent, work.op(PowerOfTwoMatMul).rounding, Window(), 1)


def _weights(work: Work) -> tuple[IntArray, IntArray]:
    return work.constant(2, "the signs").astype(np.int64), work.constant(3, "the exponents").astype(np.int64)


def _summed(
    work: Work, x: Deferred, sign: IntArray, exponent: IntArray, rounding: str, window: Window, groups: int
) -> Deferred:
    unit = Fraction(work.constant(1, "the scale").item())
    x = _in_unit(work, x, unit)
    op = layer(sign, _bounded(exponent, x.integers.type.range.width), rounding, window, groups)
    y = work.builder.add(op, x.integers, name=work.name)
    return on_integers(y, Affine(Parameter.scalar(unit), Parameter.scalar(Fraction(0))), work.dtype)


def _in_unit(work: Work, x: Deferred, unit: Fraction) -> Deferred:
    """x as integers of that unit. Raises Unsupported if it is none: the model would round it there."""
    x = in_units(work.builder, x, unit, is_common=True)
    if x.leaf.scale.value != unit:
        raise Unsupported(
            f"its operand is no multiple of its scale, {float(unit):.6g}, but of {float(x.leaf.scale.value):.6g}",
            "give the operand's own scale",
        )
    return x


def layer(sign: IntArray, exponent: IntArray, rounding: str, window: Window, groups: int) -> Contraction:
    """Sums of products where no weight shifts right."""
    if (exponent[sign != 0] >= 0).all():
        return MultiplyAccumulate(Tensor(sign << np.where(sign != 0, exponent, 0)), window, groups)
    return ShiftedSum(Tensor(sign), window, groups, exponents=Tensor(exponent), rounding=rounding)


def _bounded(exponent: IntArray, width: int) -> IntArray:
    """Beyond the operand's width every right shift leaves the same: -1 or 0 rounded down, 0 rounded."""
    return np.maximum(exponent, -width - 1)
