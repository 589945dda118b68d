"""Place and route stage by stage against in one piece; the same again, with every stage in the cache.

    python bench/place_and_route.py [--model digits.onnx] [--device ecp5-25k] [--seeds 1 2 3] [--fps RATE]

A temporary cache is used, so the first run is cold. Printed: cells and clock both ways for each seed of nextpnr, and
the time of synthesis, cold and warm.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from common import Report, machine

import mulfree
from mulfree.backends.synth import Placement, implement, place_and_route
from mulfree.backends.synth.device import device_named
from mulfree.backends.synth.join import join_design
from mulfree.backends.synth.settings import Settings
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.backends.verilog import to_verilog, top_name
from mulfree.rtl import Design

CELLS = 0.05
"""The most by which joined stages may be larger than the design in one piece."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(files("mulfree") / "examples" / "digits.onnx"))
    parser.add_argument("--device", default="ecp5-25k")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--fps", type=float)
    options = parser.parse_args()
    family = device_named(options.device).family
    print(f"{machine()}; {yosys_tool()}", flush=True)
    report = Report()
    design = mulfree.compile(options.model, target=family.circuits, fps=options.fps).hardware.design
    sources = {name.removeprefix("rtl/"): text for name, text in to_verilog(design.for_target(family.circuits)).items()}
    with TemporaryDirectory() as cache:
        os.environ["MULFREE_CACHE"] = cache
        cold, warm = (synthesis_seconds(design, options.device) for _ in range(2))
        report.claim(warm < cold / 3, f"joining {len(design.stages)} stages: {cold:.1f} s cold, {warm:.1f} s warm")
        for seed in options.seeds:
            parts = implement(design, options.device, seed=seed)
            whole = place_and_route(sources, top_name(design), options.device, seed=seed)
            print(f"seed {seed}: stages {line(parts)}; one piece {line(whole)}", flush=True)
    larger = main_cells(parts) / main_cells(whole) - 1
    report.claim(larger <= CELLS, f"joined stages have {larger:+.1%} cells of the design in one piece")
    report.finish()


def synthesis_seconds(design: Design, device: str) -> float:
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        join_design(design, device_named(device).family, None, Path(folder), Settings())
    return time.monotonic() - began


def main_cells(placed: Placement) -> int:
    return max(n.used for kind, n in placed.utilisation.items() if "COMB" in kind or "LC" in kind or "LUT" in kind)


def line(placed: Placement) -> str:
    used = ", ".join(f"{n.used} {kind}" for kind, n in placed.utilisation.items())
    return f"{placed.fmax_mhz:.1f} MHz, {used}"


if __name__ == "__main__":
    main()
