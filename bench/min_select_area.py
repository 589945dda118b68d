"""Look-up tables of min-select against multipliers and shift-add, by Yosys on xc7.

    python bench/min_select_area.py [lanes constant matrix]

`lanes`: one product against one selection, both operands stored, as signs and magnitudes and in two's complement, and
one of 16 lanes that read the same operand, as processing elements do, where |x| is made once. `constant`: dot products
of 64 bytes with constant bytes, and of 64 with stored ones: multipliers, min-select in a heap, and da4ml's shift-add of
the same constants (where it is installed, and by its own estimate elsewhere absent). `matrix`: 64 x 16, four bits.
Operands of min-select in two's complement first have their magnitudes made; `signs apart` have them already.

Flow: as `mulfree synth`. Multipliers are Yosys' own of `*`, without DSP blocks.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence

import numpy as np
from common import Report, machine
from peers import Matrix, theirs

from mulfree.backends.synth import synthesise_module
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.compiler.families.arithmetic import signed
from mulfree.compiler.families.min_select.arithmetics import MinSelectClamp
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.ir import BIT, IntArray, IntRange, Tensor, TensorType
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.print_circuit import to_verilog

LANES, ELEMENTS = 64, 16


def main(names: list[str]) -> None:
    print(f"{machine('da4ml')}; {yosys_tool().version}", flush=True)
    report = Report()
    for name in names:
        PARTS[name](report)
    report.finish()


def lanes(report: Report) -> None:
    for bits, most in ((4, 4), (8, 13)):
        apart, summed, plain = (luts(one_lane(bits, form)) for form in ("apart", "summed", "plain"))
        product, shared = luts(product_lane(bits)), luts(elements(bits)) / ELEMENTS
        print(
            f"\n{bits} bits, LUTs of a lane: multiplier {product:.0f}; min-select: sign and magnitude {apart:.0f}, and "
            f"then as terms of a sum {summed:.0f}, from two's complement {plain:.0f}, one of {ELEMENTS} on one operand "
            f"{shared:.1f}"
        )
        report.claim(apart <= most, f"{bits} bits, sign and magnitude: {apart:.0f} LUTs, at most {most}")
        report.claim(shared < product / 4, f"{bits} bits, shared operand: {shared / product:.2f} of a multiplier")


def constant(report: Report) -> None:
    weights = np.random.default_rng(0).integers(-127, 128, (1, LANES))
    multipliers = luts(products(weights, 8))
    selected, stored = luts(dots(weights, 8, stored=False)), luts(dots(weights, 8, stored=True))
    lane = luts(product_lane(8))
    print(f"\n{LANES} bytes by bytes: multipliers by constants {multipliers:.0f}, min-select {selected:.0f}")
    print(f"{LANES} bytes by stored bytes: min-select with its sum {stored:.0f}; multipliers alone {LANES * lane:.0f}")
    report.claim(
        selected <= 0.25 * multipliers, f"min-select is {selected / multipliers:.2f} of multipliers, goal 0.25"
    )
    against_da4ml(report, weights, 8, selected, 0.6)


def matrix(report: Report) -> None:
    weights = np.random.default_rng(1).integers(-7, 8, (16, LANES))
    selected = luts(dots(weights, 4, stored=False))
    print(f"\n{LANES} x 16 of 4 bits: min-select {selected:.0f}")
    against_da4ml(report, weights, 4, selected, 0.6)


def against_da4ml(report: Report, weights: IntArray, bits: int, selected: float, goal: float) -> None:
    if not importlib.util.find_spec("da4ml"):
        print("da4ml is not installed: pip install da4ml")
        return
    other = theirs("da4ml", Matrix(weights, operand(bits)), 1).count("xc7", 3600).cost.luts
    report.claim(selected <= goal * other, f"min-select is {selected / other:.2f} of da4ml's {other:.0f}, goal {goal}")


def luts(text: str) -> float:
    return synthesise_module(text, "top", "xc7", time_limit_s=3600, may_multiply=True).cost.luts


def operand(bits: int) -> IntRange:
    return IntRange(1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)


def clamp(bits: int, weights: IntArray | None = None) -> MinSelectClamp:
    ends = np.array([[operand(bits).lo, operand(bits).hi]])
    layer = MinSelect(Tensor((ends if weights is None else weights)[:, :, None, None]))
    return MinSelectClamp.replacing(layer, TensorType((layer.weights.shape[1],), operand(bits)))


def one_lane(bits: int, form: str) -> str:
    """One selection: sign and magnitude of operands and result; or the terms of a sum; or from two's complement."""
    circuit, arithmetic = Circuit(), clamp(bits)
    w = circuit.input("w", arithmetic.weight_range)
    if form == "plain":
        return _outputs(circuit, arithmetic.planes(circuit, circuit.input("x", operand(bits)), w))
    size, negative = circuit.input("size", IntRange(0, operand(bits).hi)), circuit.input("sign", BIT)
    chosen, sign = arithmetic.selected(circuit, size, w), arithmetic.sign(circuit, negative, w)
    assert sign is not None
    return _outputs(circuit, signed(circuit, chosen, sign) if form == "summed" else [*chosen, (sign, 1)])


def elements(bits: int) -> str:
    """Selections of one operand by the weights of many processing elements."""
    circuit, arithmetic = Circuit(), clamp(bits)
    x = circuit.input("x", operand(bits))
    weights = [circuit.input(f"w{i}", arithmetic.weight_range) for i in range(ELEMENTS)]
    return _outputs(circuit, [plane for w in weights for plane in arithmetic.planes(circuit, x, w)])


def _outputs(circuit: Circuit, planes: Sequence[tuple[Wire, int]]) -> str:
    for i, (plane, _) in enumerate(planes):
        circuit.output(f"y{i}", plane)
    return to_verilog(circuit, "top", target="xc7")


def dots(weights: IntArray, bits: int, *, stored: bool) -> str:
    """One sum for each row of weights; magnitudes and signs of the operands are given."""
    circuit, arithmetic = Circuit(), clamp(bits, weights)
    count = weights.shape[1]
    size, sign = circuit.input("size", IntRange(0, operand(bits).hi), count), circuit.input("sign", BIT, count)
    for m, codes in enumerate(arithmetic.codes.reshape(weights.shape).tolist()):
        words = arithmetic.weight_range
        w = circuit.input(f"w{m}", words, count) if stored else circuit.constant(codes, words)
        chosen = arithmetic.selected(circuit, size, w)
        circuit.output(f"y{m}", circuit.dot(signed(circuit, chosen, arithmetic.sign(circuit, sign, w))))
    return to_verilog(circuit, "top", target="xc7")


def product_lane(bits: int) -> str:
    return (
        f"module top(input signed [{bits - 1}:0] x, w, output signed [{2 * bits - 1}:0] y);\n"
        "  assign y = x * w;\nendmodule\n"
    )


def products(weights: IntArray, bits: int) -> str:
    (row,) = weights.tolist()
    terms = " + ".join(f"$signed(x[{bits * i} +: {bits}]) * ({w})" for i, w in enumerate(row))
    return (
        f"module top(input [{bits * len(row) - 1}:0] x, output signed [{2 * bits + 5}:0] y);\n"
        f"  assign y = {terms};\nendmodule\n"
    )


PARTS: dict[str, Callable[[Report], None]] = {"lanes": lanes, "constant": constant, "matrix": matrix}

if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
