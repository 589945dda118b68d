"""Thresholds of several levels on xc7: a search over stored ones, a division where they are evenly spaced.

    python bench/thresholds.py [--targets xc7] [--no-yosys]

Evenly spaced thresholds as a scale and an offset of each channel make them, of channels that come one after the other
or side by side; LUTs, flip-flops and block memories as estimated, and LUTs as counted by Yosys where channels are few.
A design takes the cheaper one; in the price a block memory counts as 128 LUTs on xc7.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from common import Report, machine

from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.compiler.price import price
from mulfree.ir import IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import Stage, Stream
from mulfree.rtl.cost import stage_cost
from mulfree.rtl.stages import even_threshold, threshold

CASES = (
    (1024, 1, 6, IntRange(-2000, 2000), 0.2),
    (256, 2, 8, IntRange(-100_000, 100_000), 0.2),
    (64, 1, 4, IntRange(0, 4000), 0.6),
    (64, 4, 4, IntRange(0, 4000), 1.0),
    (64, 1, 3, IntRange(-30_000, 30_000), 0.9),
    (64, 1, 2, IntRange(0, 4000), 1.0),
    (16, 16, 4, IntRange(0, 4000), 1.0),
)
"""Channels, lanes, bits of the result, accumulator; what part of the search's price on xc7 is aimed at."""
SYNTHESISED = 64
"""Channels, at most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=["xc7"])
    parser.add_argument("--no-yosys", action="store_true")
    options = parser.parse_args()
    print(f"{machine()}; {yosys_tool().version}", flush=True)
    report = Report()
    for target in options.targets:
        for channels, lanes, bits, range, goal in CASES:
            ratio = compare(target, *made(channels, lanes, bits, range), options.no_yosys)
            report.claim(target != "xc7" or ratio <= goal, f"{ratio:.2f} of the search's price, goal on xc7 {goal}")
    report.finish()


def made(channels: int, lanes: int, bits: int, range: IntRange) -> tuple[Stream, Value[TensorType], Threshold]:
    rng, steps, span = np.random.default_rng(channels + bits), 2**bits - 1, range.hi - range.lo
    slopes, starts = rng.uniform(0.6, 1.2, (channels, 1)) * span / steps, rng.uniform(-0.1, 0.1, (channels, 1)) * span
    table = np.ceil(range.lo + starts + slopes * np.arange(1, steps + 1)).astype(np.int64)
    op = Threshold(Tensor(table), Tensor(np.array([0])), Tensor(np.array([1])), IntRange(0, steps))
    type = TensorType((channels,), range)
    x = Stream("x", Value("x", type), np.arange(channels), lanes, type)
    return x, Value("y", op.infer(type)), op


def compare(target: str, x: Stream, y: Value[TensorType], op: Threshold, no_yosys: bool) -> float:
    """The cheaper one's part of the search's price."""
    division = even_threshold("division", x, y, op, target=target)
    assert division, "the thresholds are evenly spaced"
    stages = [threshold("search", x, y, op), division]
    print(f"\n{y.type.shape[0]} channels, {x.lanes} lanes, {op.levels.count - 1} steps of {x.type.range} on {target}")
    for stage in stages:
        print(_line(stage, target, no_yosys or y.type.shape[0] > SYNTHESISED), flush=True)
    prices = [price(stage_cost(stage, target), target)[0] for stage in stages]
    return min(prices) / prices[0]


def _line(stage: Stage, target: str, no_yosys: bool) -> str:
    cost = stage_cost(stage, target)
    text = f"{stage.name:>9}: {cost.luts:6.0f} LUTs, {cost.ffs:5.0f} flip-flops, {cost.brams:3.0f} block memories"
    return text if no_yosys else f"{text}; Yosys {synthesise_stage(stage, target).cost.luts:.0f} LUTs"


if __name__ == "__main__":
    sys.exit(main())
