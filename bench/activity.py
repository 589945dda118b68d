"""The proxy for power, against what changes in Verilator on the same samples.

    python bench/activity.py [--frames 3] [--fps 100000]

The digits network, folded for so many frames per second: every signal of every stage in a trace that Verilator writes.
1. Words of streams that leave registers: changes of the signals equal those counted from the values (PASS or FAIL).
2. Per stage: changes of all signals within it per cycle, beside the gates weighed by toggles; the correlation over
   stages of both, and of the logarithms.
"""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from common import Report, machine

import mulfree
from mulfree.backends.verilog import ports
from mulfree.rtl import Stream
from mulfree.rtl.names import identifier
from mulfree.samples import read_samples
from mulfree.sim.activity import stream_toggles
from mulfree.sim.activity.streams import tokens_of
from mulfree.sim.activity.trace import Name, changes, play, traced
from mulfree.sim.reference import run_graph

EXAMPLES = Path(str(files("mulfree") / "examples"))
CYCLES = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--fps", type=float, default=100000)
    options = parser.parse_args()
    print(machine("verilator"), flush=True)
    report = Report()
    design = mulfree.compile(EXAMPLES / "digits.onnx", fps=options.fps)
    x = read_samples(EXAMPLES / "digits.npz", design.model.inputs).first(options.frames).inputs
    values = run_graph(design.hardware.graph, design.model.to_integers(x), keep=True)
    with TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.vcd"
        (stream,), (source, sink) = design.hardware.design.inputs, ports(design.hardware.design)
        words = numbers(stream, values[stream.value.name])
        with report.timed():
            took = play(design.verilator(), trace, source.name, words, sink.name, options.frames * sink.tokens, CYCLES)
        signals = traced(trace.read_text())
    compare_words(report, design, values, signals)
    compare_stages(report, design, x, signals, took)
    report.finish()


def numbers(stream: Stream, values: mulfree.ir.AnyArray) -> list[int]:
    rows = tokens_of(stream, values).tolist()
    return [sum(int(word) << (i * stream.element_bits) for i, word in enumerate(row)) for row in rows]


def compare_words(
    report: Report,
    design: mulfree.api.CompiledModel,
    values: dict[str, mulfree.ir.AnyArray],
    signals: dict[Name, list[int]],
) -> None:
    """A queue shows the words of its memory, old ones too."""
    by_name = {name[-1]: seen for name, seen in signals.items()}
    for stage in design.hardware.design.stages:
        for stream in stage.outputs:
            found, seen = stream_toggles(stream, values), by_name[f"{identifier(stream.name)}_data"]
            if found is None:
                continue
            first = (seen[0] ^ numbers(stream, values[stream.value.name][:1])[0]).bit_count()
            what = f"{stage.name} ({stage.module}): {changes(seen)} changes of the signal, {found.changes} of the words"
            if stage.module == "fifo":
                print(f"      {what}")
            else:
                report.claim(changes(seen) == first + found.changes, what)


def compare_stages(
    report: Report, design: mulfree.api.CompiledModel, x: object, signals: dict[Name, list[int]], took: int
) -> None:
    """Signals within a stage, its ports included."""
    power = design.power(x)  # type: ignore[arg-type]
    rows = []
    for stage in power.stages:
        within = [seen for name, seen in signals.items() if f"u_{identifier(stage.name)}" in name[:-1]]
        rows.append((stage.toggled, sum(map(changes, within)) / took))
        print(
            f"      {stage.name:24} {stage.kind:16} {rows[-1][0]:9.2f} toggled gates {rows[-1][1]:9.2f} changes a cycle"
        )
    ours, theirs = np.array(rows).T
    plain, logarithmic = (float(np.corrcoef(a, b)[0, 1]) for a, b in ((ours, theirs), (np.log(ours), np.log(theirs))))
    report.claim(
        logarithmic > 0.7, f"correlation over {len(rows)} stages: {plain:.2f}, of logarithms {logarithmic:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main())
