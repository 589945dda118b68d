"""Verilog of a circuit with registers on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mulfree.rtl.cell_moves import CONSTANT
from mulfree.rtl.cell_verilog import literal, packed
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.pipeline.cuts import Pipeline, pipeline
from mulfree.rtl.pipeline.netlist import Bit, Vector
from mulfree.rtl.print_circuit import module_of


def pipelined_text(
    circuit: Circuit, module: str, purpose: str, target: str, registers: int, following: int | None = None
) -> str:
    """A module as `to_verilog` makes it, but with registers 0 to registers - 1 on the way from inputs to outputs.

    Besides the circuit's ports it has clk and enable: register i takes what comes in cycles in which enable[i] is 1.
    `following` as in `pipeline`.
    """
    cut = pipeline(circuit, target, registers, following)
    ports = ["input  logic clk", f"input  logic [{registers - 1}:0] enable"]
    ends = [f"assign {name} = {_Phase(cut, registers).text(bits)};" for name, bits in cut.netlist.outputs.items()]
    lines = [line for phase in range(registers + 1) for line in _phase_lines(cut, phase)]
    return module_of(circuit, module, purpose, [*lines, *ends], ports)


def _phase_lines(cut: Pipeline, phase: int) -> Iterator[str]:
    """The vectors between two registers, then the register behind them; behind the last there is none."""
    of_phase, vectors = _Phase(cut, phase), cut.netlist.vectors
    for at, vector in zip(cut.first, vectors, strict=True):
        if at == phase and vector.text:
            yield from vector.text(of_phase.text)
    held = [i for i in range(len(vectors)) if cut.first[i] <= phase < cut.last[i]]
    if not held:
        return
    after = _Phase(cut, phase + 1)
    yield from (f"{packed(vectors[i].type)} {after.name(i)};" for i in held)
    yield f"always_ff @(posedge clk) if (enable[{phase}]) begin"
    yield from (f"  {after.name(i)} <= {of_phase.name(i)};" for i in held)
    yield "end"


class _Phase:
    """Names of bits behind so many registers."""

    def __init__(self, cut: Pipeline, phase: int) -> None:
        self.cut, self.phase = cut, phase

    def name(self, vector: int) -> str:
        name = self.cut.netlist.vectors[vector].name
        return name if self.cut.first[vector] == self.phase else f"{name}_r{self.phase}"

    def text(self, bits: Sequence[Bit]) -> str:
        """A vector of bits, the first lowest; neighbours are written as a slice."""
        parts = [self._part([bit for _, bit in run]) for _, run in groupby(enumerate(bits), self._run)]
        return parts[0] if len(parts) == 1 else f"{{{', '.join(reversed(parts))}}}"

    def _run(self, item: tuple[int, Bit]) -> tuple[int, ...]:
        """What neighbours share: the vector, the word, the distance from their places."""
        place, (vector, index, is_inverted) = item
        if vector == CONSTANT:
            return (vector,)
        return vector, is_inverted, index - place, _word(self.cut.netlist.vectors[vector], index)

    def _part(self, run: Sequence[Bit]) -> str:
        first, last = run[0], run[-1]
        if first.vector == CONSTANT:
            return literal(len(run), sum(bit.place << place for place, bit in enumerate(run)))
        sliced = _slice(self.name(first.vector), self.cut.netlist.vectors[first.vector], first.place, last.place)
        return f"~{sliced}" if first.is_inverted else sliced


def _word(vector: Vector, index: int) -> int:
    """Which word holds a bit, where words have an index of their own."""
    type = vector.type
    return index // type.element_bits if type.lanes > 1 and type.element_bits > 1 else 0


def _slice(name: str, vector: Vector, first: int, last: int) -> str:
    """Neighbouring bits of one word."""
    type = vector.type
    if type.lanes > 1 and type.element_bits > 1:
        name = f"{name}[{_word(vector, first)}]"
        first, last = first % type.element_bits, last % type.element_bits
        whole = type.element_bits
    else:
        whole = type.bits
    if last - first + 1 == whole:
        return name
    return f"{name}[{last}:{first}]" if last > first else f"{name}[{first}]"
