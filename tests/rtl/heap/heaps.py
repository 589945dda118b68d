"""Sums of all sorts, to plan, to simulate and to prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, BIT, TERNARY, AnyArray, IntRange
from mulfree.rtl import Circuit, Wire, WireType
from mulfree.rtl.heap import Weights

RANGES = (BIT, BIPOLAR, TERNARY, IntRange(0, 5), IntRange(-8, 7), IntRange(-7, -2), IntRange(-9, 9, 3), IntRange(2, 2))


@dataclass(frozen=True)
class Sum:
    """constant + sum of weights times operands."""

    operands: tuple[WireType, ...]
    weights: Weights
    constant: int = 0
    is_sign: bool = False
    """Whether only it is wanted whether the sum is 0 or more."""

    def circuit(self) -> Circuit:
        circuit = Circuit()
        wires = [circuit.input(f"x{i}", type.range, type.lanes) for i, type in enumerate(self.operands)]
        circuit.output("y", self.result(circuit, wires))
        return circuit

    def result(self, circuit: Circuit, wires: Sequence[Wire]) -> Wire:
        terms = list(zip(wires, self.weights, strict=True))
        return circuit.reaches(terms, -self.constant) if self.is_sign else circuit.dot(terms, self.constant)

    @property
    def sign(self) -> Sum:
        return replace(self, is_sign=True)

    def values(self, rows: int = 50) -> dict[str, AnyArray]:
        """Random numbers, and the least and the largest of all."""
        random = np.random.default_rng(0)
        table = [random.integers(0, t.range.count, (rows, t.lanes)) for t in self.operands]
        for of_operand, type in zip(table, self.operands, strict=True):
            of_operand[0], of_operand[1] = 0, type.range.count - 1
        numbers = [t.range.lo + t.range.step * v for v, t in zip(table, self.operands, strict=True)]
        return {f"x{i}": of_operand for i, of_operand in enumerate(numbers)}


@st.composite
def sums(draw: st.DrawFn) -> Sum:
    weight = st.integers(-40, 40)
    operands = tuple(
        WireType(draw(st.sampled_from(RANGES)), draw(st.integers(1, 12))) for _ in range(draw(st.integers(1, 4)))
    )
    weights = tuple(draw(st.one_of(weight, st.tuples(*[weight] * type.lanes))) for type in operands)
    return Sum(operands, weights, draw(st.integers(-99, 99)))


@st.composite
def balanced_signs(draw: st.DrawFn) -> Sum:
    """Of sums whose threshold is within their range."""
    case = draw(sums())
    (out,) = case.circuit().outputs.values()
    return replace(case, constant=case.constant - draw(st.integers(out.range.lo, out.range.hi)), is_sign=True)


def popcount(bits: int) -> Sum:
    return Sum((WireType(BIT, bits),), (1,))


EXAMPLES = (
    popcount(1),
    popcount(2),
    popcount(3),
    popcount(7),
    popcount(40),
    Sum((WireType(IntRange(-8, 7), 9),), (1,)),
    Sum((WireType(IntRange(-128, 127), 16), WireType(BIPOLAR, 5)), (-1, 12), -100),
    Sum((WireType(IntRange(0, 255), 6),), ((1, -3, 100, -128, 0, 77),)),
    Sum((WireType(TERNARY, 30), WireType(IntRange(-9, 9, 3), 4)), (5, -2), 1),
    Sum((WireType(IntRange(0, 2**40), 3),), (2**30,)),
)

SIGNS = (
    *(
        replace(case, constant=case.constant - middle, is_sign=True)
        for case, middle in zip(EXAMPLES, (1, 1, 2, 3, 17, -9, -333, 2222, 40, 2**70), strict=True)
    ),
    Sum((WireType(BIT, 40),), (-1,), 20, is_sign=True),
    Sum((WireType(IntRange(0, 2**12 - 1)),), (1,), -1234, is_sign=True),
    Sum((WireType(IntRange(-100, 100), 2),), ((1, -1),), 7, is_sign=True),
)
