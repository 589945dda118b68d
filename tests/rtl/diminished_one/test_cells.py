"""Cells of words of a ring against plain arithmetic, all of them at few bits; their Verilog under Verilator."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mulfree.ir import AnyArray, IntRange
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.cells import pick
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.diminished_one.arithmetic import (
    butterfly,
    digit_places,
    multiply,
    subtract,
    times_constant,
    times_root,
)
from tests.rtl.combinational import check_verilog

SMALL, WIDE = [DiminishedOne(bits) for bits in (2, 4, 8)], [DiminishedOne(bits) for bits in (8, 16, 32, 64)]
Binary = Callable[[Circuit, DiminishedOne, Wire, Wire], Wire]
SUMS: dict[str, tuple[Binary, Callable[[int, int], int]]] = {
    "add": (lambda c, r, a, b: c.drive(cells.add(r), a, b), lambda a, b: a + b),
    "add_turned": (lambda c, r, a, b: c.drive(cells.add(r, 3), a, b), lambda a, b: a + 8 * b),
    "subtract": (subtract, lambda a, b: a - b),
    "subtract_turned": (lambda c, r, a, b: subtract(c, r, a, b, 1), lambda a, b: a - 2 * b),
    "multiply": (multiply, lambda a, b: a * b),
}


def circuit_of(ring: DiminishedOne, *names: str) -> tuple[Circuit, list[Wire]]:
    circuit = Circuit()
    return circuit, [circuit.input(name, ring.codes) for name in names]


def values_of(ring: DiminishedOne, codes: AnyArray) -> list[int]:
    return [0 if code == 2**ring.bits else code + 1 for code in codes.ravel().tolist()]


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("ring", SMALL, ids=str)
def test_a_sum_or_product_is_right_for_every_pair(ring: DiminishedOne, name: str) -> None:
    build, meant = SUMS[name]
    circuit, (a, b) = circuit_of(ring, "a", "b")
    circuit.output("y", build(circuit, ring, a, b))
    x, y = (grid.reshape(-1, 1) for grid in np.meshgrid(*[np.arange(ring.zero + 1)] * 2))
    found = circuit.evaluate(a=x, b=y)["y"]
    pairs = zip(values_of(ring, x), values_of(ring, y), strict=True)
    assert values_of(ring, found) == [meant(p, q) % ring.modulus for p, q in pairs]


@pytest.mark.parametrize("ring", SMALL, ids=str)
def test_a_rotation_is_a_product_with_a_power_of_two(ring: DiminishedOne) -> None:
    words = np.arange(ring.zero + 1)[:, None]
    for places in range(-1, 2 * ring.bits + 2):
        circuit, (x,) = circuit_of(ring, "x")
        circuit.output("y", circuit.drive(cells.rotate(ring, places), x))
        wanted = [v * pow(2, places, ring.modulus) % ring.modulus for v in values_of(ring, words)]
        assert values_of(ring, circuit.evaluate(x=words)["y"]) == wanted


@pytest.mark.parametrize("ring", SMALL, ids=str)
def test_a_product_with_any_constant_is_right_for_every_word(ring: DiminishedOne) -> None:
    words = np.arange(ring.zero + 1)[:, None]
    for factor in range(-1, ring.modulus + 1):
        circuit, (x,) = circuit_of(ring, "x")
        circuit.output("y", times_constant(circuit, ring, x, factor))
        wanted = [v * factor % ring.modulus for v in values_of(ring, words)]
        found = np.broadcast_to(circuit.evaluate(x=words)["y"], words.shape)
        assert values_of(ring, found) == wanted


@pytest.mark.parametrize("ring", WIDE, ids=str)
def test_digits_of_a_constant_add_up_to_it_and_are_few(ring: DiminishedOne) -> None:
    random = np.random.default_rng(ring.bits)
    for factor in [int.from_bytes(random.bytes(8)) % ring.modulus for _ in range(50)]:
        places = digit_places(ring, factor)
        assert sum(pow(2, place, ring.modulus) for place in places) % ring.modulus == factor
        assert len(places) <= (ring.bits + 2) // 2


@pytest.mark.parametrize("ring", SMALL[1:], ids=str)
def test_a_butterfly_is_a_sum_and_a_difference(ring: DiminishedOne) -> None:
    modulus, half = ring.modulus, ring.bits // 4
    root = (pow(2, half + ring.bits // 2, modulus) - pow(2, half, modulus)) % modulus
    x, y = (grid.reshape(-1, 1) for grid in np.meshgrid(*[np.arange(ring.zero + 1)] * 2))
    for power in range(4 * ring.bits) if ring.bits == 4 else (0, 1, 5, 12, 31):
        circuit, (a, b) = circuit_of(ring, "a", "b")
        for name, wire in zip(("sum", "difference"), butterfly(circuit, ring, a, b, power), strict=True):
            circuit.output(name, wire)
        found, factor = circuit.evaluate(a=x, b=y), pow(root, power, modulus)
        for name, sign in (("sum", 1), ("difference", -1)):
            pairs = zip(values_of(ring, x), values_of(ring, y), strict=True)
            assert values_of(ring, found[name]) == [(p + sign * factor * q) % modulus for p, q in pairs]


@pytest.mark.parametrize("step", [1, 3, 8, -1])
def test_a_turn_is_a_rotation_that_is_chosen(step: int) -> None:
    ring = DiminishedOne(8)
    circuit, (x,) = circuit_of(ring, "x")
    circuit.output("y", circuit.drive(cells.turn(ring, step, 8), x, circuit.input("k", IntRange(0, 7))))
    words = np.arange(ring.zero + 1)[:, None]
    for k in range(8):
        wanted = [v * pow(2, step * k, ring.modulus) % ring.modulus for v in values_of(ring, words)]
        assert values_of(ring, circuit.evaluate(x=words, k=np.array([[k]]))["y"]) == wanted


@pytest.mark.parametrize("ring", SMALL, ids=str)
def test_a_multiple_by_a_digit_is_made_and_added(ring: DiminishedOne) -> None:
    circuit, (a, x) = circuit_of(ring, "a", "x")
    d = circuit.input("d", cells.DIGITS)
    circuit.output("y", circuit.drive(cells.add_digit(ring), a, x, d))
    circuit.output("z", circuit.drive(cells.digit(ring), x, d))
    p, q = (grid.reshape(-1, 1) for grid in np.meshgrid(*[np.arange(ring.zero + 1)] * 2))
    for digit in (0, 1, 2, -1):
        found = circuit.evaluate(a=p, x=q, d=np.full((1, 1), digit % 4))
        pairs = list(zip(values_of(ring, p), values_of(ring, q), strict=True))
        assert values_of(ring, found["y"]) == [(u + digit * v) % ring.modulus for u, v in pairs]
        assert values_of(ring, found["z"]) == [digit * v % ring.modulus for _, v in pairs]


@pytest.mark.parametrize("held", [IntRange(-128, 127), IntRange(0, 255), IntRange(-5, 3), IntRange(0, 0)], ids=str)
def test_numbers_become_words_and_return(held: IntRange) -> None:
    ring = DiminishedOne(8)
    circuit = Circuit()
    word = circuit.drive(cells.encode(ring, held), circuit.input("x", held))
    circuit.output("word", word)
    numbers = np.arange(held.lo, held.hi + 1)[:, None]
    words = circuit.evaluate(x=numbers)["word"]
    assert values_of(ring, words) == [v % ring.modulus for v in numbers.ravel().tolist()]
    if held.hi <= 128:
        circuit.output("y", circuit.drive(cells.decode(ring, held), word))
        np.testing.assert_array_equal(circuit.evaluate(x=numbers)["y"], numbers)


def test_a_word_of_a_number_outside_the_range_is_a_bug() -> None:
    circuit, (x,) = circuit_of(DiminishedOne(8), "x")
    circuit.output("y", circuit.drive(cells.decode(DiminishedOne(8), IntRange(0, 3)), x))
    with pytest.raises(AssertionError, match="not all in"):
        circuit.evaluate(x=np.array([[9]]))


def _some_words(ring: DiminishedOne, rows: int) -> AnyArray:
    """Corners, and words by chance, (rows, 2)."""
    near = [0, 1, 2 ** (ring.bits - 1), ring.zero - 2, ring.zero - 1, ring.zero]
    random = np.random.default_rng(ring.bits)
    chance = [int.from_bytes(random.bytes(8)) % (ring.zero + 1) for _ in range(2 * rows - len(near) ** 2 * 2)]
    return ring.words([code for a in near for b in near for code in (a, b)] + chance).reshape(rows, 2)


def _outputs(circuit: Circuit, ring: DiminishedOne, x: Wire, number: Wire, digit: Wire, k: Wire) -> Iterator[Wire]:
    """A result of every cell over the two lanes of x."""
    for places in (0, 1, ring.bits - 1, ring.bits, ring.bits + 3, 2 * ring.bits - 1):
        yield circuit.drive(cells.rotate(ring, places), x)
        yield circuit.drive(cells.add(ring, places), *(circuit.drive(pick((i,)), x) for i in (0, 1)))
    for step in (1, 3, -2):
        yield circuit.drive(cells.turn(ring, step, 8), x, k)
    yield circuit.drive(cells.digit(ring), x, digit)
    yield circuit.drive(cells.add_digit(ring), x, circuit.drive(pick((1, 0)), x), digit)
    yield times_root(circuit, ring, x, 5)
    yield times_constant(circuit, ring, x, 0xB6D3 % ring.modulus)
    yield multiply(circuit, ring, *(circuit.drive(pick((i,)), x) for i in (0, 1)))
    yield circuit.drive(cells.decode(ring, ring.centred), x)
    yield circuit.drive(cells.encode(ring, number.range), number)


@pytest.mark.parametrize("target", ["generic", "xc7"])
@pytest.mark.parametrize("ring", WIDE, ids=str)
def test_verilog_equals_the_definition(ring: DiminishedOne, target: str) -> None:
    circuit, words = Circuit(), _some_words(ring, 500)
    x, number = circuit.input("x", ring.codes, 2), circuit.input("n", IntRange(-100, 27), 3)
    digit, k = circuit.input("d", cells.DIGITS, 2), circuit.input("k", IntRange(0, 7))
    for i, wire in enumerate(_outputs(circuit, ring, x, number, digit, k)):
        circuit.output(f"y{i}", wire)
    numbers = np.random.default_rng(0).integers(-100, 28, (500, 3))
    numbers[0] = 0, -100, 27
    digits, turns = (
        np.random.default_rng(1).integers(0, 4, (500, 2)),
        np.random.default_rng(2).integers(0, 8, (500, 1)),
    )
    check_verilog(circuit, {"x": words, "n": numbers, "d": digits, "k": turns}, target)
