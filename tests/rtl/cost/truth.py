"""What logic computes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from mulfree.rtl.cost.logic import AND, INPUT, XOR, Logic


def values(logic: Logic, literals: Sequence[int], inputs: int) -> list[list[int]]:
    """Of the literals, for every value of the first inputs, the first input changing fastest."""
    rows = [bits[::-1] for bits in product((0, 1), repeat=inputs)]
    return [evaluated(logic, literals, row) for row in rows]


def evaluated(logic: Logic, literals: Sequence[int], row: Sequence[int]) -> list[int]:
    found, given = dict[int, int](), iter([0, *row])
    for node, (kind, operands) in enumerate(logic.nodes):
        x = [found[o >> 1] ^ o & 1 for o in operands]
        if kind == INPUT:
            found[node] = next(given)
        elif kind == AND:
            found[node] = x[0] & x[1]
        else:
            found[node] = x[0] ^ x[1] if kind == XOR else x[1] if x[0] else x[2]
    return [found[literal >> 1] ^ literal & 1 for literal in literals]
