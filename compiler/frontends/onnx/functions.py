"""Expand calls of model-local functions, except of those that a rule recognises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mulfree.compiler.frontends.onnx.limits import MAX_CALL_DEPTH, MAX_NAME_CHARACTERS, MAX_NODES
from mulfree.compiler.frontends.onnx.node import Attribute, OnnxNode, Refused
from mulfree.compiler.frontends.onnx.order import in_topological_order
from mulfree.ir import CompileError, Location

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Function:
    """A model-local function: formal names, body, and the attributes with their defaults (None: no default)."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute | Refused | None]
    body: Sequence[OnnxNode]


@dataclass
class Expander:
    """Replaces calls by bodies, as deep as needed; names inside a body get the call's place in front.

    Raises CompileError for a function that calls itself and for more than MAX_NODES nodes.
    """

    functions: Mapping[Key, Function]
    recognised: Callable[[OnnxNode], bool]
    _count: int = field(default=0, init=False)
    _characters: int = field(default=0, init=False)

    def expand(self, nodes: Sequence[OnnxNode]) -> list[OnnxNode]:
        return [flat for node in nodes for flat in self._expand(node, ())]

    def _expand(self, node: OnnxNode, calls: tuple[Key, ...]) -> Iterator[OnnxNode]:
        if node.key not in self.functions or self.recognised(node):
            self._spend(node)
            yield node
            return
        if node.key in calls or len(calls) >= MAX_CALL_DEPTH:
            raise CompileError(f"function {node.op_type} calls itself, or functions nest too deep", node.location)
        function = self.functions[node.key]
        for inner in self._body(function, node):
            yield from self._expand(inner, (*calls, node.key))

    def _spend(self, node: OnnxNode) -> None:
        """Count what an expansion costs, so that functions that call others twice, ten levels deep, are refused."""
        self._count += 1
        self._characters += len(node.location.node) + sum(map(len, (*node.inputs, *node.outputs)))
        if self._count > MAX_NODES or self._characters > MAX_NAME_CHARACTERS:
            raise CompileError(
                f"once its functions are expanded, the model has more than {MAX_NODES} nodes or names of "
                f"{MAX_NAME_CHARACTERS} characters; export it without functions",
                node.location,
            )

    def _body(self, function: Function, call: OnnxNode) -> Iterator[OnnxNode]:
        """The body with the call's operands, results and attributes in it."""
        self._spend(call)  # an empty body counts too, so that nested empty bodies end
        _check_call(function, call)
        prefix = next(o for o in call.outputs if o)
        names = {"": ""}
        names |= {formal: "" for formal in (*function.inputs, *function.outputs)}
        names |= dict(zip(function.inputs, call.inputs, strict=False))
        results = {f: a for f, a in zip(function.outputs, call.outputs, strict=False) if a}
        bound = _bound(function, call)
        for inner in in_topological_order(function.body, function.inputs):
            outputs = tuple(results.get(o, f"{prefix}/{o}") if o else "" for o in inner.outputs)
            names |= dict(zip(inner.outputs, outputs, strict=True)) | {"": ""}
            place = Location(call.location.model, f"{call.location.node}/{inner.location.node}")
            yield replace(
                inner,
                inputs=tuple(names[i] for i in inner.inputs),
                outputs=outputs,
                attributes=_resolved(inner, bound),
                references={},
                location=place,
            )
        yield from _aliases(function, call, names)


def _check_call(function: Function, call: OnnxNode) -> None:
    if len(call.inputs) > len(function.inputs) or len(call.outputs) > len(function.outputs) or not any(call.outputs):
        raise CompileError(
            f"calls function {call.op_type} with {len(call.inputs)} operands and {len(call.outputs)} results, but it "
            f"has {len(function.inputs)} and {len(function.outputs)}; correct the call",
            call.location,
        )


def _bound(function: Function, call: OnnxNode) -> dict[str, Attribute | Refused]:
    """The function's attributes as this call sets them."""
    defaults = {name: value for name, value in function.attributes.items() if value is not None}
    return {**defaults, **call.attributes}


def _resolved(node: OnnxNode, bound: Mapping[str, Attribute | Refused]) -> dict[str, Attribute | Refused]:
    """The node's attributes; one that refers to an attribute the call leaves out is left out too."""
    referred = {name: bound[source] for name, source in node.references.items() if source in bound}
    return {**node.attributes, **referred}


def _aliases(function: Function, call: OnnxNode, names: Mapping[str, str]) -> Iterator[OnnxNode]:
    """Results that are operands of the function passed through."""
    for formal, actual in zip(function.outputs, call.outputs, strict=False):
        if actual and formal in function.inputs:
            yield OnnxNode("", "Identity", (names[formal],), (actual,), {}, 13, call.location)
