"""Sums by bit heaps against trees of `+`, and what the plan says against what Yosys counts.

    python bench/heap.py [--targets xc7 ice40 ecp5 asic] [--jobs 2]

1. Popcounts of 256, 576 and 1152 bits on every target: LUTs (asic: NAND2 equivalents) of the plan, of Yosys, and of
   Yosys for a balanced tree of `+`.
2. On xc7: a dot product of 64 bytes with constant bytes, by signed digits in one heap, and with sums of inputs that
   several digits share before it, against a sum of `+` of shifted terms.
3. On xc7, with a threshold: the popcounts, and a layer of 64 signs by 64 outputs, as one stage that makes only the
   carries of its sums and as a stage of sums and a stage of thresholds.

Flow: as `mulfree synth` (xc7: synth_xilinx -family xc7 -nodsp -flatten; LUT2 to LUT6 and LUT6_2 count as one each,
CARRY4 apart).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np
from common import Report, machine

from mulfree.backends.synth import synthesise_module
from mulfree.backends.synth.flow import flow_for
from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import BIPOLAR, BIT, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells
from mulfree.rtl.constant_matrix import draw, plan_matrix
from mulfree.rtl.cost import Cost, stage_cost
from mulfree.rtl.cost.circuit import circuit_terms
from mulfree.rtl.heap import plan
from mulfree.rtl.heap.counter import Area
from mulfree.rtl.price import signed_digits
from mulfree.rtl.print_circuit import to_verilog
from mulfree.rtl.stages import constant_layer, threshold
from mulfree.rtl.stages.constants import raster_order

SIZES = (256, 576, 1152)
LIMITS = {256: 134, 576: 294, 1152: 586}
"""LUTs on xc7: half of one per bit, and a little."""
LANES, PER_BIT = 64, 0.52
"""Words of the dot product, and LUTs for each of its bits: half of one, and a little."""
DOT_GOAL = 666
"""LUTs to reach for 64 bytes by constant bytes; how many signed digits random constants have moves it a little."""
PLANNING_S = 0.5
BYTE = IntRange(-128, 127)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=["xc7", "ice40", "ecp5", "asic"])
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}; {yosys_tool().version}", flush=True)
    report = Report()
    with ThreadPoolExecutor(options.jobs) as pool:
        for target in options.targets:
            popcounts(report, target, pool)
    if "xc7" in options.targets:
        constant_dot(report)
        thresholds(report, options.jobs)
    report.finish()


def popcounts(report: Report, target: str, pool: ThreadPoolExecutor) -> None:
    print(f"\npopcounts on {target} ({flow_for(target).script})")
    print(f"{'bits':>6} {'plan':>8} {'Yosys':>8} {'off':>7} {'+ tree':>8} {'ratio':>6} {'carries':>8} {'stages':>7}")
    began = perf_counter()
    plans = {bits: plan((bits, *[0] * (bits.bit_length() - 1)), target) for bits in SIZES}
    seconds = perf_counter() - began
    texts = [text for bits in SIZES for text in (_by_heap(bits, target), _by_tree(bits))]
    counted = list(pool.map(lambda text: synthesise_module(text, "top", target).cost, texts))
    for bits, heap, tree in zip(SIZES, counted[::2], counted[1::2], strict=True):
        truth, other, steps = _size(heap, target), _size(tree, target), plans[bits]
        guess = _size(steps.area, target)
        print(
            f"{bits:6} {guess:8.0f} {truth:8.0f} {guess / truth - 1:+7.1%} {other:8.0f} {truth / other:6.2f} "
            f"{heap.carries:8.0f} {steps.levels:7}"
        )
        report.claim(truth < other, f"{target}, {bits} bits: {truth / other:.2f} of a tree of +")
        if target == "xc7":
            report.claim(truth <= LIMITS[bits], f"xc7, {bits} bits: {truth:.0f} LUTs, at most {LIMITS[bits]}")
    report.claim(seconds < PLANNING_S, f"{target}: the three plans are made in {seconds:.2f} s")


def constant_dot(report: Report) -> None:
    weights = np.random.default_rng(0).integers(-128, 128, LANES).tolist()
    heap, shared = (
        synthesise_module(to_verilog(circuit, "top", target="xc7"), "top", "xc7").cost
        for circuit in (_dot(weights), _dot_by_shared_sums(weights))
    )
    tree = synthesise_module(to_verilog(_dot_by_adders(weights), "top", target="xc7"), "top", "xc7").cost
    guess, digits = circuit_terms(_dot(weights), "xc7").known, sum(len(signed_digits(abs(w))) for w in weights)
    print(f"\n{LANES} bytes by constant bytes on xc7: plan {guess.luts:.0f}, Yosys {heap.luts:.0f}, + {tree.luts:.0f}")
    bits = 8 * digits
    report.claim(
        heap.luts <= PER_BIT * bits,
        f"{heap.luts:.0f} LUTs, {heap.carries:.0f} CARRY4 for {digits} signed digits: "
        f"{heap.luts / bits:.3f} LUTs a bit",
    )
    report.claim(shared.luts <= DOT_GOAL, f"{shared.luts:.0f} LUTs with shared sums, goal {DOT_GOAL}")
    report.claim(heap.luts < tree.luts, f"{heap.luts / tree.luts:.2f} of a tree of + over shifted terms")


def thresholds(report: Report, jobs: int) -> None:
    """One stage against two."""
    layers = {f"popcount {bits}": np.ones((1, bits), np.int64) for bits in SIZES}
    layers["64x64 signs"] = np.random.default_rng(2).choice([-1, 1], (64, 64))
    print("\nlayers of one-bit inputs with a threshold on xc7: one stage; a stage of sums and one of thresholds")
    print(f"{'layer':>14} {'plan':>6} {'one':>6} {'FF':>5} {'sums':>6} {'+ bits':>7} {'FF':>6} {'ratio':>6}")
    with ThreadPoolExecutor(jobs) as pool:
        for name, weights in layers.items():
            one, *two = _thresholded(weights)
            guess = stage_cost(one, "xc7").luts
            whole, sums, bits = pool.map(lambda stage: synthesise_stage(stage, "xc7").cost, [one, *two])
            apart = sums.luts + bits.luts
            print(
                f"{name:>14} {guess:6.0f} {whole.luts:6.0f} {whole.ffs:5.0f} {sums.luts:6.0f} {bits.luts:7.0f} "
                f"{sums.ffs + bits.ffs:6.0f} {whole.luts / apart:6.2f}",
                flush=True,
            )
            report.claim(whole.luts < apart, f"{name}: {whole.luts / apart:.2f} of the LUTs of two stages")


def _thresholded(weights: IntArray) -> tuple[Stage, Stage, Stage]:
    """One stage; the two that compute the same. Thresholds are near the middle of the sums."""
    outputs, inputs = weights.shape
    x, bits = Value("x", TensorType((inputs,), BIT)), Value("bits", TensorType((outputs,), BIPOLAR))
    sums = Value("sums", TensorType((outputs,), IntRange(-inputs, inputs)))
    stream = Stream("x", x, raster_order((inputs,)), inputs, x.type)
    spread = np.random.default_rng(0).integers(-inputs // 8, inputs // 8 + 1, outputs)
    table = weights.sum(axis=1) // 2 + spread
    op = Threshold(Tensor(table[:, None]), Tensor(np.array([-1])), Tensor(np.array([2])), BIPOLAR)
    plan = plan_matrix(weights, BIT, "xc7")

    def draws(circuit: Circuit, x: Wire) -> Wire:
        return draw(plan, circuit, x)

    one = constant_layer("one", stream, bits, draws, threshold=op, target="xc7")
    apart = constant_layer("sums", stream, sums, draws, target="xc7")
    return one, apart, threshold("bits", apart.outputs[0], bits, op)


def _size(cost: Cost | Area, target: str) -> float:
    return cost.gates if target == "asic" else cost.luts


def _popcount(bits: int) -> Circuit:
    circuit = Circuit()
    circuit.output("y", circuit.drive(cells.POPCOUNT, circuit.input("x", BIT, bits)))
    return circuit


def _by_heap(bits: int, target: str) -> str:
    return to_verilog(_popcount(bits), "top", target=target)


def _by_tree(bits: int) -> str:
    circuit = Circuit()
    x = circuit.input("x", BIT, bits)
    circuit.output("y", _tree(circuit, [circuit.drive(cells.pick((i,)), x) for i in range(bits)]))
    return to_verilog(circuit, "top")


def _tree(circuit: Circuit, wires: Sequence[Wire]) -> Wire:
    if len(wires) == 1:
        return wires[0]
    half = len(wires) // 2
    return circuit.drive(cells.ADD, _tree(circuit, wires[:half]), _tree(circuit, wires[half:]))


def _dot(weights: Sequence[int]) -> Circuit:
    circuit = Circuit()
    circuit.output("y", circuit.dot([(circuit.input("x", BYTE, len(weights)), tuple(weights))]))
    return circuit


def _dot_by_shared_sums(weights: Sequence[int]) -> Circuit:
    """As a layer of shift-add of one output."""
    circuit = Circuit()
    x = circuit.input("x", BYTE, len(weights))
    circuit.output("y", draw(plan_matrix(np.array([weights]), BYTE, "xc7"), circuit, x))
    return circuit


def _dot_by_adders(weights: Sequence[int]) -> Circuit:
    circuit = Circuit()
    x = circuit.input("x", BYTE, len(weights))
    added, taken = list[Wire](), list[Wire]()
    for lane, weight in enumerate(weights):
        word = circuit.drive(cells.pick((lane,)), x)
        for sign, shift in signed_digits(abs(weight)):
            term = circuit.drive(cells.shift_left(shift), word) if shift else word
            (added if (sign == "+") == (weight > 0) else taken).append(term)
    circuit.output("y", circuit.drive(cells.SUB, _tree(circuit, added), _tree(circuit, taken)))
    return circuit


if __name__ == "__main__":
    sys.exit(main())
