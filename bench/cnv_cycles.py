"""Token-time model against Verilator on CNV, the trained convolutional network, in its default folding.

    python bench/cnv_cycles.py [frames]

Every transfer of both ports is compared, with always-ready and with random sinks and sources; then both are timed on
the same work in the same process: CPU seconds, best of several runs, building under Verilator left out. With sinks and
sources that never wait, token-time computes frames until they repeat; with random ones, every frame.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from time import process_time

import numpy as np
from common import Report, cifar, machine, model_path

import mulfree
from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.rtl import Design
from mulfree.sim.cycles import token_time
from mulfree.sim.patterns import ALWAYS, Pattern, random_pattern
from mulfree.sim.verilator import Run, StreamPort, pack_tokens, verilate

RUNS = 5
FLOWS = {"always ready": (ALWAYS, ALWAYS), "random": (random_pattern(0.7, 2), random_pattern(0.8, 1))}
LEAST_RATIO = 10.0


def main(frames: int) -> None:
    print(machine("verilator"), "\n", flush=True)
    report = Report()
    compiled = mulfree.compile(model_path("bnnpynq_cnvW1A1"))
    design = compiled.hardware.design
    drive = _verilator(design, compiled.model.inputs[0].to_integers(cifar(frames).astype(np.float32)))
    for name, (source, sink) in FLOWS.items():
        compare(report, name, design, frames, partial(drive, source, sink), source, sink)
    report.finish()


def compare(
    report: Report,
    name: str,
    design: Design,
    frames: int,
    drive: Callable[[], Run],
    source: Pattern,
    sink: Pattern,
) -> None:
    run, timing = drive(), token_time(design, frames, [source], [sink])
    moved = {design.inputs[0].name: run.input_cycles[0], design.outputs[0].name: run.output_cycles[0]}
    wrong = sum(int((timing.of(stream).ravel() != cycles).sum()) for stream, cycles in moved.items())
    count = sum(len(cycles) for cycles in moved.values())
    verilator, model = _best(drive), _best(lambda: token_time(design, frames, [source], [sink]))
    report.claim(
        not wrong, f"CNV, {name}: {count - wrong} of {count} transfer cycles are Verilator's; {run.cycles} cycles"
    )
    report.claim(
        verilator / model >= LEAST_RATIO,
        f"CNV, {name}: {frames} frames, Verilator {verilator:.3f} s ({run.cycles / verilator / 1e6:.1f} Mcycle/s), "
        f"token-time {model:.4f} s ({run.cycles / model / 1e6:.1f} Mcycle/s): {verilator / model:.1f} times faster "
        f"(target {LEAST_RATIO:g})",
    )


def _verilator(design: Design, integers: np.ndarray) -> Callable[[Pattern, Pattern], Run]:  # type: ignore[type-arg]
    x, y = (StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design))
    hardware = verilate(to_verilog(design), top_name(design), [x], [y])
    stream = design.inputs[0]
    tokens = pack_tokens(stream.elements(integers).reshape(-1, stream.lanes), stream.element_bits)
    padded = np.pad(tokens, ((0, 0), (0, x.words - tokens.shape[1])))
    count = len(integers) * design.outputs[0].tokens
    return lambda source, sink: hardware.run([padded], [count], [source], [sink])


def _best(action: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        start = process_time()
        action()
        times.append(process_time() - start)
    return min(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
