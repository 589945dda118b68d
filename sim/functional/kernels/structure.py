"""Operators that move elements: the operator itself, evaluated on element numbers, gives the table of moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mulfree.ir import AnyArray
from mulfree.ir.ops import Pad, Reshape
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import IntNode, IntValue, Planner
from mulfree.sim.functional.storage import Kind, Storage, fits, storage_of
from mulfree.sim.functional.vector import int32s

OUTSIDE = -1
"""Number of an element that no operand has."""


def build_structure(planner: Planner, node: IntNode) -> bool:
    if not all(fits(v.type.range, Kind.INT64) for v in (*node.inputs, node.output)):
        return False
    if isinstance(node.op, Reshape) and (_reshape_external(planner, node) or planner.flatten(node)):
        return True
    origins = _origins(node)
    if len(node.inputs) == 1 and _alias(planner, node, origins):
        return True
    if _move_words(planner, node, origins):
        return True
    _move(planner, node, origins)
    return True


def _origins(node: IntNode) -> AnyArray:
    """For each element of the result, which element it is, numbering those of all operands through.

    What comes from no operand is 0, or a Pad's value; numbered from 1, elements are never 0.
    """
    numbers: list[AnyArray] = []
    for value in node.inputs:
        first = 1 + sum(n.size for n in numbers)
        numbers.append(np.arange(first, first + value.type.size).reshape(1, *value.type.shape))
    op = replace(node.op, value=OUTSIDE + 1) if isinstance(node.op, Pad) else node.op
    return op.evaluate(*numbers).ravel() - 1


def _reshape_external(planner: Planner, node: IntNode) -> bool:
    """The caller's array is in C order under any shape."""
    (x,) = node.inputs
    if x in planner.external:
        planner.external[node.output] = replace(planner.external[x], type=node.output.type)
    return x in planner.external


def _alias(planner: Planner, node: IntNode, origins: AnyArray) -> bool:
    """Nothing to do where every element is stored at its place already."""
    (x,) = node.inputs
    buffers = [planner.operand(x, kind) for kind in planner.kinds(x)]
    done = False
    for buffer in buffers:
        target = storage_of(node.output.type, buffer.storage.kind)
        if (
            target.size == buffer.storage.size
            and target.range == buffer.storage.range
            and _stays(buffer.storage, target, origins)
        ):
            planner.define(node.output, Buffer(buffer.slot, target))
            done = True
    return done


def _stays(source: Storage, target: Storage, origins: AnyArray) -> bool:
    if OUTSIDE in origins or len(origins) != source.channels * source.positions:
        return False
    return bool((_bit_place(source, origins) == _bit_place(target, np.arange(len(origins)))).all())


def _bit_place(storage: Storage, flat: AnyArray) -> AnyArray:
    """Where an element is stored, in elements, or bits of packed words."""
    pitch = storage.pitch * 32 if storage.kind is Kind.BITS else storage.pitch
    place: AnyArray = flat % storage.positions * pitch + flat // storage.positions
    return place


def _move_words(planner: Planner, node: IntNode, origins: AnyArray) -> bool:
    """Packed bits, where whole words move and keep their bits."""
    ranges = {v.type.range for v in (*node.inputs, node.output)}
    packed = all(Kind.BITS in planner.kinds(v) for v in node.inputs)
    if len(ranges) > 1 or not packed or OUTSIDE in origins:
        return False
    operands = [planner.operand(v, Kind.BITS) for v in node.inputs]
    target = storage_of(node.output.type, Kind.BITS)
    moves = [
        _word_moves(x.storage, target, chosen, places)
        for x, (chosen, places) in zip(operands, _split(node, origins), strict=True)
    ]
    if any(move is None for move in moves):
        return False
    out = planner.result(node.output, Kind.BITS)
    for x, move in zip(operands, moves, strict=True):
        assert move is not None
        _call_move(planner, x, out, *move, 0)
    return True


def _word_moves(
    source: Storage, target: Storage, chosen: AnyArray, places: AnyArray
) -> tuple[AnyArray, AnyArray] | None:
    """(from, to) words, or None if a word would have to be taken apart."""
    bits, to = _bit_place(source, chosen), _bit_place(target, places)
    words = np.unique(np.stack([bits // 32, to // 32]), axis=1)
    intact = (bits % 32 == to % 32).all() and len(np.unique(words[1])) == words.shape[1]
    whole = _bits_used(source)[words[0]] == _bits_used(target)[words[1]]
    return (words[0], words[1]) if intact and bool(whole.all()) else None


def _bits_used(storage: Storage) -> AnyArray:
    """How many bits of each word belong to channels."""
    used = np.clip(storage.channels - 32 * np.arange(storage.pitch), 0, 32)
    return np.tile(used, storage.positions)


def _split(node: IntNode, origins: AnyArray) -> list[tuple[AnyArray, AnyArray]]:
    """Per operand: numbers of its elements that are wanted, and where in the result."""
    parts: list[tuple[AnyArray, AnyArray]] = []
    first = 0
    for value in node.inputs:
        (places,) = np.nonzero((origins >= first) & (origins < first + value.type.size))
        parts.append((origins[places] - first, places))
        first += value.type.size
    return parts


def _move(planner: Planner, node: IntNode, origins: AnyArray) -> None:
    kinds = [kind for kind in (Kind.BYTE, Kind.INT32, Kind.INT64) if fits(node.output.type.range, kind)]
    storage = storage_of(node.output.type, kinds[0])
    outside = node.op.value if isinstance(node.op, Pad) else 0
    fill = outside - storage.bias if OUTSIDE in origins else 0
    out = planner.define(node.output, planner.scratch(storage, fill))
    for value, (chosen, places) in zip(node.inputs, _split(node, origins), strict=True):
        x = _as_ints(planner, value)
        move = (x.storage.index(chosen), storage.index(places))
        _call_move(planner, x, out, *move, x.storage.bias - storage.bias)


def _as_ints(planner: Planner, value: IntValue) -> Buffer:
    return planner.operand(value, Kind.BYTE, Kind.INT32, Kind.INT64)


def _call_move(planner: Planner, x: Buffer, out: Buffer, source: AnyArray, target: AnyArray, delta: int) -> None:
    tables = (planner.address(source.astype(np.int32)), planner.address(target.astype(np.int32)))
    planner.call(MOVE, x.slot, out.slot, (len(source), x.storage.elements, out.storage.elements, *tables, delta))


def _move_elements(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """out[to[i]] = a[from[i]] + delta."""
    count, from_sample, to_sample, delta = params[0], params[1], params[2], params[5]
    source, target = int32s(params[3]), int32s(params[4])
    for s in range(n):
        for i in range(count):
            out[s * to_sample + target[i]] = a[s * from_sample + source[i]] + delta


MOVE = Kernel(_move_elements)
