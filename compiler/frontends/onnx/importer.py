"""An ONNX model as a graph of RealOps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, error_of
from mulfree.compiler.frontends.onnx.functions import Expander
from mulfree.compiler.frontends.onnx.interface import OnnxModel, read_model
from mulfree.compiler.frontends.onnx.load import load_model
from mulfree.compiler.frontends.onnx.node import OnnxNode, Refused, Unsupported
from mulfree.compiler.frontends.onnx.order import in_topological_order
from mulfree.compiler.frontends.onnx.remedies import unknown_operator
from mulfree.compiler.frontends.onnx.rules import RULES, Key, Rule
from mulfree.compiler.frontends.real import Constant, Unary
from mulfree.compiler.registry import forms
from mulfree.ir import CompileError, Graph, Location, RealType, Value

if TYPE_CHECKING:
    from onnx import ModelProto


def import_onnx(
    source: str | Path | bytes | ModelProto, *, name: str | None = None, rules: Mapping[Key, Rule] | None = None
) -> Graph[RealType]:
    """The model's main graph, in an order in which operands come first, with all constants folded.

    `source` is a path, the bytes of a file, or a model in memory; external data needs a path. `name` is the graph's
    name (default: the file's or the model's). `rules` adds to the table of recognised operators, by (domain, name);
    a function of that name is then not expanded. A symbolic batch size (first axis) becomes 1.

    Raises CompileError: one that lists every node that cannot be compiled, or one for a file that is no valid model.
    """
    loaded = load_model(source)
    model = read_model(loaded)
    table = {**RULES, **{key: form.rule for key, form in forms().items()}, **(rules or {})}
    nodes = Expander(model.functions, lambda node: node.rule_key in table).expand(model.nodes)
    nodes = in_topological_order(nodes, [*model.inputs, *model.constants])
    graph = Graph[RealType](name=name or Path(loaded.label).stem)
    builder = _begin(graph, model, nodes)
    nodes = _needed(nodes, model.outputs)
    builder.wanted |= {*model.outputs, *(i for node in nodes for i in node.inputs if i)}
    _translate(builder, nodes, table, {n: c.why for n, c in model.constants.items() if isinstance(c, Refused)})
    _finish(builder, model)
    graph.verify()
    return graph


def _begin(graph: Graph[RealType], model: OnnxModel, nodes: Iterable[OnnxNode]) -> Builder:
    """Inputs and initialisers."""
    builder = Builder(graph, Location(model.label, "inputs"))
    builder.reserved |= {*model.inputs, *model.constants, *(o for node in nodes for o in node.outputs)}
    for name, type in model.inputs.items():
        builder.operands[name] = Operand(name, type, value=graph.add_input(name, type))
    for name, constant in model.constants.items():
        if isinstance(constant, Constant):
            builder.operands[name] = builder.constant(constant.array, constant.dtype)
            builder.finish(builder.operands[name], name)
    return builder


def _needed(nodes: list[OnnxNode], outputs: Iterable[str]) -> list[OnnxNode]:
    """The nodes that an output depends on, in their order."""
    wanted = set(outputs)
    needed: list[OnnxNode] = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs) - {""}:
            wanted.update(node.inputs)
            needed.append(node)
    return needed[::-1]


def _translate(
    builder: Builder, nodes: list[OnnxNode], table: Mapping[Key, Rule], unreadable: Mapping[str, str]
) -> None:
    """Apply each node's rule. Raises CompileError for all that failed together."""
    failures: list[tuple[OnnxNode, Unsupported]] = []
    for node in nodes:
        rule = table.get(node.rule_key)
        bad = next((i for i in node.inputs if i in unreadable), None)
        if rule is None:
            failures.append((node, unknown_operator(node)))
        elif bad is not None:
            failures.append((node, Unsupported(f"initialiser '{bad}': {unreadable[bad]}", "correct the initialiser")))
        elif all(i in builder.operands for i in node.inputs if i):  # else the cause is listed already
            try:
                _apply(builder, node, rule)
            except Unsupported as reason:
                failures.append((node, reason))
    if failures:
        raise error_of(failures)


def _apply(builder: Builder, node: OnnxNode, rule: Rule) -> None:
    builder.location = node.location
    results = rule(builder, node)
    if builder.wanted.intersection(node.outputs[len(results) :]):
        raise Unsupported(f"only its first {len(results)} results can be compiled", "do not use the others")
    for name, operand in zip(node.outputs, results, strict=False):
        if name:
            builder.finish(operand, name)
            builder.operands[name] = operand


def _finish(builder: Builder, model: OnnxModel) -> None:
    """Outputs under their own names; what they do not depend on is dropped."""
    graph = builder.graph
    for name in model.outputs:
        operand = builder.operands.get(name)
        if operand is None:
            why = "cannot be read" if name in model.constants else "is defined by nothing; the file is incomplete"
            raise CompileError(f"{model.label}: the output '{name}' {why}")
        graph.outputs.append(_output(builder, operand, name))
    live: set[Value[RealType]] = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.output in live:
            live.update(node.inputs)
    graph.nodes = [node for node in graph.nodes if node.output in live]


def _output(builder: Builder, operand: Operand, name: str) -> Value[RealType]:
    """The value under the output's name: a copy if it has another name."""
    if operand.constant is not None and operand.value is None:
        return builder.graph.add(operand.constant, location=builder.location, name=name)
    value = builder.place(operand)
    return value if value.name == name else builder.graph.add(Unary("identity"), value, name=name)
