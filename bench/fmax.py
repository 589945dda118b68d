"""Clocks of whole designs: as estimated, against nextpnr.

    python bench/fmax.py [NAME ...] [--devices ice40-hx8k ecp5-25k ecp5-85k] [--seeds 1] [--store fmax.json]

Trained TFC folded, the digits network with a lane per layer and folded for 20 000 frames per second, and one small
network of every family with random weights; none of their stages is among those that the delays were fitted to. Each is
synthesised, placed and routed for every target, on the first of its devices that it fits. With several seeds the clock
is the mean over them, and their spread is printed. PASS where the estimate is within 15 %; exits with 1 if one is not.
`--store` keeps the placements in a file and reuses those in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from common import Report, machine, model_path

import mulfree
from mulfree.api import CompiledModel
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.ir import CompileError
from mulfree.networks import describe, to_onnx

GOAL = 0.15
CLOCK_MHZ = 100.0
DIGITS = str(files("mulfree") / "examples" / "digits.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SUBJECTS)}; by default all")
    parser.add_argument("--devices", nargs="*", default=["ice40-hx8k", "ecp5-25k", "ecp5-85k"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    print(machine(), flush=True)
    report, store = Report(), Store(options.store)
    for name in options.names or SUBJECTS:
        for target, devices in by_target(options.devices).items():
            check(report, store, name, target, devices, options.seeds)
    report.finish()


def by_target(devices: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for device in devices:
        found.setdefault(device.partition("-")[0], []).append(device)
    return found


def check(report: Report, store: Store, name: str, target: str, devices: list[str], seeds: list[int]) -> None:
    design = SUBJECTS[name](target)
    estimate = design.estimate(target)
    luts, guess = estimate.total.luts, estimate.fmax_mhz
    for device in devices:
        clocks = [store.clock(name, design, device, seed) for seed in seeds]
        if all(clocks):
            found, spread = float(np.mean(clocks)), max(clocks) / min(clocks) - 1
            off = guess / found - 1 if guess else float("nan")
            report.claim(
                abs(off) <= GOAL,
                f"{name:16} {device:11} {luts:6.0f} LUTs: estimated {guess or 0:6.1f} MHz ({estimate.slowest_path}), "
                f"nextpnr {found:6.1f} MHz{f', seeds {spread:.0%} apart' if len(seeds) > 1 else ''}: {off:+.0%}",
            )
            return
    print(f"      {name:16} {target}: fits none of {', '.join(devices)}, or took too long", flush=True)


class Store:
    """Clocks in a file, by design, device and seed; 0 where the design does not fit."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.known: dict[str, float] = json.loads(path.read_text()) if path and path.exists() else {}

    def clock(self, name: str, design: CompiledModel, device: str, seed: int) -> float:
        key = f"{name} {device} {seed}"
        if key not in self.known:
            try:
                self.known[key] = design.place_and_route(device, clock_mhz=CLOCK_MHZ, seed=seed).fmax_mhz
            except CompileError as error:
                print(f"      {name} on {device}: {str(error).splitlines()[0]}", flush=True)
                self.known[key] = 0.0
            if self.path:
                self.path.write_text(json.dumps(self.known, indent=1))
        return self.known[key]


def smallest(source: Any, target: str) -> CompiledModel:
    """With one lane per layer."""
    layers = foldable_layers(mulfree.compile(source, target=target).hardware.graph)
    return mulfree.compile(source, target=target, folding={name: LayerFolding() for name in layers})


def network(name: str, **options: Any) -> Callable[[str], CompiledModel]:
    return lambda target: smallest(to_onnx(describe(name, **options), seed=1), target)


SUBJECTS: Mapping[str, Callable[[str], CompiledModel]] = {
    "digits small": lambda target: smallest(DIGITS, target),
    "digits fast": lambda target: mulfree.compile(DIGITS, target=target, fps=100000),
    "TFC small": lambda target: smallest(model_path("TFC_1W1A"), target),
    "TFC folded": lambda target: mulfree.compile(model_path("TFC_1W1A"), target=target, fps=100000),
    "caln": network("caln", units=2, blocks=1, width=8, size=8),
    "sam": network("sam", inputs=64, width=16),
    "lenet-min": network("lenet-min", width=4, hidden=16, size=16),
    "shiftnet": network("shiftnet", blocks=1, width=8, size=8),
    "ua-resnet": network("ua-resnet", columns=2, blocks=(1,), width=8, size=8),
}


if __name__ == "__main__":
    sys.exit(main())
