"""Logic is folded and shared, and covered by few tables."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.rtl.cost.cover import tables
from mulfree.rtl.cost.logic import FALSE, MUX, TRUE, XOR, Logic
from tests.rtl.cost.truth import values

INPUTS = 4
KINDS = st.sampled_from(["both", "either", "differ", "choose"])
GATES = st.lists(st.tuples(KINDS, *[st.integers(0, 99)] * 3), max_size=25)


@given(GATES)
def test_folding_and_sharing_change_no_value(gates: list[tuple[str, int, int, int]]) -> None:
    logic = Logic()
    literals, expected = logic.inputs(INPUTS), [_column(i) for i in range(INPUTS)]
    for kind, *picked in gates:
        operands = [p % (2 * len(literals)) for p in picked][: 3 if kind == "choose" else 2]
        words = [expected[o >> 1] ^ (0xFFFF if o & 1 else 0) for o in operands]
        literals.append(getattr(logic, kind)(*(literals[o >> 1] ^ o & 1 for o in operands)))
        expected.append(_applied(kind, words))
    assert [_packed(values(logic, literals, INPUTS), i) for i in range(len(literals))] == expected


def _column(place: int) -> int:
    return sum((row >> place & 1) << row for row in range(1 << INPUTS))


def _applied(kind: str, words: Sequence[int]) -> int:
    match kind:
        case "both":
            return words[0] & words[1]
        case "either":
            return words[0] | words[1]
        case "differ":
            return words[0] ^ words[1]
        case _:
            return words[0] & words[1] | ~words[0] & words[2] & 0xFFFF


def _packed(rows: Sequence[Sequence[int]], index: int) -> int:
    return sum(row[index] << number for number, row in enumerate(rows))


def test_a_function_that_is_an_input_or_a_constant_is_no_gate() -> None:
    logic = Logic()
    a, b = logic.inputs(2)
    assert logic.either(logic.both(a, b), logic.both(a, b ^ 1)) == a
    assert logic.both(logic.differ(a, b), logic.both(a, b)) == FALSE
    assert logic.choose(a, TRUE, FALSE) == a


def test_equal_functions_of_other_gates_are_one() -> None:
    logic = Logic()
    a, b, c = logic.inputs(3)
    assert logic.choose(c, a, b) == logic.either(logic.both(c, a), logic.both(c ^ 1, b))
    assert {logic.nodes[logic.differ(a, b) >> 1][0], logic.nodes[logic.choose(c, a, b) >> 1][0]} == {XOR, MUX}


@pytest.mark.parametrize(("bits", "inputs", "expected"), [(6, 6, 1), (7, 6, 2), (11, 6, 2), (4, 4, 1)])
def test_a_wide_gate_takes_the_fewest_tables(bits: int, inputs: int, expected: int) -> None:
    logic = Logic()
    assert tables(logic, [logic.all_of(logic.inputs(bits))], inputs) == expected


def test_what_two_results_share_is_one_table_and_inputs_are_none() -> None:
    logic = Logic()
    x = logic.inputs(6)
    shared = logic.differ(logic.differ(x[0], x[1]), logic.both(x[2], x[3]))
    assert tables(logic, [shared, shared ^ 1, x[0], x[5] ^ 1, TRUE], 4) == 1
    assert tables(logic, [logic.both(shared, x[4]), logic.both(shared, x[5])], 4) == 3
    assert tables(logic, [logic.both(shared, x[4]), logic.both(shared, x[5])], 6) == 2
