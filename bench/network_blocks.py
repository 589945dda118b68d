"""One block of the papers' networks, as wide as there and on maps of CIFAR's size, in hardware under Verilator.

    nice python bench/network_blocks.py [ua-resnet reaf aw nasb ua-dense ...]

Each block stands behind the network's first layer and is compiled with the default folding. Its outputs by the fast
kernels are compared with onnxruntime's, and every token and every cycle of the Verilog with the definition and with the
cycle model, under random flow control.
"""

from __future__ import annotations

import sys

import numpy as np
from common import Report, cpu_s, machine, onnxruntime_outputs

import mulfree
from mulfree.networks import to_onnx
from mulfree.networks.blocks import BLOCKS, block
from mulfree.sim.patterns import random_pattern

SIZE, FRAMES = 32, 2
WIDTHS = {"ua-resnet": 53, "ua-transition": 53, "reaf": 72, "ua-dense": 48, "binary-dense": 32}
"""Channels of the first stage; 64 where nothing else is said."""


def main(names: list[str]) -> None:
    print(machine(), "\n", flush=True)
    report = Report()
    for name in names:
        measure(report, name, WIDTHS.get(name, 64))
    report.finish()


def measure(report: Report, name: str, width: int) -> None:
    model = to_onnx(block(name, width, SIZE), seed=1)
    x = np.random.default_rng(1).integers(0, 256, (FRAMES, 3, SIZE, SIZE)).astype(np.uint8)
    began = cpu_s()
    compiled = mulfree.compile(model)
    took, stages = cpu_s() - began, len(compiled.hardware.design.stages)
    y = compiled.simulate(x)
    assert isinstance(y, np.ndarray)
    same = np.array_equal(y, onnxruntime_outputs(model, x))
    began = cpu_s()
    told = compiled.cosimulate(x, random_pattern(0.9, 1), random_pattern(0.8, 2))
    simulated = cpu_s() - began
    report.claim(
        same and told.is_equal,
        f"{name}, {width} channels: {took:.1f} s CPU to {stages} stages; "
        f"{'equal to' if same else 'unlike'} onnxruntime; Verilator, {simulated:.0f} s CPU: {told}",
    )


if __name__ == "__main__":
    main(sys.argv[1:] or list(BLOCKS))
