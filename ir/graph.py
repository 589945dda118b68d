"""A graph in single-assignment form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, cast

from mulfree.ir.errors import CompileError, Location
from mulfree.ir.op import Op, TypeT

if TYPE_CHECKING:
    import networkx


@dataclass(eq=False, slots=True)
class Value(Generic[TypeT]):
    """One tensor: a graph input or the result of one node."""

    name: str
    type: TypeT


@dataclass(eq=False, slots=True)
class Node(Generic[TypeT]):
    """One application of an operator."""

    op: Op[TypeT]
    inputs: tuple[Value[TypeT], ...]
    output: Value[TypeT]
    location: Location | None = None

    def __str__(self) -> str:
        operands = ", ".join(f"%{v.name}" for v in self.inputs)
        return f"%{self.output.name} = {self.op.name}({operands}) : {self.output.type}"


@dataclass(eq=False, slots=True)
class Graph(Generic[TypeT]):
    """Inputs, nodes in an order in which every operand comes before its use, and outputs."""

    inputs: list[Value[TypeT]] = field(default_factory=list[Value[TypeT]])
    nodes: list[Node[TypeT]] = field(default_factory=list[Node[TypeT]])
    outputs: list[Value[TypeT]] = field(default_factory=list[Value[TypeT]])
    name: str = "network"

    def add_input(self, name: str, type: TypeT) -> Value[TypeT]:
        value = Value(name, type)
        self.inputs.append(value)
        return value

    def add(
        self, op: Op[TypeT], *inputs: Value[TypeT], location: Location | None = None, name: str | None = None
    ) -> Value[TypeT]:
        """Append a node; its type is inferred. Raises CompileError, with the place, if the operands do not fit."""
        try:
            type = op.infer(*(v.type for v in inputs))
        except ValueError as error:
            raise CompileError(f"{op.name}: {error}", location) from error
        output = Value(name or f"v{len(self.nodes)}", type)
        self.nodes.append(Node(op, inputs, output, location))
        return output

    def values(self) -> Iterator[Value[TypeT]]:
        """Inputs, then the result of each node, in order."""
        yield from self.inputs
        yield from (node.output for node in self.nodes)

    def producers(self) -> dict[Value[TypeT], Node[TypeT]]:
        return {node.output: node for node in self.nodes}

    def consumers(self) -> dict[Value[TypeT], list[Node[TypeT]]]:
        """The nodes that read each value, once per operand position."""
        readers: dict[Value[TypeT], list[Node[TypeT]]] = {v: [] for v in self.values()}
        for node in self.nodes:
            for value in node.inputs:
                readers[value].append(node)
        return readers

    def verify(self) -> None:
        """Check what every pass relies on: definitions before uses, each once, unique names, types as inferred."""
        seen: set[Value[TypeT]] = set(self.inputs)
        names = [v.name for v in self.values()]
        assert len(set(names)) == len(names), "two values share a name"
        for node in self.nodes:
            assert all(v in seen for v in node.inputs), f"{node} uses a value before its definition"
            assert node.output not in seen, f"{node} defines its result twice"
            inferred = node.op.infer(*(v.type for v in node.inputs))
            assert inferred == node.output.type, f"{node} is inferred as {inferred}"
            seen.add(node.output)
        assert all(v in seen for v in self.outputs), "an output is not defined"

    def to_networkx(self) -> networkx.DiGraph[str]:
        """For cuts, paths and drawing: see `mulfree.ir.view.to_networkx`."""
        from mulfree.ir.view import to_networkx

        return to_networkx(cast(Any, self))

    def __str__(self) -> str:
        head = ", ".join(f"%{v.name} : {v.type}" for v in self.inputs)
        tail = ", ".join(f"%{v.name}" for v in self.outputs)
        return "\n".join([f"graph {self.name}({head}) {{", *(f"  {n}" for n in self.nodes), f"  return {tail}", "}"])
