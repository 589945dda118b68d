"""What each target makes of sums and comparisons: a carry chain, or logic where they are short.

Rules of Yosys' libraries (share/*/arith_map.v, cmp2lut.v, cmp2lcu.v). A chain's inputs are roots of the logic before
it, its outputs are inputs of the logic after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.logic import FALSE, TRUE, Logic

Bits = list[int]
GATES = "asic"
LONGEST_LOGIC: dict[str, float] = {"xc7": 2, "xcup": 2, "ice40": 2, "ecp5": 4, "gowin": 2, GATES: inf}
"""Bits up to which a sum is made of tables, or of gates."""
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
    sums: Bits = field(default_factory=Bits)
    """What tables beside a carry give: those that nothing reads are none."""
    made: dict[tuple[object, ...], Bits] = field(default_factory=dict[tuple[object, ...], Bits])
    """What each chain gives: equal ones are one."""

    def add(self, a: Bits, b: Bits, carry: int = FALSE) -> Bits:
        """a + b + carry modulo 2^n; both of n bits."""
        if carry == FALSE and FALSE in (a[0], b[0]):
            # What is added to nothing stays.
            low = a[0] if b[0] == FALSE else b[0]
            return [low, *self.add(a[1:], b[1:])] if len(a) > 1 else [low]
        if len(a) + (carry not in (FALSE, TRUE)) <= LONGEST_LOGIC[self.target]:
            return self._ripple(a, b, carry)[0]
        return self._chain(a, b, carry)

    def subtract(self, a: Bits, b: Bits) -> Bits:
        if self.target == "ice40" or self.target in CARRY4 or len(a) <= LONGEST_LOGIC[self.target]:
            return self.add(a, [bit ^ 1 for bit in b], TRUE)
        # The chain complements b by itself.
        return self.add(a, b, TRUE)

    def reaches(self, a: Bits, b: Bits, is_signed: bool = False) -> int:
        """a >= b."""
        if is_signed and self.target == "ice40" and len(a) > LONGEST_LOGIC[self.target]:
            return self._reaches_signed(a, b)
        if is_signed:
            # The top bits change their places.
            a, b = [*a[:-1], a[-1] ^ 1], [*b[:-1], b[-1] ^ 1]
        is_constant = _is_constant(a) or _is_constant(b)
        if self.target == GATES:
            return self._reaches_in_gates(a, b)
        if self.target in CARRY4:
            return self._grouped(a, b, 1 if is_constant else 2)
        if self.target == "ice40" and _is_constant(b) and sum(b[1:]) == 1 != b[0]:
            # A power of two is reached where a bit from its own on is 1.
            return self.logic.all_of([bit ^ 1 for bit in a[b.index(TRUE) :]]) ^ 1
        is_table = is_constant and len(a) <= 4 and self.target in COMPARED_IN_TABLES
        if is_table or len(a) <= LONGEST_LOGIC[self.target]:
            return self._ripple(a, [bit ^ 1 for bit in b], TRUE)[1]
        return self._carry_out(a, b)

    def exceeds(self, a: Bits, b: Bits, is_signed: bool = False) -> int:
        """a > b, or a >= b, of a choice between the two."""
        if self.target != "ice40" or not _is_constant(b):
            return self.reaches(b, a, is_signed) ^ 1
        above = _next(b)
        return self.reaches(a, above if sum(above) == (not is_signed) else b, is_signed)

    def _ripple(self, a: Bits, b: Bits, carry: int) -> tuple[Bits, int]:
        total = Bits()
        for x, y in zip(a, b, strict=True):
            total.append(self._sum(x, y, carry))
            carry = self.carried(x, y, carry)
        return total, carry

    def full_adder(self, x: int, y: int, carry: int) -> Bits:
        """Of a heap: where it is a primitive with two outputs, synthesis neither folds nor shares it."""
        if self.target not in CARRY4:
            return [self._sum(x, y, carry), self.carried(x, y, carry)]
        self.roots += [x, y, carry]
        self.cost += Cost(luts=1)
        return self.logic.inputs(2)

    def carried(self, x: int, y: int, carry: int) -> int:
        """Of three bits; of gates, without a multiplexer."""
        if _constants(x, y, carry):
            return self.logic.majority(x, y, carry)
        either = self.logic.differ(x, y)
        if self.target == GATES:
            return self.logic.either(self.logic.both(x, y), self.logic.both(either, carry))
        return self.logic.choose(either, carry, x)

    def _reaches_in_gates(self, a: Bits, b: Bits) -> int:
        """Of a difference whose sums nothing reads."""
        carry = TRUE
        for x, y in zip(a, b, strict=True):
            carry = self.logic.majority(x, y ^ 1, carry)
        return carry

    def _chain(self, a: Bits, b: Bits, carry: int) -> Bits:
        key = ("sum", tuple(min(a, b)), tuple(max(a, b)), carry)
        if key not in self.made:
            self.made[key] = self._made_chain(a, b, carry)
        return self.made[key]

    def _made_chain(self, a: Bits, b: Bits, carry: int) -> Bits:
        if self.target == "ice40":
            return self._columns(a, b, carry)
        if self.target in CARRY4:
            self.roots += [*a, *(self.logic.differ(x, y) for x, y in zip(a, b, strict=True)), carry]
            self.cost += Cost(carries=-(-len(a) // 4))
        else:
            self.roots += [*a, *b, carry]
            self._rows(len(a) + (carry not in (FALSE, TRUE)))
        return self.logic.inputs(len(a))

    def _columns(self, a: Bits, b: Bits, carry: int) -> Bits:
        """Of iCE40: a table beside each carry; the last column, which hands on nothing, is a table like any other."""
        total = Bits()
        for x, y in zip(a[:-1], b[:-1], strict=True):
            is_folded = _constants(x, y, carry) > 1
            total.append(self._sum(x, y, carry) if is_folded else self.logic.given(self._sum(x, y, carry)))
            self.sums += [] if is_folded else total[-1:]
            carry = self._carry(x, y, carry)
        return [*total, self._sum(a[-1], b[-1], carry)]

    def _sum(self, x: int, y: int, carry: int) -> int:
        return self.logic.differ(self.logic.differ(x, y), carry)

    def _carry(self, x: int, y: int, carry: int) -> int:
        """An SB_CARRY: two constants decide it, or hand on the third bit."""
        if _constants(x, y, carry) > 1:
            return self.logic.majority(x, y, carry)
        self.roots += [x, y, carry]
        self.cost += Cost(carries=1)
        return self.logic.given(self.logic.majority(x, y, carry))

    def _carries(self, a: Bits, b: Bits) -> int:
        """The last carry of a - b."""
        carry = TRUE
        for x, y in zip(a, b, strict=True):
            carry = self._carry(x, y ^ 1, carry)
        return carry

    def _reaches_signed(self, a: Bits, b: Bits) -> int:
        """Of iCE40: by the top bit of the difference and whether it overflows; constant top bits are folded."""
        if FALSE in (a[-1] & ~1, b[-1] & ~1):
            before = self.cost.carries
            reaches = self.logic.majority(a[-1] ^ 1, b[-1], self._carries(a[:-1], b[:-1]))
            if self.cost.carries == before:
                return reaches
            self.roots.append(reaches)
            return self.logic.given(reaches)
        self.cost += Cost(luts=2)
        return self._carries(a, b)

    def _rows(self, columns: int) -> None:
        match self.target:
            case "ecp5":
                self.cost += Cost(luts=2 * -(-columns // 2), carries=-(-columns // 2))
            case "gowin":
                self.cost += Cost(luts=columns, carries=columns)
            case _:
                raise AssertionError(f"{self.target} has no chains")

    def _carry_out(self, a: Bits, b: Bits) -> int:
        """By the carry of a difference of which no other bit is read."""
        match self.target:
            case "ice40":
                return self._carries(a, b)
            case "ecp5":
                pairs = -(-len(a) // 2)
                self.roots += [*a, *b]
                self.cost += Cost(luts=2 * pairs + len(a) % 2, carries=pairs)
            case "gowin":
                self.roots += [*a, *b]
                self.cost += Cost(luts=len(a), carries=len(a))
            case _:
                raise AssertionError(f"{self.target} has no chains")
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


def _constants(*bits: int) -> int:
    return sum(bit <= TRUE for bit in bits)


def _next(bits: Bits) -> Bits:
    """Of a constant, the next larger one modulo 2^n."""
    value = 1 + sum(bit << place for place, bit in enumerate(bits))
    return [value >> place & 1 for place in range(len(bits))]


def _is_constant(bits: Bits) -> bool:
    return all(bit <= TRUE for bit in bits)
