"""Single stages between registers, as nextpnr places them: what the delays of `mulfree.rtl.timing` are fitted to."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from cost_sweep import sweep

from mulfree.backends.synth import place_and_route
from mulfree.rtl import Stage
from mulfree.rtl.cost import calibrated_kind
from mulfree.rtl.library import needed_by
from mulfree.rtl.stages import memory_files, stage_verilog
from mulfree.rtl.stages.text import port_names

DEVICES = {"ice40": "ice40-hx8k", "ecp5": "ecp5-25k"}
"""By target, the device whose speed the table's delays are of."""
CLOCK_MHZ = 100.0


@dataclass(frozen=True)
class Subject:
    """A stage of the sweep; `number` is its place among those of its kind."""

    kind: str
    number: int
    stage: Stage

    def files(self, target: str) -> dict[str, str]:
        stage = replace(self.stage, target=target)
        text = stage_verilog(stage)
        data = memory_files(stage)
        return {**needed_by(text), **data, "stage.sv": text, "harness.sv": harness(stage)}

    def key(self, device: str, seed: int) -> str:
        """What a placement depends on, beside the tools."""
        text = json.dumps(self.files(target_of(device)), sort_keys=True)
        return f"{device} {seed} {hashlib.sha256(text.encode()).hexdigest()}"


def subjects() -> list[Subject]:
    """All stages of the sweep: the first of every kind, then the second of every kind, and so on."""
    kinds: dict[str, list[Subject]] = defaultdict(list)
    for stage in sweep():
        kind = calibrated_kind(stage)
        kinds[kind].append(Subject(kind, len(kinds[kind]), stage))
    rows: Iterable[tuple[Subject | None, ...]] = zip_longest(*kinds.values())
    return [subject for subject in chain.from_iterable(rows) if subject]


def target_of(device: str) -> str:
    return device.partition("-")[0]


def placed_ns(subject: Subject, device: str, seed: int) -> float:
    """Nanoseconds of the longest path from register to register."""
    placed = place_and_route(subject.files(target_of(device)), "harness", device, clock_mhz=CLOCK_MHZ, seed=seed)
    return 1000 / placed.fmax_mhz


def harness(stage: Stage) -> str:
    """Registers around a stage, with four pins: inputs come from a chain of registers, and of a second chain each
    takes the one before it XOR an output, so that nothing is left out and no path but the stage's is long.
    """
    signals = list(_signals(stage))
    taken = [(name, width) for name, width, is_input in signals if is_input]
    made = [(name, width) for name, width, is_input in signals if not is_input]
    inputs, outputs = (sum(width for _, width in side) for side in (taken, made))
    ports = ["    .clk(clk)", "    .rst(rst)", *_connected("given", taken), *_connected("made", made)]
    return "\n".join(
        [
            "module harness (input logic clk, input logic rst, input logic s, output logic m);",
            f"  logic [{inputs - 1}:0] given;",
            f"  logic [{outputs - 1}:0] made, held;",
            f"  always_ff @(posedge clk) given <= {{given[{inputs - 2}:0], s}};",
            f"  always_ff @(posedge clk) held <= {{held[{outputs - 2}:0], 1'b0}} ^ made;",
            f"  assign m = held[{outputs - 1}];",
            f"  {stage.name} u_stage (",
            ",\n".join(ports),
            "  );",
            "endmodule",
            "",
        ]
    )


def _signals(stage: Stage) -> Iterator[tuple[str, int, bool]]:
    """Name, bits, and whether the stage takes it."""
    for prefix, stream in zip(port_names(stage), [*stage.inputs, *stage.outputs], strict=True):
        is_input = prefix.startswith("s")
        yield f"{prefix}_data", stream.token_bits, is_input
        yield f"{prefix}_valid", 1, is_input
        yield f"{prefix}_ready", 1, not is_input


def _connected(vector: str, signals: list[tuple[str, int]]) -> Iterator[str]:
    low = 0
    for name, width in signals:
        yield f"    .{name}({vector}[{low + width - 1}:{low}])"
        low += width
