"""Logic of two-input gates and multiplexers: constants folded, equal functions shared, as synthesis does at first.

A literal is twice the number of a node, plus one for its complement; node 0 is the constant 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

FALSE, TRUE = 0, 1
AND, XOR, MUX, INPUT = "and", "xor", "mux", "input"
MOST_INPUTS = 10
"""Up to which a gate is known by its truth table."""
Function = tuple[tuple[int, ...], int]
"""Nodes of inputs, and the truth table over them: bit i is the value where the inputs are the bits of i."""


class Logic:
    """Nodes in an order in which fan-ins come first: (kind, literals of the fan-ins)."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, tuple[int, ...]]] = [(INPUT, ())]
        self._known: dict[tuple[str, tuple[int, ...]], int] = {}
        self._functions: dict[int, Function] = {0: ((), 0)}
        self._by_function: dict[Function, int] = {((), 0): FALSE}

    def input(self) -> int:
        node = len(self.nodes)
        self.nodes.append((INPUT, ()))
        self._functions[node] = ((node,), 0b10)
        self._by_function[self._functions[node]] = 2 * node
        return 2 * node

    def inputs(self, count: int) -> list[int]:
        return [self.input() for _ in range(count)]

    def is_input(self, literal: int) -> bool:
        """Or what a chain gives."""
        return literal > TRUE and self.nodes[literal >> 1][0] == INPUT

    def given(self, literal: int) -> int:
        """What a chain gives that computes the literal: an input, known by its function where that has few inputs."""
        known = self._functions.get(literal >> 1)
        if known is None or not known[0]:
            return self.input() if known is None else literal
        self.nodes.append((INPUT, ()))
        made, ones = 2 * len(self.nodes) - 2, _ones(len(known[0]))
        table = known[1] ^ (ones if literal & 1 else 0)
        self._functions[made >> 1] = known[0], table
        flip = table & 1
        self._by_function[known[0], table ^ (ones if flip else 0)] = made ^ flip
        return made

    def both(self, a: int, b: int) -> int:
        a, b = sorted((a, b))
        if a == FALSE or a == b ^ 1:
            return FALSE
        return b if a in (TRUE, b) else self._gate(AND, (a, b))

    def either(self, a: int, b: int) -> int:
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        flip = (a ^ b) & 1
        a, b = sorted((a & ~1, b & ~1))
        if a == b:
            return FALSE ^ flip
        return (b if a == FALSE else self._gate(XOR, (a, b))) ^ flip

    def choose(self, select: int, a: int, b: int) -> int:
        """a where select is 1, else b."""
        if select & 1:
            select, a, b = select ^ 1, b, a
        if select == FALSE or a == b:
            return b
        if a == b ^ 1:
            return self.differ(select, b)
        if FALSE in (a & ~1, b & ~1) or select in (a & ~1, b & ~1):
            return self._choose_known(select, a, b)
        flip = b & 1
        return self._gate(MUX, (select, a ^ flip, b ^ flip)) ^ flip

    def _choose_known(self, select: int, a: int, b: int) -> int:
        """Where one of the choices is constant, or the select itself."""
        a = a ^ select ^ TRUE if a & ~1 == select else a
        b = b ^ select if b & ~1 == select else b
        if a & ~1 == FALSE:
            return self.either(select, b) if a == TRUE else self.both(select ^ 1, b)
        if b & ~1 == FALSE:
            return self.either(select ^ 1, a) if b == TRUE else self.both(select, a)
        return self.choose(select, a, b)

    def majority(self, a: int, b: int, c: int) -> int:
        return self.either(self.both(a, b), self.both(c, self.either(a, b)))

    def all_of(self, literals: Sequence[int]) -> int:
        """A balanced tree."""
        if len(literals) <= 1:
            return literals[0] if literals else TRUE
        half = len(literals) // 2
        return self.both(self.all_of(literals[:half]), self.all_of(literals[half:]))

    def _gate(self, kind: str, operands: tuple[int, ...]) -> int:
        key = (kind, operands)
        if key not in self._known:
            self._known[key] = self._made(kind, operands)
        return self._known[key]

    def _made(self, kind: str, operands: tuple[int, ...]) -> int:
        """A new node, or one that there is, or its complement, where the function is the same."""
        function = self._function(kind, operands)
        if function is not None:
            flip = function[1] & 1
            inputs, table = function[0], function[1] ^ (_ones(len(function[0])) if flip else 0)
            if (inputs, table) in self._by_function:
                return self._by_function[inputs, table] ^ flip
            self._functions[len(self.nodes)] = (inputs, function[1])
            self._by_function[inputs, table] = 2 * len(self.nodes) ^ flip
        self.nodes.append((kind, operands))
        return 2 * len(self.nodes) - 2

    def _function(self, kind: str, operands: tuple[int, ...]) -> Function | None:
        """None where there are too many inputs."""
        found = [self._functions.get(literal >> 1) for literal in operands]
        known = [function for function in found if function is not None]
        inputs = tuple(sorted({node for function in known for node in function[0]}))
        if len(known) < len(found) or len(inputs) > MOST_INPUTS:
            return None
        words = [
            _widened(table, tuple(map(inputs.index, own)), len(inputs)) ^ (_ones(len(inputs)) if literal & 1 else 0)
            for (own, table), literal in zip(known, operands, strict=True)
        ]
        if kind == MUX:
            return _reduced(inputs, words[0] & words[1] | ~words[0] & words[2])
        return _reduced(inputs, words[0] & words[1] if kind == AND else words[0] ^ words[1])

    def read(self, roots: Sequence[int]) -> set[int]:
        """Nodes that the roots are, or that their gates read."""
        fans = {literal >> 1 for gate in self.used(roots) for literal in self.nodes[gate][1]}
        return fans | {root >> 1 for root in roots}

    def used(self, roots: Sequence[int]) -> list[int]:
        """Gates that the roots depend on, in order."""
        needed = {root >> 1 for root in roots}
        for node in range(len(self.nodes) - 1, 0, -1):
            if node in needed:
                needed.update(literal >> 1 for literal in self.nodes[node][1])
        return [node for node in sorted(needed) if self.nodes[node][0] != INPUT]


def _ones(inputs: int) -> int:
    return (1 << (1 << inputs)) - 1


@cache
def _pattern(place: int, inputs: int) -> int:
    """The truth table of input `place`."""
    run = 1 << place
    return _ones(inputs) // ((1 << 2 * run) - 1) * (((1 << run) - 1) << run)


@cache
def _widened(table: int, places: tuple[int, ...], inputs: int) -> int:
    """A table over the inputs at `places` of so many."""
    if places == tuple(range(inputs)):
        return table
    if not places:
        return _ones(inputs) if table else 0
    half = 1 << len(places) - 1
    low = _widened(table & (1 << half) - 1, places[:-1], inputs)
    high = _widened(table >> half, places[:-1], inputs)
    one = _pattern(places[-1], inputs)
    return low & ~one | high & one


def _reduced(inputs: tuple[int, ...], table: int) -> Function:
    """Without inputs that the function does not depend on."""
    for place in reversed(range(len(inputs))):
        one = _pattern(place, len(inputs))
        if (table & one) >> (1 << place) == table & ~one & _ones(len(inputs)):
            table = _without(table, place, len(inputs))
            inputs = (*inputs[:place], *inputs[place + 1 :])
    return inputs, table & _ones(len(inputs))


def _without(table: int, place: int, inputs: int) -> int:
    """The half of a table where an input is 0."""
    run, kept = 1 << place, 0
    for index in range(1 << inputs - 1 - place):
        kept |= (table >> (index * 2 * run) & (1 << run) - 1) << index * run
    return kept
