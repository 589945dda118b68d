"""Building a plan: values get buffers, on demand in several arrangements, and steps fill them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.ir import AnyArray, Graph, IntOp, Node, TensorType, Value
from mulfree.ir.ops import Contraction, as_map
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.plan import Buffer, Call, Evaluate, Plan, Role, Slot
from mulfree.sim.functional.storage import Kind, Storage, fits, storage_of

IntValue = Value[TensorType]
IntNode = Node[TensorType]
IntGraph = Graph[TensorType]


@dataclass(frozen=True, slots=True)
class External:
    """A value that lies in the caller's array: C order, whatever integer type the caller chose."""

    slot: int
    type: TensorType
    number: int
    """Which input it is, from 1: what a kernel leaves in the flag if it meets a value outside the range."""


Convert = Callable[["Planner", IntValue, Kind], Buffer]
"""Adds the step that brings a value into a kind that it is not stored in yet."""


class Planner:
    """What builders of operators use: operands, results, tables, calls."""

    def __init__(self, graph: IntGraph, convert: Convert) -> None:
        self.graph = graph
        self._convert = convert
        self.plan = Plan()
        self.external: dict[IntValue, External] = {}
        self.hosted: dict[IntValue, int] = {}
        self._buffers: dict[IntValue, dict[Kind, Buffer]] = {v: {} for v in graph.values()}
        self._readers = graph.consumers()
        self._fused: set[IntValue] = set()
        self._nothing = self.constant(np.zeros(1, np.int32))
        self.flag = self._slot(Slot(Role.FLAG, "int64"))
        self._flattened: dict[IntValue, IntValue] = {}
        for number, value in enumerate(graph.inputs):
            slot = self._slot(Slot(Role.INPUT, ""))
            if fits(value.type.range, Kind.INT64):
                self.external[value] = External(slot, value.type, number + 1)
            else:
                self.hosted[value] = self.plan.host_inputs[number] = self.host_value()

    def operand(self, value: IntValue, *kinds: Kind) -> Buffer:
        """The value in the first of these kinds that exists, else in the first that can hold it."""
        buffers = self._buffers[value]
        existing = next((buffers[kind] for kind in kinds if kind in buffers), None)
        if existing:
            return existing
        kind = next(kind for kind in kinds if fits(value.type.range, kind))
        buffers[kind] = self._convert(self, value, kind)
        return buffers[kind]

    def kinds(self, value: IntValue) -> list[Kind]:
        """Kinds in which the value is stored already."""
        return list(self._buffers[value])

    def result(self, value: IntValue, kind: Kind) -> Buffer:
        """A new buffer that the builder's next call fills."""
        return self.define(value, self.scratch(storage_of(value.type, kind)))

    def define(self, value: IntValue, buffer: Buffer) -> Buffer:
        """Say where a value lies."""
        self._buffers[value][buffer.storage.kind] = buffer
        return buffer

    def scratch(self, storage: Storage, fill: int = 0) -> Buffer:
        return Buffer(self._slot(Slot(Role.SCRATCH, storage.kind.dtype, storage.size, fill)), storage)

    def constant(self, array: AnyArray) -> int:
        """A slot that holds a table; it lives as long as the plan."""
        table = aligned(array)
        return self._slot(Slot(Role.CONSTANT, table.dtype.name, constant=table))

    def address(self, array: AnyArray) -> int:
        """The address of such a table, for a kernel's parameters."""
        table = self.plan.slots[self.constant(array)].constant
        assert table is not None
        return address_of(table)

    def slot(self, role: Role, dtype: str, sample_bytes: int) -> int:
        return self._slot(Slot(role, dtype, sample_bytes))

    def call(
        self, kernel: Kernel, a: int, out: int, params: Sequence[int], b: int | None = None, view: str = ""
    ) -> None:
        numbers = aligned(np.array([int(p) for p in params], np.int64))
        self.plan.steps.append(Call(kernel, numbers, a, self._nothing if b is None else b, out, view))

    def evaluate(
        self, op: IntOp, operands: Sequence[Buffer | int], types: Sequence[TensorType], result: Buffer | int
    ) -> None:
        self.plan.steps.append(Evaluate(op, tuple(operands), tuple(types), result))

    def host_value(self) -> int:
        self.plan.host_values += 1
        return self.plan.host_values - 1

    def only_reader(self, value: IntValue) -> IntNode | None:
        """The node that alone reads the value, if nothing else needs it: then the two may be fused."""
        readers = self._readers[value]
        return readers[0] if len(readers) == 1 and value not in self.graph.outputs else None

    def flatten(self, node: IntNode) -> bool:
        """Leave out the flattening of a map if only full dense layers read it: they read the map as one big window."""
        (x,), readers = node.inputs, self._readers[node.output]
        dense = [r for r in readers if isinstance(r.op, Contraction) and r.op.groups == 1]
        is_map = len(x.type.shape) == 3 and x not in self.external and len(node.output.type.shape) == 1
        if not is_map or len(dense) != len(readers) or node.output in self.graph.outputs:
            return False
        self._flattened[node.output] = x
        return True

    def unflattened(self, node: IntNode) -> IntNode:
        """The contraction as it was; over the map, if its operand is a map's flattening that was left out."""
        x = self._flattened.get(node.inputs[0])
        if x is None:
            return node
        assert isinstance(node.op, Contraction)
        return Node(node.op.over_map(as_map(x.type.shape)), (x,), node.output, node.location)

    def fuse(self, node: IntNode) -> None:
        """Leave a later node out: its result is defined already."""
        self._fused.add(node.output)

    def is_fused(self, node: IntNode) -> bool:
        return node.output in self._fused

    def _slot(self, slot: Slot) -> int:
        self.plan.slots.append(slot)
        return len(self.plan.slots) - 1


def aligned(array: AnyArray) -> AnyArray:
    """A contiguous copy that begins on a cache line."""
    source = np.ascontiguousarray(array)
    memory = np.zeros(source.nbytes + 64, np.uint8)
    start = -address_of(memory) % 64
    copy: AnyArray = memory[start : start + source.nbytes].view(source.dtype).reshape(source.shape)
    copy[...] = source
    return copy


def address_of(array: AnyArray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
