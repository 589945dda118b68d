"""What the families add to each part of the compiler.

Families are made of the very modules that ask here, so they are imported when something is first asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from mulfree.ir import IntOp, Pass, RealOp, TensorType
from mulfree.ir.ops import INTEGER_OPERATORS, Contraction

if TYPE_CHECKING:
    from mulfree.compiler.adaptation import Adaptation
    from mulfree.compiler.families import Arithmetic, Family
    from mulfree.compiler.families.interface import Form, Recognise
    from mulfree.compiler.layer_shape import Shape
    from mulfree.compiler.lowering import Rule as LoweringRule
    from mulfree.compiler.streamline.rules.rule import Rule as StreamlineRule


def families() -> tuple[Family, ...]:
    from mulfree.compiler.families import FAMILIES

    return FAMILIES


def operators() -> tuple[type[IntOp], ...]:
    """Every integer operator, arithmetics included: what `mulfree.ir.text.parse` takes."""
    added = [op for family in families() for op in (*family.operators, *family.arithmetics)]
    return (*INTEGER_OPERATORS, *added)


def arithmetics() -> tuple[type[Arithmetic], ...]:
    return tuple(a for family in families() for a in family.arithmetics)


def arithmetics_of(op: Contraction) -> list[type[Arithmetic]]:
    """The arithmetics that may compute this operator, in the order of the families."""
    return [a for a in arithmetics() if a.replaces is type(op)]


def passes() -> tuple[Pass[TensorType], ...]:
    return tuple(p for family in families() for p in family.passes)


def adaptations() -> tuple[Adaptation, ...]:
    """Those of families, and those that belong to none."""
    from mulfree.compiler.round_activations import ROUND_ACTIVATIONS
    from mulfree.compiler.round_weights import ROUND_WEIGHTS

    return *(a for family in families() for a in family.adaptations), ROUND_WEIGHTS, ROUND_ACTIVATIONS


@cache
def forms() -> Mapping[tuple[str, str], Form]:
    """ONNX operators by domain and name."""
    from mulfree.compiler.families.interface import DOMAIN

    return {(DOMAIN, name): form for family in families() for name, form in family.forms.items()}


def patterns() -> tuple[Recognise, ...]:
    return tuple(recognise for family in families() for recognise in family.recognise)


@cache
def streamline_rules() -> Mapping[type[RealOp], StreamlineRule]:
    return {op: rule for family in families() for op, rule in family.streamline.items()}


@cache
def shapes() -> Mapping[type[IntOp], Shape]:
    """What can be folded of the families' own operators."""
    return {op: shape for family in families() for op, shape in family.shapes.items()}


@cache
def on_request() -> Mapping[str, Pass[TensorType]]:
    """Passes by the name of what the user may ask for."""
    return {name: step for family in families() for name, step in family.on_request.items()}


@cache
def lowering_rules() -> Mapping[type[IntOp], LoweringRule]:
    return {op: rule for family in families() for op, rule in family.lowering.items()}
