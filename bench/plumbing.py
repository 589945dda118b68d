"""What moves words between layers, by Yosys on xc7, against figures seen: queues, changes of width, windows.

    python bench/plumbing.py [--jobs 2]

The figures are those of small generators of the same functions, by the same flow: LUTs and flip-flops. A window that
is held in block memories instead of shift registers or LUT memory says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from common import Report, machine

from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import BIT, IntRange, TensorType, Value
from mulfree.ir.ops import Window
from mulfree.rtl import Stage, Stream, stages
from mulfree.rtl.cost import stage_cost

BYTE = IntRange(0, 255)


class Part(NamedTuple):
    name: str
    stage: Stage
    luts: int
    registers: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}; {yosys_tool().version}\n", flush=True)
    report, made = Report(), list(parts())
    with ThreadPoolExecutor(options.jobs) as pool:
        counted = pool.map(lambda part: synthesise_stage(replace(part.stage, target="xc7"), "xc7").cost, made)
        for part, cost in zip(made, counted, strict=True):
            estimated = stage_cost(part.stage, "xc7").luts
            report.claim(
                cost.luts <= part.luts,
                f"{part.name}: {cost.luts:.0f} LUTs ({estimated:.0f} estimated), limit {part.luts}; {cost.ffs:.0f} "
                f"registers, seen {part.registers}; {cost.lutram:.0f} tables as memory, {cost.brams:.0f} blocks",
            )
    report.finish()


def parts() -> Iterator[Part]:
    yield Part("queue of 64 words of 16 bits", _fifo(16, 64), 15, 36)
    yield Part("queue of 256 words of 16 bits", _fifo(16, 256), 23, 26)
    yield Part("from 8 bits to 32", stages.width_converter("stage", _words(64, 8), 32), 6, 35)
    yield Part("from 128 bits to 16", stages.width_converter("stage", _words(256, 128), 16), 122, 132)
    padded, five = Window((3, 3), pads=(1, 1, 1, 1)), Window((5, 5))
    yield Part("3x3 windows, padded by one, 32x32 of 16 bits", _windows(padded, BIT, (16, 32, 32)), 177, 149)
    yield Part("5x5 windows, 28x28 of 8 bits", _windows(five, BYTE, (1, 28, 28)), 252, 200)
    two = Window((3, 3), (2, 2), pads=(1, 1, 1, 1))
    yield Part("3x3 windows by two, 32x32 of 64 bits", _windows(two, BIT, (64, 32, 32)), 565, 485)


def _words(values: int, bits: int) -> Stream:
    """A vector of so many bits, so many together."""
    value = Value("x", TensorType((values,), BIT))
    return Stream("x", value, np.arange(values), bits, value.type)


def _fifo(bits: int, depth: int) -> Stage:
    return stages.fifo("stage", _words(4 * bits, bits), depth)


def _windows(window: Window, range: IntRange, shape: tuple[int, ...]) -> Stage:
    value = Value("x", TensorType(shape, range))
    order = np.arange(value.type.size).reshape(shape[0], -1).T.ravel()
    return stages.sliding_window("stage", Stream("x", value, order, shape[0], value.type), window)


if __name__ == "__main__":
    main()
