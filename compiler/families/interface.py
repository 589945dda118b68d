"""All that one family adds to the compiler, as one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mulfree.compiler.adaptation import Adaptation
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.frontends.onnx.rules.rule import Rule as ImportRule
from mulfree.compiler.layer_shape import Shape
from mulfree.compiler.lowering import Rule as LoweringRule
from mulfree.compiler.streamline.rules.rule import Rule as StreamlineRule
from mulfree.ir import AnyArray, Graph, IntOp, Pass, RealOp, RealType, TensorType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

DOMAIN = "mulfree"
"""The ONNX domain of all forms, in version 1."""

Body = Callable[["NodeProto", int], "FunctionProto"]
"""From a node and the model's opset to a function of standard operators, legal at that opset.

It has the node's domain and name, and an overload that tells it from bodies of other attributes, if there are any.
Raises ValueError if the opset is too old.
"""
Recognise = Callable[[Graph[RealType]], Graph[RealType]]
"""A model's graph with a pattern of standard operators replaced by the one operator that it amounts to."""


@dataclass(frozen=True, slots=True)
class Example:
    """A small layer in ONNX: shape of a sample of x, the further operands, attributes."""

    shape: tuple[int, ...]
    constants: tuple[AnyArray, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    computed: tuple[tuple[int, ...], ...] = ()
    """Shapes, without the batch, of operands behind the constants that are integers from -3 to 2, computed from x."""


@dataclass(frozen=True, slots=True)
class Form:
    """An ONNX operator of the domain `mulfree`: the rule that imports it, and the body that any runtime executes."""

    rule: ImportRule
    body: Body
    examples: tuple[Example, ...]
    """Layers that read 4-bit signed multiples of 1/4; every weight is such a multiple, too."""


@dataclass(frozen=True, slots=True)
class Family:
    """What a family adds; each part may be left out. Fast kernels belong to the operators, as `build_kernel`."""

    name: str
    operators: tuple[type[IntOp], ...] = ()
    """Integer operators: what is computed."""
    arithmetics: tuple[type[Arithmetic], ...] = ()
    """How contractions are computed without a multiplier, the first choice first."""
    forms: Mapping[str, Form] = field(default_factory=dict[str, Form])
    """ONNX operators by name."""
    recognise: tuple[Recognise, ...] = ()
    streamline: Mapping[type[RealOp], StreamlineRule] = field(default_factory=dict[type[RealOp], StreamlineRule])
    """From imported operators to integer ones."""
    passes: tuple[Pass[TensorType], ...] = ()
    """Exact rewrites of the integer graph for hardware, before arithmetics are chosen."""
    lowering: Mapping[type[IntOp], LoweringRule] = field(default_factory=dict[type[IntOp], LoweringRule])
    """From integer operators to stages; arithmetics need none."""
    shapes: Mapping[type[IntOp], Shape] = field(default_factory=dict[type[IntOp], Shape])
    """What can be folded of own operators that are no contractions."""
    on_request: Mapping[str, Pass[TensorType]] = field(default_factory=dict[str, Pass[TensorType]])
    """Passes before the folding where the user asks for the operator of that name, as for an arithmetic."""
    adaptations: tuple[Adaptation, ...] = ()
    """Changes of a trained network on request, by calibration data."""
