"""Terms of a circuit, cell by cell: the plan of each, counted in bits of adders, comparators, logic."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mulfree.ir import IntRange
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.terms import NOTHING, Terms, amounts
from mulfree.rtl.price import signed_digits

SIX = 6
"""Bits that the first level of the library's popcount counts together."""


def circuit_terms(circuit: Circuit, constants: Collection[str] = ()) -> Terms:
    """Sum over the cells; what meets a constant is counted under a name of its own, since synthesis folds it.

    `constants` are the inputs that do not change.
    """
    result = Terms(Cost(levels=circuit.price.delay))
    constant = constant_wires(circuit, constants)
    for wire in circuit.wires:
        if wire not in constant:
            result += cell_terms(wire, any(w in constant for w in wire.operands))
    return result


def constant_wires(circuit: Circuit, constants: Collection[str] = ()) -> set[Wire]:
    """Wires that depend on no input but constants."""
    found = {wire for wire in circuit.inputs if wire.name in constants}
    for wire in circuit.wires:
        if all(w in found for w in wire.operands):
            found.add(wire)
    return found


def cell_terms(wire: Wire, meets_constant: bool) -> Terms:
    """Terms of the cell that drives the wire."""
    assert wire.cell is not None, f"{wire.name} has no driver"
    plan = _PLANS.get(wire.cell.name)
    if plan is None:
        return NOTHING
    terms = plan(wire)
    if not meets_constant:
        return terms
    return Terms(terms.known, {f"constant_{name}": amount for name, amount in terms.weighed.items()})


def popcount_terms(lanes: int) -> Terms:
    """Groups of six counted at once, then a balanced tree of adders of few bits."""
    groups = -(-lanes // SIX)
    return amounts(sixes=lanes / SIX, count_bits=_count_bits(min(lanes, SIX), groups, lanes))


def _count_bits(leaf: int, leaves: int, most: int) -> int:
    """Bits of all the sums of a tree over counts up to `leaf`, none larger than `most`."""
    if leaves <= 1:
        return 0
    small, large = leaves // 2, leaves - leaves // 2
    own = min(leaf * leaves, most).bit_length()
    return own + _count_bits(leaf, small, most) + _count_bits(leaf, large, most)


def _popcount(wire: Wire) -> Terms:
    negation = amounts(adder_bits=wire.type.bits) if wire.range.lo < 0 else NOTHING
    return popcount_terms(wire.operands[0].lanes) + negation


def _sum(wire: Wire) -> Terms:
    (x,) = wire.operands
    return _tree(x.range, x.lanes)


def _tree(leaf: IntRange, leaves: int) -> Terms:
    """All the sums of a balanced tree."""
    if leaves <= 1:
        return NOTHING
    small, large = leaves // 2, leaves - leaves // 2
    return _adder(leaf.scaled(leaves).width, leaf.scaled(large).width) + _tree(leaf, small) + _tree(leaf, large)


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


_PLANS: dict[str, Callable[[Wire], Terms]] = {
    **dict.fromkeys(("and", "or", "xor", "xnor"), _bits("logic_bits")),
    **dict.fromkeys(("add", "sub", "negate"), _add),
    **dict.fromkeys(("popcount", "scaled_popcount"), _popcount),
    **dict.fromkeys(("largest", "smallest"), _extreme),
    **dict.fromkeys(("max", "min"), _select),
    "mux": _bits("mux_bits"),
    "ge": _compare,
    "sum": _sum,
    "any": lambda wire: amounts(any_bits=wire.operands[0].lanes),
    "decode": _decode,
    "encode": _encode,
}
"""By the name of the cell; every other cell is wiring."""
