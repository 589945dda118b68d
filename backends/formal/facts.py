"""Whether the numbers of a circuit stay within the ranges that its wires have: what widths rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mulfree.backends.formal.definition import Linear
from mulfree.backends.formal.linear import Form
from mulfree.ir import IntRange
from mulfree.rtl import Circuit, Wire

Place = tuple[Wire, int]


@dataclass
class Facts:
    """Numbers of a circuit as sums of numbers of its inputs (or of what cells that are no sums make)."""

    circuit: Circuit
    forms: dict[Place, Form] = field(default_factory=dict[Place, Form])
    symbols: list[Place] = field(default_factory=list[Place])
    """Of which number n is symbol n + 2, as nets 0 and 1 are constants."""

    def assumptions(self) -> Iterator[str]:
        """What is not implied by the ranges of the inputs: each as a sentence."""
        for wire in self.circuit.inputs:
            self.forms |= {(wire, i): self._symbol(wire, i) for i in range(wire.lanes)}
        for wire in self.circuit.wires:
            claims = [self._lane(wire, i) for i in range(wire.lanes)]
            wanted = _wanted(wire)
            spans = [span for form in claims if form is not None and not _holds(span := self._span(form), wanted)]
            if spans:
                yield f"{wire.name} is within {wanted} (its operands alone would allow {spans[0]})"
            if wire.cell and wire.cell.name == "ring_decode":
                yield f"{wire.name} is within {wire.range}"

    def _lane(self, wire: Wire, lane: int) -> Form | None:
        """The number of a lane, remembered; None where the cell is no sum, and SAT looks after its range."""
        assert wire.cell is not None
        if wire.cell.summation is not None and wire.cell.summation.is_sign:
            self.forms[wire, lane] = self._symbol(wire, lane)
            return self._linear().sum(wire, lane)
        try:
            form = self._linear().lane(wire, lane)
        except ValueError:
            form = None
        self.forms[wire, lane] = self._symbol(wire, lane) if form is None else form
        return form

    def _linear(self) -> Linear:
        return Linear(self._number, self._word)

    def _number(self, wire: Wire, lane: int) -> Form:
        return self.forms[wire, lane if wire.lanes > 1 else 0]

    def _word(self, wire: Wire, lane: int) -> Form:
        """The index of a coded number, which is a sum too if all weights are multiples of the step."""
        form, range = self._number(wire, lane), wire.range
        if not range.is_coded:
            if range.is_signed:
                raise ValueError(f"the word of {wire.name} is no sum")
            return form
        if any(number % range.step for number in (form.constant - range.lo, *form.weights.values())):
            raise ValueError(f"the index of {wire.name} is no sum")
        weights = {net: weight // range.step for net, weight in form.weights.items()}
        return Form(weights, (form.constant - range.lo) // range.step)

    def _symbol(self, wire: Wire, lane: int) -> Form:
        self.symbols.append((wire, lane))
        return Form({len(self.symbols) + 1: 1})

    def _span(self, form: Form) -> IntRange:
        total = IntRange(form.constant, form.constant)
        for symbol, weight in form.weights.items():
            wire, _ = self.symbols[symbol - 2]
            total += wire.range.times(weight)
        return total


def _wanted(wire: Wire) -> IntRange:
    """Of the wire, or of the sum whose sign it is."""
    assert wire.cell is not None
    sum = wire.cell.summation
    if sum is None or not sum.is_sign:
        return wire.range
    width = sign_width(wire)
    return IntRange(-(1 << width - 1), (1 << width - 1) - 1)


def sign_width(wire: Wire) -> int:
    """Bits, in two's complement, of the sum whose sign a wire is."""
    assert wire.cell is not None
    assert wire.cell.summation is not None
    held = wire.cell.summation.sum_range(*(x.type for x in wire.operands))
    return (held | IntRange(-1, 0)).width


def _holds(span: IntRange, range: IntRange) -> bool:
    return span.lo in range and span.hi in range and (span.count == 1 or span.step % range.step == 0)
