"""Speed of the two cycle models beside Verilator, on the same design, in the same process.

    python bench/cycle_models.py

Prints millions of simulated cycles per second of CPU time, one thread, best of several runs, and the ratio to
Verilator (-O3, the harness of mulfree.sim.verilator). The sink's ready is random, so that no steady state is reached
and every frame is computed; `steady` is token-time with an always-ready sink, where it is. Before anything is timed,
the transfer cycles of the three are compared. Building under Verilator is not timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

import numpy as np

from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.folding import folding_for
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import Graph, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Reshape, Threshold, Window
from mulfree.rtl import Design
from mulfree.sim.cycles import stepped, token_time
from mulfree.sim.patterns import ALWAYS, Pattern, random_pattern
from mulfree.sim.verilator import Run, StreamPort, Verilated, Words, verilate

RUNS = 5
BIPOLAR = IntRange(-1, 1, 2)
READY = random_pattern(0.8, 1)


@dataclass(frozen=True)
class Case:
    name: str
    graph: Graph[TensorType]
    interval_cycles: int
    frames: int


def dense(layers: int, size: int, rng: np.random.Generator) -> Graph[TensorType]:
    """Bipolar dense layers, thresholds between them."""
    graph = Graph[TensorType](name=f"dense_{layers}")
    x = graph.add_input("x", TensorType((size,), BIPOLAR))
    for _ in range(layers):
        x = graph.add(
            Threshold(*_signs(size, rng), BIPOLAR), graph.add(_weights(size, x.type.shape[0], (1, 1), rng), x)
        )
    graph.outputs = [x]
    return graph


def convolutions(layers: int, channels: int, size: int, rng: np.random.Generator) -> Graph[TensorType]:
    """Bipolar 3x3 convolutions, thresholds between them, and a dense layer."""
    graph = Graph[TensorType](name=f"conv_{layers}")
    x = graph.add_input("x", TensorType((channels, size, size), BIPOLAR))
    for _ in range(layers):
        y = graph.add(_weights(channels, channels, (3, 3), rng), x)
        x = graph.add(Threshold(*_signs(channels, rng), BIPOLAR), y)
    flat = graph.add(Reshape((x.type.size,)), x)
    graph.outputs = [graph.add(_weights(10, flat.type.size, (1, 1), rng), flat)]
    return graph


def _weights(outputs: int, inputs: int, kernel: tuple[int, int], rng: np.random.Generator) -> MultiplyAccumulate:
    return MultiplyAccumulate(Tensor(rng.choice([-1, 1], (outputs, inputs, *kernel))), Window(kernel))


def _signs(channels: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    return Tensor(rng.integers(-3, 4, (channels, 1))), Tensor(np.full(channels, -1)), Tensor(np.full(channels, 2))


def measure(case: Case) -> None:
    design = to_hardware(case.graph, lambda graph: folding_for(graph, case.interval_cycles)).design
    hardware, tokens, count = _hardware(design, case.frames)
    drive = partial(hardware.run, tokens, [count], [ALWAYS])
    cycles = _compare(design, drive, case.frames)
    verilator = cycles / _best(lambda: drive([READY]))
    rows = {
        "Verilator": verilator,
        "stepped": cycles / _best(lambda: stepped(design, case.frames, [ALWAYS], [READY])),
        "token-time": cycles / _best(lambda: token_time(design, case.frames, [ALWAYS], [READY])),
        "steady": (token_time(design, case.frames).last_cycle + 1) / _best(lambda: token_time(design, case.frames)),
    }
    told = "  ".join(f"{name} {rate / 1e6:.1f} ({rate / verilator:.1f}x)" for name, rate in rows.items())
    print(f"{case.name}: {len(design.stages)} stages, {cycles} cycles; Mcycle/s: {told}", flush=True)


def _hardware(design: Design, frames: int) -> tuple[Verilated, list[Words], int]:
    x, y = (StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design))
    hardware = verilate(to_verilog(design), top_name(design), [x], [y])
    tokens = np.random.default_rng(0).integers(0, 2, (frames * design.inputs[0].tokens, x.words)).astype(np.uint32)
    return hardware, [tokens], frames * design.outputs[0].tokens


def _compare(design: Design, drive: Callable[[list[Pattern]], Run], frames: int) -> int:
    """Cycles of the run, once all three agree on every transfer at the design's ports."""
    run = drive([READY])
    for timing in (stepped(design, frames, [ALWAYS], [READY]), token_time(design, frames, [ALWAYS], [READY])):
        for stream, cycles in [(design.inputs[0], run.input_cycles[0]), (design.outputs[0], run.output_cycles[0])]:
            assert np.array_equal(timing.of(stream.name).ravel(), cycles), f"{stream.name} differs from Verilator"
    return run.cycles


def _best(action: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        start = process_time()
        action()
        times.append(process_time() - start)
    return min(times)


def main() -> None:
    rng = np.random.default_rng(0)
    for case in [
        Case("one dense layer", dense(1, 128, rng), 4096, 200),
        Case("four dense layers", dense(4, 128, rng), 4096, 200),
        Case("three convolutions", convolutions(3, 16, 12, rng), 30000, 30),
    ]:
        measure(case)


if __name__ == "__main__":
    main()
