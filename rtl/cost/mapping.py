"""A circuit mapped to a target: its cells bit by bit as logic, covered by tables, beside carry chains and heaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, reduce

from mulfree.ir import IntArray, IntRange
from mulfree.rtl.cell_lookup import entries
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.cost.chains import CARRY4, GATES, Bits, Chains
from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.cover import tables
from mulfree.rtl.cost.gates import area
from mulfree.rtl.cost.logic import FALSE, TRUE
from mulfree.rtl.cost.target import TARGETS
from mulfree.rtl.cost.terms import Terms
from mulfree.rtl.heap import GENERIC, Bit, Heap, Plan, Summation
from mulfree.rtl.heap.wiring import wiring
from mulfree.rtl.price import signed_digits

MOST_BITS = 16000
"""Of all wires together: larger circuits are weighed by their amounts."""
MOST_COPIED_BITS = 8000
"""Of the wires of all copies that are mapped together; of more copies, some are."""
MOST_HEAP_BITS = 1000
"""Of a heap's lane: larger ones are taken from their plan."""
RESET_BEFORE_ENABLE = CARRY4
"""Where a reset comes before a register's enable, so that what resets is no reset but with the enable."""
Held = Mapping[str, Sequence[str]]
"""What the bits of an input are over time, the lowest first, as 0s and 1s: constant bits and equal ones are one."""
NOTHING_HELD: Held = {}


def is_mapped(circuit: Circuit) -> bool:
    """Whether every cell is known here, and there are not too many."""
    known = all(w.cell and (w.cell.summation or w.cell.table or _is_known(w)) for w in circuit.wires)
    return known and sum(wire.type.bits for wire in circuit.wires) <= MOST_BITS


def _is_known(wire: Wire) -> bool:
    assert wire.cell is not None
    moves = wire.cell.moves and wire.cell.moves(wire.type, tuple(w.type for w in wire.operands))
    return bool(moves is not None) or wire.cell.name in _CELLS


def mapped(circuit: Circuit, target: str, *held: Held, is_registered: bool = False) -> Terms:
    """Tables and carries of the circuit, or gates, to be weighed; with `is_registered`, the registers of its outputs.

    With several `held`, of as many copies that share their other inputs, and so every sum that is the same.
    """
    made = Circuitry(target)
    for of_copy in held or (NOTHING_HELD,):
        made.include(circuit, of_copy)
    return made.registered_terms() if is_registered else made.terms(made.outputs)


class Circuitry:
    """Circuits' wires as bits, and the logic and chains that drive them."""

    def __init__(self, target: str) -> None:
        self.target, self.technology = target, target
        self.chains, self.heaps = Chains(target), Cost()
        self.logic = self.chains.logic
        self.bits: dict[Wire, Bits] = {}
        self.shared: dict[str, Bits] = {}
        self.outputs = Bits()
        self.choices: dict[int, tuple[int, int, int]] = {}
        """Of a choice between a constant and a bit: what selects the constant, the constant, the bit."""

    def include(self, circuit: Circuit, held: Held) -> None:
        """A copy of the circuit; heaps where all is constant that is held are of plain logic."""
        is_constant = bool(held) and all(len(bit) == 1 for bits in held.values() for bit in bits)
        self.technology = GENERIC if is_constant else self.target
        for wire in circuit.inputs:
            self.bits[wire] = self._input(wire, held.get(wire.name))
        for wire in circuit.wires:
            self.bits[wire] = self._driven(wire)
        self.outputs += [bit for wire in circuit.outputs.values() for bit in self.bits[wire]]

    def terms(self, outputs: Sequence[int]) -> Terms:
        """Of what the outputs and the chains read."""
        chains, logic, roots = self.chains, self.logic, [*self.chains.roots, *outputs]
        if self.target == GATES:
            return _counted(self.heaps, gates=area(logic, roots))
        luts = tables(logic, roots, TARGETS[self.target].lut_inputs) + self._inverters(roots)
        beside = len(logic.read(roots).intersection(sum >> 1 for sum in chains.sums)) if chains.sums else 0
        return _counted(self.heaps, tables=luts, chain_tables=chains.cost.luts + beside, chains=chains.cost.carries)

    def registered_terms(self) -> Terms:
        """With a register for every different bit of the outputs; a choice of a constant is its reset."""
        bits = dict.fromkeys(bit for bit in self.outputs if bit > TRUE)
        kept = Terms(Cost(ffs=len(bits)))
        if self.target == GATES:
            return kept + self.terms([*bits])
        data, resets = zip(*map(self._reset, bits), strict=True) if bits else ((), ())
        return kept + self.terms([*data, *map(self._any, {*resets} - {frozenset()})])

    @cached_property
    def _enable(self) -> int:
        """Of the registers behind the outputs."""
        return self.logic.input()

    def _any(self, selects: frozenset[int]) -> int:
        """What resets a register that any of these resets."""
        any_of = self.logic.all_of([select ^ 1 for select in sorted(selects)]) ^ 1
        return self.logic.both(any_of, self._enable) if self.target in RESET_BEFORE_ENABLE else any_of

    def _reset(self, bit: int) -> tuple[int, frozenset[int]]:
        """What a register reads, and what resets it to a constant."""
        selects, value = set[int](), None
        while bit in self.choices and value in (None, self.choices[bit][1]):
            select, value, bit = self.choices[bit]
            selects.add(select)
        return bit, frozenset(selects)

    def choose(self, select: int, a: int, b: int) -> int:
        """As of logic."""
        made = self.logic.choose(select, a, b)
        if (a <= TRUE) != (b <= TRUE) and made >> 1 > max(a, b) >> 1:
            self.choices.setdefault(made, (select, a, b) if a <= TRUE else (select ^ 1, b, a))
        return made

    def _inverters(self, roots: Sequence[int]) -> int:
        """Of inputs that are wanted complemented; on CARRY4 targets what reads them takes that in."""
        if self.target in CARRY4:
            return 0
        return len({root for root in roots if root & 1 and self.logic.is_input(root)})

    def _input(self, wire: Wire, held: Sequence[str] | None) -> Bits:
        if held is None:
            if wire.name not in self.shared:
                self.shared[wire.name] = self.logic.inputs(wire.type.bits)
            return self.shared[wire.name]
        known = {column: int(column[0]) if len(set(column)) == 1 else self.logic.input() for column in held}
        return [known[column] for column in held]

    def _driven(self, wire: Wire) -> Bits:
        assert wire.cell is not None
        if wire.cell.summation is not None:
            return self._heap(wire)
        if wire.cell.table is not None:
            return self._lookup(wire, wire.cell.table.array)
        moves = wire.cell.moves and wire.cell.moves(wire.type, tuple(w.type for w in wire.operands))
        if moves is not None:
            return [bit if k < 0 else self.bits[wire.operands[k]][bit] for k, bit in moves]
        return _CELLS[wire.cell.name](self, wire)

    def lane(self, wire: Wire, lane: int, width: int, range: IntRange | None = None) -> Bits:
        """A word, sign or zero extended, or cut; a wire of one lane meets every lane."""
        size = wire.type.element_bits
        first = 0 if wire.lanes == 1 else lane * size
        word = self.bits[wire][first : first + size]
        fill = word[-1] if (range or wire.range).is_signed else FALSE
        return [*word, *[fill] * (width - size)][:width]

    def lanes(self, wire: Wire, of_lane: Callable[[int], Bits]) -> Bits:
        return [bit for lane in range(wire.lanes) for bit in of_lane(lane)]

    def _lookup(self, wire: Wire, table: IntArray) -> Bits:
        planes = entries(table, wire.type, tuple(w.type for w in wire.operands))

        def of_lane(lane: int) -> Bits:
            address = [bit for w in reversed(wire.operands) for bit in self.lane(w, lane, w.type.element_bits)]
            return [self._chosen([int(e) for e in plane], address) for plane in planes]

        return self.lanes(wire, of_lane)

    def _chosen(self, entries: Sequence[int], address: Bits) -> int:
        """Of so many entries, by the address, its highest bit first."""
        if len(set(entries)) == 1:
            return entries[0]
        half = len(entries) // 2
        low, high = (self._chosen(part, address[:-1]) for part in (entries[:half], entries[half:]))
        # Where a reset would need the enable beside it, a table of constants stays one.
        choose = self.logic.choose if self.target in RESET_BEFORE_ENABLE else self.choose
        return choose(address[-1], high, low)

    def _heap(self, wire: Wire) -> Bits:
        """Bit by bit; of primitives, and where it is large, as the plan has it."""
        sum, types = _summation(wire), tuple(w.type for w in wire.operands)
        bits, plan = sum.planned(wire.type, types, self.technology)
        is_large = len([b for column in bits.columns for b in column]) > MOST_HEAP_BITS
        if self.technology == GENERIC or not (self.target in CARRY4 or is_large):
            return self.lanes(wire, lambda lane: self._compressed(wire, bits, plan, lane))
        takes = sum.area(wire.type, types, self.target)
        self.heaps += Cost(luts=takes.luts, carries=takes.carries, gates=takes.gates)
        self.chains.roots += [bit for w in wire.operands for bit in self.bits[w]]
        return self.logic.inputs(wire.type.bits)

    def _compressed(self, wire: Wire, bits: Heap, plan: Plan, lane: int) -> Bits:
        vectors = [[self._heap_bit(wire, bit, lane) for column in bits.columns for bit in column]]
        stages, left = wiring(plan)
        for wired in stages:
            vectors.append([])
            for placed, taken in wired:
                x = [FALSE if place is None else vectors[place[0]][place[1]] for place in taken]
                vectors[-1] += self._counter(placed.counter.module, x, placed.counter.gives)
        row = [FALSE if place is None else vectors[place[0]][place[1]] for place in left]
        return [*row[:-1], row[-1] ^ bits.is_top_inverted]

    def _heap_bit(self, wire: Wire, bit: Bit, lane: int) -> int:
        if bit.operand is None:
            return TRUE
        word = wire.operands[bit.operand]
        at = bit.lane if _summation(wire).is_across else (lane if word.lanes > 1 else 0)
        return self.bits[word][at * word.type.element_bits + bit.place] ^ bit.is_inverted

    def _counter(self, module: str, x: Bits, gives: int) -> Bits:
        if module == "heap_row":
            a, b = ([*x[i::2], *[FALSE] * gives][:gives] for i in (1, 2))
            return self.chains.add(a, b, x[0])
        if module == "heap_full_adder":
            return self.chains.full_adder(*x)
        return [self.logic.differ(*x), self.logic.both(*x)]


def _counted(known: Cost, **found: float) -> Terms:
    return Terms(known, {name: amount for name, amount in found.items() if amount})


def _summation(wire: Wire) -> Summation:
    assert wire.cell is not None, f"{wire.name} has no driver"
    assert wire.cell.summation is not None, f"{wire.name} is no heap"
    return wire.cell.summation


def _gate(of: Callable[[Circuitry, int, int], int]) -> Callable[[Circuitry, Wire], Bits]:
    def made(m: Circuitry, wire: Wire) -> Bits:
        a, b = wire.operands
        return m.lanes(wire, lambda lane: [of(m, m.lane(a, lane, 1)[0], m.lane(b, lane, 1)[0])])

    return made


def _not(m: Circuitry, wire: Wire) -> Bits:
    return [bit ^ 1 for bit in m.bits[wire.operands[0]]]


def _sum(is_difference: bool) -> Callable[[Circuitry, Wire], Bits]:
    def made(m: Circuitry, wire: Wire) -> Bits:
        (a, b), width = wire.operands, wire.type.element_bits
        add = m.chains.subtract if is_difference else m.chains.add
        return m.lanes(wire, lambda lane: add(m.lane(a, lane, width), m.lane(b, lane, width)))

    return made


def _negate(m: Circuitry, wire: Wire) -> Bits:
    (a,), width = wire.operands, wire.type.element_bits
    return m.lanes(wire, lambda lane: m.chains.subtract([FALSE] * width, m.lane(a, lane, width)))


def _towards_zero(m: Circuitry, wire: Wire) -> Bits:
    """The sign of x complements a, and is the carry in, of a chain above the bits that stay."""
    assert wire.cell is not None
    ((x, a), (shift,)), width = (wire.operands, wire.cell.arguments), wire.type.element_bits

    def of_lane(lane: int) -> Bits:
        word, bits = m.lane(x, lane, width), m.lane(x, lane, x.type.element_bits)
        minus = (bits[-1] if x.range.is_signed else FALSE) ^ 1
        step = [m.logic.differ(bit, minus) for bit in m.lane(a, lane, width - shift)]
        return [*word[:shift], *m.chains.add(word[shift:], step, minus)]

    return m.lanes(wire, of_lane)


def _common(wire: Wire) -> IntRange:
    """The range in which operands are compared."""
    return reduce(lambda a, b: a | b, (IntRange(w.range.lo, w.range.hi) for w in wire.operands))


def _ge(m: Circuitry, wire: Wire) -> Bits:
    (a, b), common = wire.operands, _common(wire)
    width = max(1, common.width)
    return m.lanes(
        wire, lambda lane: [m.chains.reaches(m.lane(a, lane, width), m.lane(b, lane, width), common.is_signed)]
    )


def _extreme(is_max: bool) -> Callable[[Circuitry, Wire], Bits]:
    def made(m: Circuitry, wire: Wire) -> Bits:
        (a, b), common = wire.operands, _common(wire)

        def of_lane(lane: int) -> Bits:
            x, y = (m.lane(w, lane, max(1, common.width)) for w in (a, b))
            return _first_of(m, x, y, is_max, common.is_signed)[: wire.type.element_bits]

        return m.lanes(wire, of_lane)

    return made


def _extreme_lane(is_max: bool) -> Callable[[Circuitry, Wire], Bits]:
    """Of all lanes: node n of the tree chooses between nodes 2n + 1 and 2n + 2, the leaves are the last."""

    def made(m: Circuitry, wire: Wire) -> Bits:
        (x,) = wire.operands
        top = int(x.range.is_signed)
        leaves = [_turned(m.lane(x, lane, x.type.element_bits), top) for lane in range(x.lanes)]
        nodes = [leaves[0]] * (x.lanes - 1) + leaves
        for n in reversed(range(x.lanes - 1)):
            nodes[n] = _first_of(m, nodes[2 * n + 1], nodes[2 * n + 2], is_max)
        return _turned(nodes[0], top)

    return made


def _turned(word: Bits, top: int) -> Bits:
    """Turning the top bit over makes the order of two's complement that of plain binary."""
    return [*word[:-1], word[-1] ^ top]


def _first_of(m: Circuitry, x: Bits, y: Bits, is_max: bool, is_signed: bool = False) -> Bits:
    """The larger, or the smaller."""
    first = m.chains.reaches(x, y, is_signed) if is_max else m.chains.exceeds(x, y, is_signed) ^ 1
    return [m.choose(first, p, q) for p, q in zip(x, y, strict=True)]


def _mux(m: Circuitry, wire: Wire) -> Bits:
    (select, a, b), width = wire.operands, wire.type.element_bits

    def of_lane(lane: int) -> Bits:
        chosen = m.lane(select, lane, 1)[0]
        pairs = zip(m.lane(a, lane, width), m.lane(b, lane, width), strict=True)
        return [m.choose(chosen, p, q) for p, q in pairs]

    return m.lanes(wire, of_lane)


def _any(m: Circuitry, wire: Wire) -> Bits:
    return [m.logic.all_of([bit ^ 1 for bit in m.bits[wire.operands[0]]]) ^ 1]


def _constant_bits(value: int, width: int) -> Bits:
    return [value >> place & 1 for place in range(width)]


def _scaled(m: Circuitry, word: Bits, factor: int, total: Bits) -> Bits:
    """total + factor * word modulo 2^n, digit by digit."""
    width = len(total)
    for sign, shift in signed_digits(factor):
        shifted = [*[FALSE] * shift, *word, *[FALSE] * width][:width]
        total = m.chains.subtract(total, shifted) if sign == "-" else m.chains.add(total, shifted)
    return total


def _decode(m: Circuitry, wire: Wire) -> Bits:
    """lo + step * index."""
    (x,), width = wire.operands, wire.type.element_bits
    low = _constant_bits(x.range.lo, width)
    return m.lanes(wire, lambda lane: _scaled(m, m.lane(x, lane, width, IntRange(0, 1)), x.range.step, low))


def _encode(m: Circuitry, wire: Wire) -> Bits:
    """(number - lo) / step, the odd part of the step modulo 2^n."""
    (x,), range = wire.operands, wire.range
    shift = (range.step & -range.step).bit_length() - 1
    width = wire.type.element_bits + shift
    odd = range.step >> shift

    def of_lane(lane: int) -> Bits:
        offset = m.chains.add(m.lane(x, lane, width), _constant_bits(-range.lo, width))[shift:]
        return offset if odd == 1 else _scaled(m, offset, pow(odd, -1, 1 << len(offset)), [FALSE] * len(offset))

    return m.lanes(wire, of_lane)


def _from_index(m: Circuitry, wire: Wire) -> Bits:
    (x,), width = wire.operands, wire.type.element_bits
    low = _constant_bits(wire.range.lo, width)
    return m.lanes(wire, lambda lane: m.chains.add(m.lane(x, lane, width), low))


_CELLS: dict[str, Callable[[Circuitry, Wire], Bits]] = {
    "and": _gate(lambda m, a, b: m.logic.both(a, b)),
    "or": _gate(lambda m, a, b: m.logic.either(a, b)),
    "xor": _gate(lambda m, a, b: m.logic.differ(a, b)),
    "xnor": _gate(lambda m, a, b: m.logic.differ(a, b) ^ 1),
    "not": _not,
    "add": _sum(False),
    "sub": _sum(True),
    "negate": _negate,
    "towards_zero": _towards_zero,
    "ge": _ge,
    "max": _extreme(True),
    "min": _extreme(False),
    "largest": _extreme_lane(True),
    "smallest": _extreme_lane(False),
    "mux": _mux,
    "any": _any,
    "decode": _decode,
    "encode": _encode,
    "from_index": _from_index,
}
