"""Results of the commands: as dictionaries for machines and as tables for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mulfree.compiler.layer_names import layer_names
from mulfree.console import print_result, table
from mulfree.rtl.cost import target_named
from mulfree.samples import Samples, accuracy, pattern, read_samples, write_npz

if TYPE_CHECKING:
    from mulfree.api import CompiledModel
    from mulfree.backends.estimate import Estimate, StageEstimate
    from mulfree.compiler.alternatives import Alternative
    from mulfree.ir import AnyArray
    from mulfree.rtl.cost import Error
    from mulfree.sim.activity import Power

DEMO_FRAMES = 3
FLOWS = (("always", "always"), ("random", "random"), ("bursty", "bursty"))
RESOURCES = ("luts", "ffs", "carries", "brams", "lutram", "gates")


@dataclass(frozen=True, slots=True)
class Simulation:
    """What `sim` found out."""

    samples: int
    seconds: float
    accuracy: float | None
    """Share of right answers, if the labels are known."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"samples_per_second": self.samples / self.seconds}

    def __str__(self) -> str:
        rate = f"{self.samples} samples in {self.seconds:.2f} s ({self.samples / self.seconds:,.0f} per second)"
        if self.accuracy is None:
            return rate
        return f"{rate}\n{round(self.accuracy * self.samples)} of {self.samples} right ({self.accuracy:.2%})"


def simulate(design: CompiledModel, samples: Samples, parts: Iterable[slice], output: Path | None = None) -> Simulation:
    """Run the samples part by part; write all outputs, by ONNX name, if a file is named."""
    began = time.perf_counter()
    results = [_named(design, design.simulate(samples[part])) for part in parts]
    seconds = time.perf_counter() - began
    outputs = {port.name: np.concatenate([r[port.name] for r in results]) for port in design.model.outputs}
    if output:
        write_npz(output, outputs)
    first = outputs[design.model.outputs[0].name]
    right = None if samples.labels is None else accuracy(first, samples.labels)
    return Simulation(samples.count, seconds, right)


def _named(design: CompiledModel, y: Any) -> dict[str, AnyArray]:
    return dict(y) if isinstance(y, dict) else {design.model.outputs[0].name: y}


def summary(design: CompiledModel) -> dict[str, Any]:
    """What was made, in numbers."""
    return {
        "stages": [{"name": stage.name, "module": stage.module} for stage in design.hardware.design.stages],
        "folding": {name: asdict(layer) for name, layer in design.hardware.folding.items()},
        "multiplier_free": asdict(design.hardware.proof),
        "notes": design.model.notes,
    }


Alternatives = Mapping[str, "list[Alternative]"]


def alternatives_dict(design: CompiledModel, found: Alternatives) -> dict[str, Any]:
    """Per layer, every arithmetic with its estimated cost, cheapest first, and which one the design has."""
    taken = _taken(design)
    costs = {layer: {a.arithmetic.name: _priced(a) for a in rows} for layer, rows in found.items()}
    layers = {layer: {"taken": taken[layer], "costs": of_layer} for layer, of_layer in costs.items()}
    return {"target": design.target, "layers": layers}


def _priced(alternative: Alternative) -> dict[str, Any]:
    return alternative.cost.rounded().to_dict() | {"cycles": alternative.cycles}


def alternatives_table(design: CompiledModel, found: Alternatives) -> Any:
    """The same as a table; '*' marks the one that the design has."""
    taken = _taken(design)
    lines: list[list[object]] = []
    for layer, rows in found.items():
        for a in rows:
            mark = "*" if a.arithmetic.name == taken[layer] else ""
            lines.append([layer if a is rows[0] else "", a.arithmetic.name, mark, *_area(a.cost), a.cycles])
    return table(f"Arithmetics by layer on {design.target}", ["layer", "arithmetic", "", *RESOURCES, "cycles"], lines)


COUNTED = ("parameters", "multiplications", "additions", "comparisons")


def operations_dict(design: CompiledModel) -> dict[str, Any]:
    """Per layer what its definition takes for one sample, and what its arithmetic does, where that counts otherwise."""
    own = design.own_operations()
    counts = {layer: asdict(counted) for layer, counted in design.operations().items()}
    return {layer: c | ({"arithmetic": own[layer]} if layer in own else {}) for layer, c in counts.items()}


def operations_table(design: CompiledModel) -> Any:
    """The same as a table, with the sums of all layers."""
    counts = {layer: [getattr(c, name) for name in COUNTED] for layer, c in design.operations().items()}
    lines: list[list[object]] = [[layer, *row] for layer, row in counts.items()]
    lines.append(["total", *(sum(column) for column in zip(*counts.values(), strict=True))])
    return table("Operations for one sample, as trained", ["layer", *COUNTED], lines)


def own_operations_tables(design: CompiledModel) -> list[Any]:
    """What arithmetics take that do not count as the definition: none or one table."""
    own, taken = design.own_operations(), _taken(design)
    columns = list(dict.fromkeys(name for counted in own.values() for name in counted))
    lines: list[list[object]] = [
        [layer, taken[layer], *(counted.get(name, 0) for name in columns)] for layer, counted in own.items()
    ]
    title = "Operations for one sample, as computed"
    return [table(title, ["layer", "arithmetic", *columns], lines)] if own else []


def _taken(design: CompiledModel) -> dict[str, str]:
    graph = design.hardware.graph
    names = layer_names(graph)
    return {names[node.output]: node.op.name for node in graph.nodes}


def estimate_table(estimate: Estimate) -> Any:
    """Per stage and in total, with the known error beside what is estimated; cycles are exact."""
    rows = [_estimate_row(estimate, s) for s in estimate.stages]
    longest = 1000 / estimate.fmax_mhz if estimate.fmax_mhz else None
    deepest = estimate.total.levels
    clock = _timing(deepest, longest, _typical(estimate.fmax_error))
    area, error = _area(estimate.total), estimate.error
    cycles = float(estimate.interval_cycles)
    rows.append(["total", "", *_with_error(estimate.target, area, error), *clock, cycles])
    columns = [str(name) for name in _with_error(estimate.target, [HEADINGS.get(name, name) for name in RESOURCES])]
    return table(_estimate_title(estimate), ["stage", "kind", *columns, "levels", "ns", "±", "cycles"], rows)


def power_table(power: Power) -> Any:
    """Per stage and in total: toggles of a bit of what it gives, its gates, and these by how often they toggle."""
    rows: list[list[object]] = [
        [s.name, s.kind, "-" if s.rate is None else f"{s.rate:.4f}", round(s.gates), round(s.toggled, 1)]
        for s in power.stages
    ]
    rows.append(["total", "", f"{power.activity:.4f} of a gate", round(power.gates), round(power.toggled, 1)])
    title = (
        f"Activity on {power.samples} samples, {power.cycles:,.0f} cycles each: gates weighed by their toggles per "
        "cycle, a proxy for dynamic power"
    )
    return table(title, ["stage", "kind", "toggles per bit and cycle", "gates", "toggled gates"], rows)


HEADINGS = {"luts": "LUT", "ffs": "FF", "carries": "carry", "brams": "RAM", "lutram": "LUTRAM"}


def _estimate_row(estimate: Estimate, stage: StageEstimate) -> list[object]:
    clock = _timing(stage.cost.levels, stage.delay_ns, _typical(stage.delay_error))
    area = _with_error(estimate.target, _area(stage.cost), stage.error.typical)
    return [stage.name, stage.kind, *area, *clock, stage.busy_cycles]


def _typical(error: Error | None) -> float | None:
    return None if error is None else error.typical


def _timing(levels: float, ns: float | None, error: float | None) -> list[str]:
    """Levels, nanoseconds and how far off these are, or dashes where that is not known."""
    return [f"{levels:.0f}", "-" if ns is None else f"{ns:.1f}", "-" if error is None else f"{error:.0%}"]


def _with_error(target: str, area: Sequence[object], error: float | None = None) -> list[object]:
    """The error stands behind what it is of: LUTs, or gates where there are none. Without one: the column's name."""
    at = 1 + (0 if target_named(target).is_fpga else RESOURCES.index("gates"))
    return [*area[:at], "±" if error is None else f"{error:.0%}", *area[at:]]


def _estimate_title(estimate: Estimate) -> str:
    latency = "" if estimate.latency_us is None else f", latency {estimate.latency_us:,.1f} µs"
    rate = f"{estimate.fps:,.0f} frames per second{latency}"
    lines = [
        f"Estimate for {estimate.target} at {estimate.clock_mhz:g} MHz: {rate}; the slowest stage is {estimate.slowest}"
    ]
    if estimate.fmax_mhz is not None and estimate.speed is not None:
        known = f" ±{estimate.fmax_error.typical:.0%}" if estimate.fmax_error else ""
        meaning = estimate.speed.meaning
        lines.append(f"Clock up to {estimate.fmax_mhz:.0f} MHz{known} ({meaning}): {estimate.slowest_path}")
    lines.append("± is the typical error on stages that nothing was fitted to; cycles are exact")
    return "\n".join([*lines, *(f"warning: {line}" for line in estimate.warnings)])


def _area(cost: Any) -> list[int]:
    return [round(getattr(cost, name)) for name in RESOURCES]


def run_demo(folder: Path, working: Callable[[str], AbstractContextManager[None]]) -> bool:
    """The main job on the shipped network, step by step; whether hardware and models are equal."""
    import mulfree

    examples = Path(mulfree.__file__).parent / "examples"
    with working("compiling"):
        design = mulfree.compile(examples / "digits.onnx")
    samples = read_samples(examples / "digits.npz", design.model.inputs)
    with working("simulating"):
        simulation = simulate(design, samples, [slice(None)])
    frames = samples.first(DEMO_FRAMES)
    reports: dict[str, Any] = {}
    for source, sink in FLOWS:
        with working(f"Verilator: source and sink {source}"):
            reports[source] = design.cosimulate(frames.inputs, pattern(source, 1), pattern(sink, 2))
    with working("estimating"):
        estimate = design.estimate()
        design.write_verilog(folder, frames.inputs)
    data = {
        **summary(design),
        "simulation": simulation.to_dict(),
        "cosimulation": {flow: asdict(report) for flow, report in reports.items()},
        "estimate": estimate.to_dict(),
        "folder": str(folder),
    }
    print_result(
        data,
        "Handwritten digits (scikit-learn), held out of training, on the integer network:",
        f"  {str(simulation).replace(chr(10), chr(10) + '  ')}",
        "Verilog under Verilator against the models:",
        *(f"  {flow + ':':8}{report}" for flow, report in reports.items()),
        estimate_table(estimate),
        f"Written to {folder}: SystemVerilog, a test bench and run.sh, which needs Verilator or Icarus alone.",
    )
    return all(report.is_equal for report in reports.values())
