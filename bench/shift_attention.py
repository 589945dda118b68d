"""A trained shift-attention network for MNIST: taken by the taps' indices, and as the convolutions that it is.

    python bench/shift_attention.py FILE.onnx [--frames 100]

FILE is what `bench/train_families.py mnist FOLDER shift_attention` writes. Both designs have the lanes that make the
first reach 1000 frames a second at 100 MHz; the first goes through Verilator under random back-pressure on either side.
The images come from mnist.npz in the data folder of MULFREE_MODELS (default: the sibling ../shared).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import Report, machine, mnist

import mulfree
from mulfree.sim.patterns import random_pattern

TAKEN, WHOLE = "one_tap", "and_popcount"


def main() -> None:
    options = arguments()
    print(machine())
    report = Report()
    images, labels = mnist()
    x = images[:, None].astype(np.float32)
    design = mulfree.compile(options.file, arithmetic=TAKEN)
    right = float((np.asarray(design.simulate(x)).argmax(axis=1) == labels).mean())
    report.claim(right >= options.accuracy, f"accuracy {right:.4f} of {len(x)} images, wanted {options.accuracy}")
    compared(report, design, mulfree.compile(options.file, folding=design.hardware.folding, arithmetic=WHOLE))
    with report.timed():
        found = design.cosimulate(x[: options.frames], random_pattern(0.7, 1), random_pattern(0.6, 2))
        report.claim(found.is_equal, f"Verilator, random back-pressure: {found}")
    report.finish()


def compared(report: Report, design: mulfree.CompiledModel, whole: mulfree.CompiledModel) -> None:
    """The same lanes: cycles, and what the layers that differ take."""
    names = [node.op.name for node in design.hardware.graph.nodes]
    rates = [float(d.estimate().interval_cycles) for d in (design, whole)]
    areas = [d.estimate().total for d in (design, whole)]
    for name, rate, area in zip((TAKEN, WHOLE), rates, areas, strict=True):
        print(f"{name:13s} {rate:8.0f} cycles a frame, {area.luts + area.lutram:.0f} LUTs, {area.brams:.0f} blocks")
    gain, cost = rates[1] / rates[0], (areas[0].luts + areas[0].lutram) / (areas[1].luts + areas[1].lutram)
    report.claim(
        gain > cost,
        f"{names.count(TAKEN)} layers by their taps' indices: {gain:.1f} times the rate, {cost:.2f} x the LUTs",
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--accuracy", type=float, default=0.98)
    return parser.parse_args()


if __name__ == "__main__":
    main()
