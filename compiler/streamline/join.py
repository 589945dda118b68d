"""Sums and concatenations of tensors whose integers mean different things."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from mulfree.compiler.streamline.builder import Builder, channel_axis, channel_values
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine, greatest_common_divisor
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.units import in_units
from mulfree.ir import AnyArray
from mulfree.ir.ops import Add, Concat


def add_settled(builder: Builder, a: Deferred, b: Deferred, kind: str, dtype: str, name: str) -> Deferred:
    """a + b or a - b (`kind` add or sub) of settled tensors, in the largest unit of which both scales are multiples.

    With equal scales nothing is multiplied. The offsets add up in the meaning and cost nothing.
    """
    if a.shape != b.shape:
        raise Unsupported(
            f"it joins tensors of shapes {a.shape} and {b.shape}, and activations are not broadcast",
            "give both the same shape",
        )
    sign = Fraction(1 if kind == "add" else -1)
    other = b.meaning.times(Parameter.scalar(sign))
    unit = combine(_unit, a.leaf.scale, other.scale)
    terms = []
    for x, scale in ((a, a.leaf.scale), (b, other.scale)):
        multiplier = combine(lambda s, u: s / u, scale, unit)
        terms.append(builder.affine(x.integers, multiplier, Parameter.scalar(Fraction(0))))
    total = builder.add(Add(), *terms, name=name)
    offset = combine(lambda p, q: p + q, a.leaf.offset, other.offset)
    return on_integers(total, Affine(unit, offset), dtype)


def _unit(s: Fraction, t: Fraction) -> Fraction:
    return s if s == t and s else greatest_common_divisor(s, t) or Fraction(1)


def concatenate(builder: Builder, operands: Sequence[Deferred], axis: int, dtype: str, name: str) -> Deferred:
    """Settled tensors one after the other along an axis of the sample.

    Along the channels each keeps its own scale; along another axis all get a common one.
    """
    is_same = len({(_uniform(x.leaf.scale), _uniform(x.leaf.offset)) for x in operands}) == 1
    if axis and not (is_same and _uniform(operands[0].leaf.scale)):
        operands = _in_one_unit(builder, operands)
    joined = builder.add(Concat(axis), *(x.integers for x in operands), name=name)
    if axis == 0:
        meaning = Affine(*(_stacked([p(x) for x in operands], operands) for p in (_scale, _offset)))
    else:
        meaning = operands[0].meaning
    return on_integers(joined, meaning, dtype)


def _in_one_unit(builder: Builder, operands: Sequence[Deferred]) -> list[Deferred]:
    values = [v for x in operands for p in (x.leaf.scale, x.leaf.offset) for v in p.used]
    unit = greatest_common_divisor(*values) or Fraction(1)
    return [in_units(builder, x, unit, is_common=True) for x in operands]


def _stacked(parameters: Sequence[Parameter], operands: Sequence[Deferred]) -> Parameter:
    """The parameter of the joined channels."""
    rank = len(operands[0].shape)
    columns: list[AnyArray] = []
    for parameter, x in zip(parameters, operands, strict=True):
        if channel_axis(parameter) != 0:
            raise Unsupported("a scale differs along another axis than the channels", "use one scale per channel")
        columns.append(np.broadcast_to(channel_values(parameter, 0), (x.shape[0],)))
    return Parameter.of(np.concatenate(columns).reshape(-1, *(1,) * (rank - 1)), rank)


def _scale(x: Deferred) -> Parameter:
    return x.leaf.scale


def _offset(x: Deferred) -> Parameter:
    return x.leaf.offset


def _uniform(parameter: Parameter) -> Fraction | None:
    return parameter.value if parameter.is_uniform else None
