"""The task of the sum-and-max paper, on a trained network: accuracy, operations, area, and Verilator on its signals.

    python bench/sum_max_task.py FILE.onnx [--frames 128] [--cycles 16384] [--signals 20000]

FILE is what `bench/train_families.py correlation` writes. The signals are drawn anew: 512 samples, x_k = r x_(k-1) +
sqrt(1 - r^2) e_k, of which r is to be told from ten. The file is compiled for `--cycles` cycles a frame; `--frames`
signals go through the Verilog under random back-pressure on either side, and every value and the cycle of every
transfer is compared with the models. The pruned layer is priced as rows that are walked whole, too.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import Report, machine

import mulfree
from mulfree.ir import AnyArray, IntArray
from mulfree.sim.patterns import random_pattern

SIZE, CLOCK_MHZ = 512, 100.0
RATES = np.linspace(-0.9, 0.9, 10)


def signals(count: int, seed: int = 1) -> tuple[AnyArray, IntArray]:
    """Signals (count, 512) and the index of their r; stationary from the first sample."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(RATES), count)
    r, x = RATES[labels], random.normal(size=(SIZE, count))
    for k in range(1, SIZE):
        x[k] = r * x[k - 1] + np.sqrt(1 - r * r) * x[k]
    return x.T.astype(np.float32), labels


def main() -> None:
    options = arguments()
    print(machine())
    report = Report()
    rate = 1e6 * CLOCK_MHZ / options.cycles
    design = mulfree.compile(options.file, fps=rate, clock_mhz=CLOCK_MHZ)
    with report.timed():
        judged(report, design, options.signals, options.accuracy)
    print_layers(design)
    with report.timed():
        cosimulated(report, design, options.frames)
    report.finish()


def judged(report: Report, design: mulfree.CompiledModel, count: int, wanted: float) -> None:
    x, labels = signals(count)
    right = float((np.asarray(design.simulate(x)).argmax(axis=1) == labels).mean())
    report.claim(right >= wanted, f"accuracy {right:.4f} of {count} signals, wanted {wanted}")


def print_layers(design: mulfree.CompiledModel) -> None:
    """Parameters and operations; then every way to build each layer, in the folding of the design."""
    counts, found = design.operations(), design.alternatives()
    for layer, counted in counts.items():
        print(f"\n{layer}: {counted}, folded {design.hardware.folding[layer]}")
        for a in found[layer]:
            area = f"{a.cost.luts:.0f} LUTs, {a.cost.lutram:.0f} as memory, {a.cost.brams:.0f} blocks"
            print(f"  {a.arithmetic.name:16s} {area}; {a.cycles} cycles a frame")
    for stage in (stage for stage in design.hardware.design.stages if stage.module == "sparse_matrix"):
        p = stage.parameters
        places = p["entries"] + p["padded"]
        print(
            f"  {stage.name}: {p['entries']} entries in {p['steps']} steps, {p['padded'] / places:.1%} of places empty"
        )


def cosimulated(report: Report, design: mulfree.CompiledModel, frames: int) -> None:
    x, _ = signals(frames, seed=2)
    found = design.cosimulate(x, random_pattern(0.7, 1), random_pattern(0.6, 2))
    rate = float(design.estimate().interval_cycles)
    report.claim(found.is_equal, f"Verilator, random back-pressure: {found}; {rate:.0f} cycles a frame without it")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--frames", type=int, default=128)
    parser.add_argument("--cycles", type=int, default=16384)
    parser.add_argument("--signals", type=int, default=20000)
    parser.add_argument("--accuracy", type=float, default=0.95)
    return parser.parse_args()


if __name__ == "__main__":
    main()
