"""Terms of a circuit, cell by cell: the plan of each, counted in bits of adders, comparators, logic."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from mulfree.ir import IntArray
from mulfree.rtl import cell_lookup
from mulfree.rtl.circuit import Circuit, Wire, priced
from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.mapping import NOTHING_HELD, Held, is_mapped, mapped
from mulfree.rtl.cost.target import TARGETS
from mulfree.rtl.cost.terms import NOTHING, Terms, amounts
from mulfree.rtl.heap import GENERIC, Summation
from mulfree.rtl.price import signed_digits
from mulfree.rtl.remembered import remembered


def registered_terms(circuit: Circuit, target: str, held: Held = NOTHING_HELD) -> Terms:
    """The circuit and the registers behind its outputs: of equal bits one, of constant ones none."""
    if is_mapped(circuit):
        return mapped(circuit, target, held, is_registered=True)
    bits = sum(wire.type.bits for wire in circuit.outputs.values())
    return circuit_terms(circuit, target, held=held) + Terms(Cost(ffs=bits))


def circuit_terms(circuit: Circuit, target: str, constants: Collection[str] = (), held: Held = NOTHING_HELD) -> Terms:
    """The circuit mapped to tables; if it is too large for that, the sum over its cells.

    `held` is what is known of inputs. `constants` are inputs that do not change, but by words that are not known here:
    what meets them is counted under a name of its own, since synthesis folds it, and heaps of plain logic are weighed.
    """
    return _terms(circuit, target, tuple(constants), tuple((name, tuple(bits)) for name, bits in held.items()))


@remembered
def _terms(
    circuit: Circuit, target: str, constants: tuple[str, ...], known: tuple[tuple[str, tuple[str, ...]], ...]
) -> Terms:
    held = dict(known)
    if is_mapped(circuit) and not constants:
        return mapped(circuit, target, held)
    result = NOTHING
    names = [*constants, *(name for name, bits in known if len(bits[0]) == 1)]
    constant = constant_wires(circuit, names)
    for wire in circuit.wires:
        if wire not in constant:
            result += cell_terms(wire, any(w in constant for w in wire.operands), GENERIC if names else target)
    return result


def constant_wires(circuit: Circuit, constants: Collection[str] = ()) -> set[Wire]:
    """Wires that depend on no input but constants."""
    found = {wire for wire in circuit.inputs if wire.name in constants}
    for wire in circuit.wires:
        if all(w in found for w in wire.operands):
            found.add(wire)
    return found


def cell_terms(wire: Wire, meets_constant: bool, technology: str) -> Terms:
    """Terms of the cell that drives the wire; a heap is planned for `technology`."""
    assert wire.cell is not None, f"{wire.name} has no driver"
    if wire.cell.summation is not None:
        return _heap(wire, wire.cell.summation, technology)
    if wire.cell.table is not None:
        return _lookup(wire, wire.cell.table.array, technology)
    if wire.cell.name in _RING_TABLES:
        return _ring(wire, technology)
    plan = _PLANS.get(wire.cell.name)
    if plan is None:
        return NOTHING
    terms = plan(wire)
    if not meets_constant:
        return terms
    return Terms(terms.known, {f"constant_{name}": amount for name, amount in terms.weighed.items()})


def _heap(wire: Wire, summation: Summation, technology: str) -> Terms:
    """Known from the plan; of plain logic, the bits that are compressed: those that go in less those that are left."""
    operands = tuple(w.type for w in wire.operands)
    if technology == GENERIC:
        heights = summation.heap(wire.type, operands).heights
        return amounts(heap_bits=wire.lanes * max(0, sum(heights) - len(heights)))
    area = summation.area(wire.type, operands, technology)
    return Terms(Cost(luts=area.luts, carries=area.carries, gates=area.gates))


def _lookup(wire: Wire, table: IntArray, technology: str) -> Terms:
    """Tables of as many inputs as the technology's have."""
    operands = tuple(w.type for w in wire.operands)
    inputs = TARGETS[technology].lut_inputs if technology in TARGETS else TARGETS["ice40"].lut_inputs
    assert wire.cell is not None
    if not inputs:
        return Terms(Cost(gates=wire.cell.price(wire.type, operands).gates))
    return Terms(Cost(luts=cell_lookup.luts(table, operands, inputs)))


def _adder(width: int, operand: int, lanes: int = 1) -> Terms:
    """The top bit of a sum wider than its operands is the end of the carry chain."""
    if width > operand:
        return amounts(adder_bits=lanes * (width - 1), carry_outs=lanes)
    return amounts(adder_bits=lanes * width)


def _add(wire: Wire) -> Terms:
    return _adder(wire.type.element_bits, max(w.type.element_bits for w in wire.operands), wire.lanes)


def _extreme(wire: Wire) -> Terms:
    (x,) = wire.operands
    return amounts(select_bits=(x.lanes - 1) * x.type.element_bits)


def _compare(wire: Wire) -> Terms:
    return amounts(compare_bits=wire.lanes * max(w.type.element_bits for w in wire.operands))


def _decode(wire: Wire) -> Terms:
    (x,) = wire.operands
    return NOTHING if x.type.is_plain else amounts(adder_bits=len(signed_digits(x.range.step)) * wire.type.bits)


def _encode(wire: Wire) -> Terms:
    if not wire.range.is_coded:
        return NOTHING
    odd = wire.range.step // (wire.range.step & -wire.range.step)
    digits = len(signed_digits(pow(odd, -1, 1 << wire.type.element_bits)))
    return amounts(adder_bits=digits * wire.type.bits)


def _bits(name: str) -> Callable[[Wire], Terms]:
    return lambda wire: amounts(**{name: wire.type.bits})


def _select(wire: Wire) -> Terms:
    """The larger of two bits is their OR; a comparison of two bits fits the table that chooses."""
    names = {1: "logic_bits", 2: "short_select_bits"}
    return amounts(**{names.get(wire.type.element_bits, "select_bits"): wire.type.bits})


def _ring(wire: Wire, technology: str) -> Terms:
    """Tables of six inputs are counted by the bit: on xc7 two carry chains stand over those of a sum. See `_PLANS` for
    what stands for them elsewhere.
    """
    bits, name = wire.type.element_bits - 1, wire.cell.name if wire.cell else ""
    if technology not in ("xc7", "xcup"):
        return _PLANS[name](wire)
    chains = 2 * -(-bits // 4) if name in ("ring_add", "ring_add_digit") else 0
    known = Cost(luts=_RING_TABLES[name](wire, bits), carries=chains).times(wire.lanes)
    return Terms(replace(known, gates=priced(wire).gates))


def _turn_tables(wire: Wire, bits: int) -> float:
    """Two choices of a bit take a table and a half."""
    choices = wire.operands[1].type.element_bits
    return bits * max(1, choices - 0.5)


_RING_TABLES: dict[str, Callable[[Wire, int], float]] = {
    "ring_add": lambda wire, bits: bits + 2,
    "ring_add_digit": lambda wire, bits: bits + 3,
    "ring_digit": lambda wire, bits: bits + 1,
    "ring_turn": _turn_tables,
}
"""Of a lane, from the wire and the bits of a word."""
_PLANS: dict[str, Callable[[Wire], Terms]] = {
    **dict.fromkeys(("and", "or", "xor", "xnor"), _bits("logic_bits")),
    **dict.fromkeys(("add", "sub", "negate"), _add),
    **dict.fromkeys(("largest", "smallest"), _extreme),
    **dict.fromkeys(("max", "min"), _select),
    "towards_zero": lambda wire: amounts(step_bits=priced(wire).luts),
    "mux": _bits("mux_bits"),
    "ge": _compare,
    "any": lambda wire: amounts(any_bits=wire.operands[0].lanes),
    "decode": _decode,
    "encode": _encode,
    **dict.fromkeys(("ring_add", "ring_add_digit"), lambda wire: amounts(adder_bits=2 * wire.type.bits)),
    "ring_turn": lambda wire: amounts(
        mux_bits=wire.lanes * wire.operands[1].type.element_bits * wire.type.element_bits
    ),
    "ring_digit": _bits("table_bits"),
    "ring_encode": _bits("adder_bits"),
    "ring_decode": _bits("adder_bits"),
}
"""By the name of the cell; every other cell is wiring."""
