"""Arrival of the results of a circuit, cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.price import signed_digits
from mulfree.rtl.timing.chain import added, compared, totalled
from mulfree.rtl.timing.delays import Delays
from mulfree.rtl.timing.heap import summed
from mulfree.rtl.timing.ring import ring_add, ring_decode, ring_digit, ring_encode, ring_rotate, ring_turn
from mulfree.rtl.timing.signal import NEVER, ONE, Signal, joined, leaf, table, wide

Inputs = Mapping[str, Signal]
"""By the circuit's inputs: (lanes, element bits)."""
Arrival = Callable[[Delays, Wire, list[Signal]], Signal]


def arrival(delays: Delays, circuit: Circuit, technology: str, inputs: Inputs) -> dict[str, Signal]:
    """When the outputs' bits, (lanes, element bits), are there; heaps as planned for a technology."""
    found = {wire: inputs[wire.name].to((wire.lanes, wire.type.element_bits)) for wire in circuit.inputs}
    summands = _summands(circuit)
    for wire in circuit.wires:
        found[wire] = _through(delays, wire, technology, [found[x] for x in summands.get(wire, wire.operands)])
    return {name: found[wire] for name, wire in circuit.outputs.items()}


def _summands(circuit: Circuit) -> dict[Wire, list[Wire]]:
    """What each sum adds up, in place of sums that nothing else reads: synthesis makes them one."""
    readers = Counter(x for wire in circuit.wires for x in wire.operands)
    readers.update(circuit.outputs.values())
    found: dict[Wire, list[Wire]] = {}
    for wire in circuit.wires:
        if _is_sum(wire):
            parts = [found[x] if x in found and readers[x] == 1 else [x] for x in wire.operands]
            found[wire] = [x for part in parts for x in part]
    return found


def _is_sum(wire: Wire) -> bool:
    return wire.cell is not None and wire.cell.name in ("add", "sub", "negate")


def _through(delays: Delays, wire: Wire, technology: str, operands: list[Signal]) -> Signal:
    assert wire.cell is not None, f"{wire.name} has no driver"
    if wire.cell.summation is not None:
        return _heap(delays, wire, technology, operands)
    moved = wire.cell.moves and wire.cell.moves(wire.type, tuple(x.type for x in wire.operands))
    if moved is not None:
        return _moved(wire, moved, operands)
    if wire.cell.table is not None:
        return _lookup(delays, wire, operands)
    return CELLS[wire.cell.name](delays, wire, operands)


def _moved(wire: Wire, moved: list[tuple[int, int]], operands: list[Signal]) -> Signal:
    """Wiring."""
    flat = [x.reshape(x.at.size) for x in operands]
    # Behind the operands stand the constants 0 and 1, which CONSTANT, the last, points to.
    first = np.cumsum([0, *(x.at.size for x in flat)]).tolist()
    pool = joined([*flat, leaf(np.array([NEVER, ONE]))])
    places = [first[operand] + bit for operand, bit in moved]
    return pool[np.array(places, dtype=np.int64)].reshape(wire.lanes, wire.type.element_bits)


def _heap(delays: Delays, wire: Wire, technology: str, operands: list[Signal]) -> Signal:
    """All lanes of the result at once: they have the same plan."""
    assert wire.cell is not None
    assert wire.cell.summation is not None
    heap, plan = wire.cell.summation.planned(wire.type, tuple(x.type for x in wire.operands), technology)
    flat = [x.reshape(-1, w.type.element_bits) for x, w in zip(operands, wire.operands, strict=True)]
    bits = [bit for column in heap.columns for bit in column]
    rows = [
        leaf(NEVER, (wire.lanes,)) if bit.operand is None else _lanes(wire, flat[bit.operand], bit.lane, bit.place)
        for bit in bits
    ]
    if not rows:
        return leaf(NEVER, (wire.lanes, wire.type.element_bits))
    own = Signal(*(np.stack(parts) for parts in zip(*rows, strict=True)))
    return summed(delays, heap, plan, own).to((wire.lanes, wire.type.element_bits))


def _lanes(wire: Wire, x: Signal, lane: int, place: int) -> Signal:
    """The bit in every lane of the result: each lane's own where lanes are summed one by one."""
    if wire.lanes > 1 and x.shape[0] == wire.lanes:
        return x[:, place]
    return x[lane : lane + 1, place].to((wire.lanes,))


def _lookup(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """Each bit is a function of the whole address."""
    address = joined([x.to((wire.lanes, x.shape[-1])) for x in operands])
    return _repeated(read(delays, address), wire)


def read(delays: Delays, address: Signal) -> Signal:
    """One bit of constants chosen by an address (..., bits): a table, and a multiplexer for each further bit."""
    size = delays.lut_inputs
    if address.shape[-1] <= size:
        return table(delays, *(address[..., i] for i in range(address.shape[-1])))
    order = np.argsort(address.at, axis=-1)
    address = Signal(*(np.take_along_axis(part, order, axis=-1) for part in address))
    word = table(delays, *(address[..., i] for i in range(size)))
    for place in range(size, address.shape[-1]):
        word = table(delays, word, word, address[..., place])
    return word


def _repeated(bit: Signal, wire: Wire) -> Signal:
    """The same for every bit of an element."""
    column = Signal(*(part[..., None] for part in bit))
    return column.to((wire.lanes, wire.type.element_bits))


def _logic(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    return table(delays, *(x.to((wire.lanes, wire.type.element_bits)) for x in operands))


def _same(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """A complement costs nothing: what reads it takes it in."""
    del delays
    return operands[0].to((wire.lanes, wire.type.element_bits))


def _sum(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """What is subtracted is complemented before the chain."""
    assert wire.cell is not None
    shaped = [x.to((wire.lanes, x.shape[-1])) for x in operands]
    if wire.cell.name in ("sub", "negate"):
        shaped[-1] = table(delays, shaped[-1])
    return totalled(delays, wire.type.element_bits, shaped)


def _compare(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """With 0 it is the sign."""
    a, b = (x.to((wire.lanes, x.shape[-1])) for x in operands)
    equal = _equal_ends(wire.operands[1], max(a.shape[-1], b.shape[-1]), 0)
    return _at_least(delays, a, b, equal, is_signed=_is_signed(wire))


def _is_signed(wire: Wire) -> bool:
    return any(x.range.is_signed for x in wire.operands)


def _at_least(delays: Delays, a: Signal, b: Signal, equal: int, *, is_signed: bool) -> Signal:
    """Without the lowest bits, where a constant makes them equal to nothing: what is left of few bits is a table."""
    kept = max(1, max(a.shape[-1], b.shape[-1]) - equal)
    a, b = (x[..., -min(kept, x.shape[-1]) :] for x in (a, b))
    if kept == 1 or (kept == 2 and b.latest <= NEVER):
        return wide(delays, joined([a, b])).reshape(a.shape[0], 1)
    return compared(delays, a, b, is_signed=is_signed)


def _equal_ends(wire: Wire, width: int, end: int) -> int:
    """How many of a constant's lowest bits are all `end`, in every lane; of what is no constant, none."""
    if wire.cell is None or wire.cell.name != "constant":
        return 0
    words = [int(value) ^ -end for value in wire.cell.evaluate(()).ravel()]
    return min((word & -word).bit_length() - 1 if word else width for word in words)


def _select(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    a, b = (x.to((wire.lanes, x.shape[-1])) for x in operands)
    assert wire.cell is not None
    end = 0 if wire.cell.name == "max" else 1
    equal = max(_equal_ends(x, wire.type.element_bits, end) for x in wire.operands)
    return _larger(delays, a, b, wire.type.element_bits, equal, is_signed=_is_signed(wire))


def _larger(delays: Delays, a: Signal, b: Signal, width: int, equal: int = 0, *, is_signed: bool = False) -> Signal:
    """One of two words; of one bit it is a table, else a comparison and a choice."""
    a, b = (x[..., np.minimum(np.arange(width), x.shape[-1] - 1)] for x in (a, b))
    if width == 1:
        return table(delays, a, b)
    return table(delays, _at_least(delays, a, b, equal, is_signed=is_signed), a, b)


def _extreme(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """A balanced tree over the lanes."""
    (x,) = operands
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        best = _larger(delays, x[:half], x[half : 2 * half], x.shape[-1])
        x = joined([best, x[2 * half :]], axis=0)
    return x[..., : wire.type.element_bits]


def _any(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    del wire
    (x,) = operands
    return wide(delays, x.reshape(1, x.at.size)).reshape(1, 1)


def _digits(delays: Delays, wire: Wire, x: Signal, count: int) -> Signal:
    """So many terms of a product, and a constant."""
    word = x.to((wire.lanes, x.shape[-1]))
    return totalled(delays, wire.type.element_bits, [word] * max(1, count))


def _decode(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    return _digits(delays, wire, operands[0], len(signed_digits(wire.operands[0].range.step)))


def _encode(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    range_ = wire.range
    odd = range_.step // (range_.step & -range_.step)
    inverse = pow(odd, -1, 1 << wire.type.element_bits) if odd > 1 else 1
    return _digits(delays, wire, operands[0], len(signed_digits(inverse)) + (range_.lo != 0) - 1)


def _mux(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    select, *words = (x.to((wire.lanes, x.shape[-1])) for x in operands)
    width = np.arange(wire.type.element_bits)
    chosen = [x[..., np.minimum(width, x.shape[-1] - 1)] for x in words]
    result = table(delays, select[..., :1], *chosen)
    return _where(select[..., :1], NEVER, chosen[1], _where(select[..., :1], ONE, chosen[0], result))


def _where(select: Signal, constant: float, chosen: Signal, other: Signal) -> Signal:
    """What a constant chooses."""
    return Signal(*(np.where(select.at == constant, a, b) for a, b in zip(chosen, other, strict=True)))


def _towards_zero(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """The sign of x complements a and is the carry in, of one chain."""
    x, a = (word.to((wire.lanes, word.shape[-1])) for word in operands)
    return added(delays, wire.type.element_bits, x, table(delays, a, x[..., -1:]))


CELLS: dict[str, Arrival] = {
    **dict.fromkeys(("and", "or", "xor", "xnor"), _logic),
    "not": _same,
    **dict.fromkeys(("add", "sub", "negate", "from_index"), _sum),
    "ge": _compare,
    **dict.fromkeys(("max", "min"), _select),
    **dict.fromkeys(("largest", "smallest"), _extreme),
    "any": _any,
    "mux": _mux,
    "decode": _decode,
    "encode": _encode,
    "towards_zero": _towards_zero,
    **dict.fromkeys(("ring_add", "ring_add_digit"), ring_add),
    "ring_digit": ring_digit,
    "ring_turn": ring_turn,
    "ring_rotate": ring_rotate,
    "ring_encode": ring_encode,
    "ring_decode": ring_decode,
}
"""By the name of the cell; every other cell is wiring, a heap or a table."""
