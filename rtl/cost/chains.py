"""What each target makes of sums and comparisons: a carry chain, or logic where they are short.

Rules of Yosys' libraries (share/*/arith_map.v, cmp2lut.v, cmp2lcu.v). A chain's inputs are roots of the logic before
it, its outputs are inputs of the logic after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.logic import FALSE, TRUE, Logic

Bits = list[int]
LONGEST_LOGIC = {"xc7": 2, "xcup": 2, "ice40": 2, "ecp5": 4, "gowin": 2}
"""Bits up to which a sum is made of tables."""
CARRY4 = ("xc7", "xcup")
COMPARED_IN_TABLES = ("ice40", "ecp5")
"""Where a comparison with a constant that fits a table is one."""


@dataclass
class Chains:
    """Logic in the making, with the sums and comparisons in it."""

    target: str
    logic: Logic = field(default_factory=Logic)
    roots: Bits = field(default_factory=Bits)
    cost: Cost = field(default_factory=Cost)
    amounts: dict[str, float] = field(default_factory=dict[str, float])
    """Of standard cells, where sums and comparisons are weighed."""
    made: dict[tuple[object, ...], Bits] = field(default_factory=dict[tuple[object, ...], Bits])
    """What each chain gives: equal ones are one."""

    def add(self, a: Bits, b: Bits, carry: int = FALSE) -> Bits:
        """a + b + carry modulo 2^n; both of n bits."""
        if carry == FALSE and FALSE in (a[0], b[0]):
            # What is added to nothing stays.
            low = a[0] if b[0] == FALSE else b[0]
            return [low, *self.add(a[1:], b[1:])] if len(a) > 1 else [low]
        if len(a) + (carry not in (FALSE, TRUE)) <= LONGEST_LOGIC.get(self.target, 0):
            return self._ripple(a, b, carry)[0]
        return self._chain(a, b, carry)

    def subtract(self, a: Bits, b: Bits) -> Bits:
        if self.target == "ice40" or self.target in CARRY4 or len(a) <= LONGEST_LOGIC.get(self.target, 0):
            return self.add(a, [bit ^ 1 for bit in b], TRUE)
        # The chain complements b by itself.
        return self.add(a, b, TRUE)

    def reaches(self, a: Bits, b: Bits) -> int:
        """a >= b, both unsigned."""
        is_constant = all(bit in (FALSE, TRUE) for bit in a) or all(bit in (FALSE, TRUE) for bit in b)
        if self.target in CARRY4:
            return self._grouped(a, b, 1 if is_constant else 2)
        is_table = is_constant and len(a) <= 4 and self.target in COMPARED_IN_TABLES
        if is_table or len(a) <= LONGEST_LOGIC.get(self.target, 0):
            return self._ripple(a, [bit ^ 1 for bit in b], TRUE)[1]
        return self._carry_out(a, b)

    def _ripple(self, a: Bits, b: Bits, carry: int) -> tuple[Bits, int]:
        total = Bits()
        for x, y in zip(a, b, strict=True):
            either = self.logic.differ(x, y)
            total.append(self.logic.differ(either, carry))
            carry = self.logic.choose(either, carry, x)
        return total, carry

    def _chain(self, a: Bits, b: Bits, carry: int) -> Bits:
        key = ("sum", tuple(min(a, b)), tuple(max(a, b)), carry)
        if key not in self.made:
            self.made[key] = self._made_chain(a, b, carry)
        return self.made[key]

    def _made_chain(self, a: Bits, b: Bits, carry: int) -> Bits:
        columns = len(a) + (carry not in (FALSE, TRUE))
        if self.target in CARRY4:
            self.roots += [*a, *(self.logic.differ(x, y) for x, y in zip(a, b, strict=True)), carry]
            self.cost += Cost(carries=-(-len(a) // 4))
        else:
            self.roots += [*a, *b, carry]
            self._rows(columns, sum(bool(x > TRUE or y > TRUE) for x, y in zip(a, b, strict=True)))
        return self.logic.inputs(len(a))

    def _rows(self, columns: int, live: int) -> None:
        """`live` columns have something to add, the others hand on a carry."""
        match self.target:
            case "ice40":
                self.cost += Cost(luts=live, carries=columns)
            case "ecp5":
                self.cost += Cost(luts=2 * -(-columns // 2), carries=-(-columns // 2))
            case "gowin":
                self.cost += Cost(luts=columns, carries=columns)
            case _:
                self.weigh("adder_bits", columns)

    def weigh(self, name: str, amount: float) -> None:
        self.amounts[name] = self.amounts.get(name, 0) + amount

    def _carry_out(self, a: Bits, b: Bits) -> int:
        """By the carry of a difference of which no other bit is read."""
        match self.target:
            case "ice40":
                self.roots += [*a, *(bit ^ 1 for bit in b)]
                self.cost += Cost(carries=len(a))
            case "ecp5":
                pairs = -(-len(a) // 2)
                self.roots += [*a, *b]
                self.cost += Cost(luts=2 * pairs + len(a) % 2, carries=pairs)
            case "gowin":
                self.roots += [*a, *b]
                self.cost += Cost(luts=len(a), carries=len(a))
            case _:
                self.roots += [*a, *b]
                self.weigh("compare_bits", len(a))
        return self.logic.input()

    def _grouped(self, a: Bits, b: Bits, inputs: int) -> int:
        """As many bits together as a table of six inputs reads, the highest first; over two groups, on a chain."""
        size = 6 // inputs
        ends = range(len(a), 0, -size)
        groups = [self._group(a[max(0, end - size) : end], b[max(0, end - size) : end]) for end in ends][::-1]
        if len(groups) > 2:
            for equal, more in groups:
                self.roots += [self.logic.both(equal, more ^ 1), more]
            self.cost += Cost(carries=-(-len(groups) // 4))
            return self.logic.input()
        result = TRUE
        for equal, more in groups:
            result = self.logic.either(more, self.logic.both(equal, result))
        return result

    def _group(self, a: Bits, b: Bits) -> tuple[int, int]:
        """Whether all bits are equal, and whether a is more."""
        logic, equal, more = self.logic, TRUE, FALSE
        for x, y in zip(a, b, strict=True):
            same = logic.differ(x, y) ^ 1
            more = logic.either(logic.both(x, y ^ 1), logic.both(same, more))
            equal = logic.both(equal, same)
        return equal, more
