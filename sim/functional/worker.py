"""Running a plan: machine code bound to the callers' integer types, and the memory of one thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mulfree.ir import AnyArray, IntArray, TensorType
from mulfree.sim.functional.kernel import bind, execute
from mulfree.sim.functional.plan import Buffer, Call, Evaluate, Plan, Role
from mulfree.sim.functional.planner import address_of, aligned
from mulfree.sim.functional.storage import Kind, fits

LINE = 64


class Program:
    """A plan's steps for inputs of these numpy types: tables of calls, and between them what Python evaluates."""

    def __init__(self, plan: Plan, dtypes: Sequence[str]) -> None:
        names = iter(dtypes)
        self.types = [next(names) if slot.role is Role.INPUT else slot.dtype for slot in plan.slots]
        self.segments: list[IntArray | Evaluate] = []
        calls: list[Call] = []
        for step in plan.steps:
            if isinstance(step, Call):
                calls.append(step)
            else:
                self.segments += [self._table(calls), step]
                calls = []
        self.segments.append(self._table(calls))

    def _table(self, calls: list[Call]) -> IntArray:
        return np.array([self._row(call) for call in calls], np.int64).reshape(-1, 5)

    def _row(self, call: Call) -> tuple[int, ...]:
        a, b, out = (self.types[slot] for slot in (call.a, call.b, call.out))
        kernel = call.kernel.address(call.view or a, b, call.view or out)
        return (kernel, address_of(call.params), call.a, call.b, call.out)


class Worker:
    """Scratch memory for one tile of samples, and the addresses of a run."""

    def __init__(self, plan: Plan, tile: int) -> None:
        self.plan, self.tile = plan, tile
        self.slots = np.zeros(len(plan.slots), np.int64)
        self.strides = np.zeros(len(plan.slots), np.int64)
        self.external = self._external()
        self.flag = np.zeros(1, np.int64)
        self.memory = [self._place(i) for i in range(len(plan.slots))]
        self.host: list[AnyArray] = [np.empty(0)] * plan.host_values

    def run(
        self, program: Program, inputs: list[AnyArray], outputs: list[AnyArray], start: int, stop: int
    ) -> int | None:
        """Do samples start..stop; the number of an input with a value outside its range, if there is one."""
        self._bind(inputs, outputs)
        if len(program.segments) == 1:
            execute(program.segments[0], self.slots, self.strides, start, stop, self.tile)
        else:
            for first in range(start, stop, self.tile):
                self._run_tile(program, inputs, outputs, first, min(first + self.tile, stop))
        outside = self.flag.item()
        self.flag[0] = 0
        return outside - 1 if outside else None

    def _bind(self, inputs: list[AnyArray], outputs: list[AnyArray]) -> None:
        arrays = inputs + outputs
        for slot, number in self.external:
            bind(self.slots, self.strides, slot, arrays[number])

    def _external(self) -> list[tuple[int, int]]:
        """Slots that are the caller's arrays, inputs then outputs, each with the array's number."""
        inputs, outputs = self.plan.slots_of(Role.INPUT), self.plan.slots_of(Role.OUTPUT)
        hosted = {*self.plan.host_inputs, *(len(inputs) + i for i in self.plan.host_outputs)}
        return [(slot, number) for number, slot in enumerate(inputs + outputs) if number not in hosted]

    def _run_tile(
        self, program: Program, inputs: list[AnyArray], outputs: list[AnyArray], first: int, last: int
    ) -> None:
        for number, host in self.plan.host_inputs.items():
            self.host[host] = inputs[number][first:last]
        for segment in program.segments:
            if isinstance(segment, Evaluate):
                self._evaluate(segment, last - first)
            else:
                execute(segment, self.slots, self.strides, first, last, self.tile)
        for number, host in self.plan.host_outputs.items():
            outputs[number][first:last] = self.host[host]

    def _evaluate(self, step: Evaluate, count: int) -> None:
        operands = [self._fetch(x, t, count) for x, t in zip(step.operands, step.types[:-1], strict=True)]
        wide = not all(fits(t.range, Kind.INT64) for t in step.types)
        result = step.op.evaluate(*(x.astype(object) if wide else x for x in operands))
        if isinstance(step.result, int):
            self.host[step.result] = result
            return
        storage = step.result.storage
        samples = result.reshape(count, storage.channels, storage.positions)
        self._view(step.result, count)[...] = np.moveaxis(samples, 1, 2)

    def _fetch(self, operand: Buffer | int, type: TensorType, count: int) -> AnyArray:
        if isinstance(operand, int):
            return self.host[operand]
        return np.moveaxis(self._view(operand, count), 2, 1).reshape(count, *type.shape)

    def _view(self, buffer: Buffer, count: int) -> AnyArray:
        """The first samples of an int64 buffer, (count, positions, channels)."""
        storage = buffer.storage
        return self.memory[buffer.slot][: count * storage.elements].reshape(count, storage.positions, storage.channels)

    def _place(self, index: int) -> AnyArray:
        """The memory of a slot, if it is the plan's or this thread's."""
        slot = self.plan.slots[index]
        memory: AnyArray = np.empty(0)
        if slot.role is Role.CONSTANT:
            assert slot.constant is not None
            memory = slot.constant
        elif slot.role is Role.SCRATCH:
            items = slot.sample_bytes * self.tile // np.dtype(slot.dtype).itemsize
            memory = aligned(np.full(items + LINE, slot.fill, slot.dtype))
        elif slot.role is Role.FLAG:
            memory = self.flag
        self.slots[index] = address_of(memory)
        return memory
