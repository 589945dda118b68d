"""Areas of gates, and where complements are taken in."""

from __future__ import annotations

from mulfree.rtl.cost.gates import AREAS, area
from mulfree.rtl.cost.logic import FALSE, Logic


def test_a_full_adder_is_two_exclusive_ors_and_three_nands() -> None:
    logic = Logic()
    a, b, c = logic.inputs(3)
    either = logic.differ(a, b)
    carry = logic.either(logic.both(a, b), logic.both(either, c))
    assert area(logic, [logic.differ(either, c), carry]) == 2 * AREAS["XOR"] + 3 * AREAS["NAND"]


def test_complements_are_free_where_another_gate_gives_them() -> None:
    logic = Logic()
    a, b, c = logic.inputs(3)
    assert area(logic, [logic.both(a, b)]) == AREAS["AND"]
    assert area(logic, [logic.both(a, b) ^ 1]) == AREAS["NAND"]
    assert area(logic, [logic.both(a ^ 1, b ^ 1)]) == AREAS["NOR"]
    assert area(logic, [logic.differ(a, b) ^ 1]) == AREAS["XNOR"]
    assert area(logic, [logic.choose(a, b ^ 1, c ^ 1) ^ 1]) == AREAS["MUX"]


def test_an_inverter_is_a_gate_where_nothing_else_gives_the_complement() -> None:
    logic = Logic()
    (a,) = logic.inputs(1)
    assert area(logic, [a ^ 1]) == AREAS["NOT"]
    assert area(logic, [a, FALSE]) == 0


def test_what_nothing_reads_is_not_counted() -> None:
    logic = Logic()
    a, b = logic.inputs(2)
    logic.differ(a, b)
    assert area(logic, [logic.both(a, b)]) == AREAS["AND"]
