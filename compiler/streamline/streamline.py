"""An imported model as an integer graph, and what the host does around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mulfree.compiler.frontends.real import Constant, integer_bounds
from mulfree.compiler.model import InputFormat, OutputPort, QuantisedModel
from mulfree.compiler.registry import patterns, streamline_rules
from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.close import closed
from mulfree.compiler.streamline.deferred import (
    Deferred,
    Failed,
    HostInput,
    IntValue,
    Known,
    Meaning,
    Tailed,
    Unsupported,
    on_host,
    on_integers,
)
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.expression import Step, steps
from mulfree.compiler.streamline.host import Declared, Epilogue, Integers
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.probes import probes
from mulfree.compiler.streamline.rules import RULES
from mulfree.compiler.streamline.rules.rule import Skip, Work
from mulfree.ir import CompileError, Graph, IntRange, Node, RealOp, RealType, TensorType, Value, drop_unused
from mulfree.ir.ops import Reshape

RealValue = Value[RealType]
RealNode = Node[RealType]


@dataclass(frozen=True)
class Problem:
    """A node that cannot be compiled."""

    node: str
    operator: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"  node '{self.node}' ({self.operator}): {self.why}; remedy: {self.remedy}"


def streamline(graph: Graph[RealType], inputs: Mapping[str, InputFormat | str] | None = None) -> QuantisedModel:
    """The model as integers, exact up to what float32 rounding decides, with the ports that say what they mean.

    `inputs` declares, by name, float inputs that hold integers times a scale ("uint8", "uint8/255", InputFormat);
    what comes before the first quantiser is then hardware, too. Other float inputs are quantised by the host, by
    the model's own first quantiser. Raises CompileError, one that lists every node that cannot become integers.
    """
    formats = {n: InputFormat.parse(f) if isinstance(f, str) else f for n, f in (inputs or {}).items()}
    for recognise in patterns():
        graph = recognise(graph)
    builder = Builder(Graph(name=graph.name), {v.name: v.type for v in graph.inputs})
    meanings = _inputs(builder, graph, formats)
    problems = _translate(builder, graph, meanings)
    if problems:
        raise _listed(graph, problems)
    ports = _outputs(builder, graph, meanings)
    result = drop_unused(builder.graph)
    result.verify()
    return QuantisedModel(result, tuple(builder.ports), ports, builder.notes, probes(builder, graph, meanings, result))


def _inputs(builder: Builder, graph: Graph[RealType], formats: Mapping[str, InputFormat]) -> dict[RealValue, Meaning]:
    unknown = sorted(set(formats) - {v.name for v in graph.inputs})
    if unknown:
        names = ", ".join(v.name for v in graph.inputs)
        raise CompileError(f"a format is declared for '{unknown[0]}', but the model's inputs are {names}")
    return {value: _input(builder, value, formats.get(value.name)) for value in graph.inputs}


def _input(builder: Builder, value: RealValue, format: InputFormat | None) -> Deferred:
    name, type = value.name, value.type
    if not type.shape:
        raise CompileError(f"input '{name}' is a scalar; its first axis must be the batch")
    is_float = type.dtype.startswith("float")
    if is_float and format is None:
        return on_host(name, type.shape[1:], type.dtype)
    format = format or _own_format(type.dtype)
    prologue = Declared(name, format) if is_float else Integers()
    integers = builder.add_input(name, TensorType(type.shape[1:], IntRange(format.lo, format.hi)), prologue)
    meaning = Affine(Parameter.scalar(Fraction(format.scale)), Parameter.scalar(Fraction(0)))
    return on_integers(integers, meaning, type.dtype)


def _own_format(dtype: str) -> InputFormat:
    return InputFormat(0, 1) if dtype == "bool" else InputFormat(*integer_bounds(dtype))


def _translate(builder: Builder, graph: Graph[RealType], meanings: dict[RealValue, Meaning]) -> list[Problem]:
    """What every value stands for; all nodes for which that cannot be said."""
    problems: list[Problem] = []
    for node in graph.nodes:
        builder.location = node.location
        try:
            meanings[node.output] = _meaning(builder, node, meanings)
        except Skip:
            meanings[node.output] = Failed()
        except Unsupported as problem:
            meanings[node.output] = Failed()
            place = node.location.node if node.location else node.output.name
            problems.append(_problem(place, _kind(node.op), problem))
    builder.location = None
    return problems


def _meaning(builder: Builder, node: RealNode, meanings: Mapping[RealValue, Meaning]) -> Meaning:
    if isinstance(node.op, Constant):
        return Known(node.op.array)
    operands = [meanings[v] for v in node.inputs]
    if all(isinstance(o, Known) for o in operands):
        return Known(node.op.evaluate(*(o.array for o in operands if isinstance(o, Known))))
    rule = RULES.get(type(node.op)) or streamline_rules().get(type(node.op))
    if rule is None:
        raise Unsupported(f"'{node.op.name}' has no integer form", "replace it, or compute it on the host")
    return rule(Work(builder, node, operands))


def _problem(place: str, operator: str, problem: Unsupported) -> Problem:
    """At the step that is to blame, if that is not the node at work."""
    step = problem.step
    if step:
        place, operator = step.location.node if step.location else step.name, _kind(step.op)
    return Problem(place, operator, problem.why, problem.remedy)


def _kind(op: RealOp) -> str:
    return str(getattr(op, "kind", op.name))


def _listed(graph: Graph[RealType], problems: list[Problem]) -> CompileError:
    lines = list(dict.fromkeys(str(p) for p in problems))
    count = f"{len(lines)} node{'s' if len(lines) > 1 else ''} cannot be compiled:"
    return CompileError("\n".join([f"{graph.name}: {count}", *lines]))


def _outputs(builder: Builder, graph: Graph[RealType], meanings: Mapping[RealValue, Meaning]) -> tuple[OutputPort, ...]:
    ports: list[OutputPort] = []
    problems: list[Problem] = []
    for value in graph.outputs:
        try:
            ports.append(_output(builder, value, meanings[value]))
        except Unsupported as problem:
            problems.append(_problem(value.name, "output", problem))
    if problems:
        raise _listed(graph, problems)
    return tuple(ports)


def _output(builder: Builder, value: RealValue, meaning: Meaning) -> OutputPort:
    """The integers that the output depends on leave the hardware; the float nodes after them are the host's."""
    before = meaning.before if isinstance(meaning, Tailed) else meaning
    if not isinstance(before, Deferred):
        raise Unsupported(f"the output '{value.name}' is a constant", "remove it from the outputs")
    x = closed(builder, before)
    if isinstance(x.base, HostInput):
        raise Unsupported(
            f"the output '{value.name}' is computed from the input '{x.base.name}' without any quantiser",
            "quantise it, or remove it from the outputs",
        )
    _note_epilogue(builder, value, x)
    base = _unshaped(builder, x.base)
    builder.graph.outputs.append(base)
    epilogue = Epilogue(x.shape, x.expression, base.type.range, meaning.op if isinstance(meaning, Tailed) else None)
    return OutputPort(value.name, value.type.shape, value.type.dtype, base.name, epilogue)


def _note_epilogue(builder: Builder, value: RealValue, x: Deferred) -> None:
    if isinstance(x.expression, Step):
        names = ", ".join(step.name for step in steps(x.expression))
        builder.notes.append(f"output '{value.name}': the host computes {names} in float from the hardware's integers")


def _unshaped(builder: Builder, value: IntValue) -> IntValue:
    """The value before a last reshape, which the host does anyway."""
    producer = builder.producer(value)
    return producer.inputs[0] if producer and isinstance(producer.op, Reshape) else value
