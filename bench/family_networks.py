"""The networks that bench/train_families.py trained, the same in everything that computes them.

    python bench/family_networks.py FOLDER [NAME ...] [--images N] [--defined N] [--frames N] [--arithmetic NAME]

For each FOLDER/NAME.onnx: how many test images the compiled network gets right (all that there are); in how many
onnxruntime, which runs the function bodies of the exported file, and the definition give other numbers (`--images`,
`--defined`: the bodies of min-select and the definition are slow); and in Verilator, with random sources and sinks,
whether every value and the cycle of every transfer are those of the models (`--frames`). With `--arithmetic` all layers
that it computes exactly are compiled so, and the definition of that network is compared. NAME begins with `sum_max_`
for the task of the sum-and-max paper, whose signals are drawn anew; else the images are MNIST's.

One PASS or FAIL line per claim; exits with 1 if one fails. Data: $MULFREE_MODELS (default ../shared).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import Report, machine, mnist, onnxruntime_outputs
from sum_max_task import signals

import mulfree
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray
from mulfree.sim.patterns import random_pattern

SIGNALS = 20_000
LEAST = {"lenet": 0.984, "sum_max_5": 0.95, "sum_max_3": 0.94}
"""Accuracies that are claimed; of the others 0.94."""


def main() -> None:
    asked = arguments()
    print(machine("onnxruntime", "verilator"), "\n", flush=True)
    report = Report()
    for path in sorted(asked.folder.glob("*.onnx")):
        if not asked.names or path.stem in asked.names:
            check(report, path, asked)
    report.finish()


def check(report: Report, path: Path, asked: argparse.Namespace) -> None:
    x, labels = signals(SIGNALS) if path.stem.startswith("sum_max_") else images()
    design = mulfree.compile(path, arithmetic=asked.arithmetic)
    with report.timed():
        y = np.concatenate([np.asarray(design.simulate(x[i : i + 500])) for i in range(0, len(x), 500)])
    right = float((y.argmax(axis=1) == labels).mean())
    report.claim(right >= LEAST.get(path.stem, 0.94), f"{path.stem}: {right:.4f} of {len(x)} samples right, compiled")
    theirs = np.concatenate([onnxruntime_outputs(path, x[i : i + 50]) for i in range(0, asked.images, 50)])
    equal(report, f"{path.stem}: onnxruntime", y, theirs)
    equal(report, f"{path.stem}: the definition", y, defined(design.model, x[: asked.defined]))
    if asked.arithmetic:
        count = sum(node.op.name in asked.arithmetic for node in design.hardware.graph.nodes)
        lowered = replace(design.model, graph=design.hardware.graph)
        name = f"{path.stem}: with {count} layers as {', '.join(asked.arithmetic)}, by its definition, it"
        equal(report, name, y, defined(lowered, x[: asked.images]))
    with report.timed():
        found = design.cosimulate(x[: asked.frames], random_pattern(0.5, 1), random_pattern(0.5, 2))
    report.claim(found.is_equal, f"{path.stem}: Verilator, {asked.frames} samples: {found}")


def equal(report: Report, name: str, ours: AnyArray, theirs: AnyArray) -> None:
    rows = int((ours[: len(theirs)] == theirs).all(axis=1).sum())
    report.claim(rows == len(theirs), f"{name} gives the same numbers for {rows} of {len(theirs)} samples")


def defined(model: QuantisedModel, x: AnyArray) -> AnyArray:
    (feed,) = (port.name for port in model.inputs)
    parts = [model.run({feed: x[i : i + 100]}) for i in range(0, len(x), 100)]
    return np.concatenate([y for part in parts for y in part.values()])


def images() -> tuple[AnyArray, AnyArray]:
    x, labels = mnist()
    return x[:, None].astype(np.float32), labels


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="networks; all of them if none is named")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--defined", type=int, default=100)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--arithmetic", nargs="+", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
