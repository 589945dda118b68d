"""Levels of stages as estimated, against the longest path that Yosys finds in what it synthesised.

    python bench/timing_levels.py [--targets xc7 ice40 ecp5 asic] [--number 1] [--most-luts 400]

takes one stage of every kind of bench/cost_sweep.py, none of which anything was fitted to: levels are counted, not
fitted. Prints them side by side, and how far apart they are in the mean.
"""

from __future__ import annotations

import argparse

import numpy as np
from timing_points import subjects

from mulfree.backends.synth import synthesise_stage
from mulfree.rtl.cost import TARGETS, stage_cost
from mulfree.rtl.timing import levels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=["xc7", "ice40", "ecp5", "asic"], choices=list(TARGETS))
    parser.add_argument("--number", type=int, default=1, help="which stage of every kind")
    parser.add_argument("--most-luts", type=float, default=400)
    options = parser.parse_args()
    every = [s for s in subjects() if s.number == options.number]
    chosen = [s for s in every if stage_cost(s.stage, "ice40").luts <= options.most_luts]
    for target in options.targets:
        ratios = []
        for subject in chosen:
            guess, found = levels(subject.stage, target), synthesise_stage(subject.stage, target).levels
            ratios.append((guess + 1) / (found + 1))
            print(f"{target:6} {subject.kind:16} {guess:5.1f} estimated {found:4d} by Yosys", flush=True)
        off = np.exp(np.abs(np.log(ratios)).mean()) - 1
        bias = np.exp(np.log(ratios).mean()) - 1
        print(f"{target}: {len(ratios)} stages, {off:.0%} apart in the mean, {bias:+.0%} on one side\n", flush=True)


if __name__ == "__main__":
    main()
