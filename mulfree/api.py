"""The Python API: compile a model, then simulate, co-simulate, estimate, synthesise, write and report the design."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulfree.backends.folder import write_folder
from mulfree.backends.verilog import Files, ports, testbench, to_verilog, top_name
from mulfree.compiler.folding import (
    DEFAULT_CLOCK_MHZ,
    Folding,
    check_folding,
    default_folding,
    folding_for_fps,
    folding_within,
    load_folding,
    save_folding,
    unrolled,
)
from mulfree.compiler.model import InputFormat, QuantisedModel
from mulfree.compiler.pipeline import ChooseFolding, Hardware, IntGraph, provisional, to_hardware
from mulfree.ir import AnyArray, CompileError, IntArray, Pass, TensorType
from mulfree.rtl.cost import TARGETS as TARGETS
from mulfree.rtl.cost import target_named

if TYPE_CHECKING:
    from onnx import ModelProto

    from mulfree.backends.estimate import Estimate
    from mulfree.backends.formal import Proofs
    from mulfree.backends.liberty import Library
    from mulfree.backends.report import Report
    from mulfree.backends.synth import Placement, Progress, Settings, Synthesis
    from mulfree.compiler.alternatives import Alternative
    from mulfree.compiler.families.logic_trees.visits import Visits
    from mulfree.compiler.trace import Executors
    from mulfree.ir.ops import Operations
    from mulfree.sim.activity import Power
    from mulfree.sim.cosim import CosimReport
    from mulfree.sim.cycles import Timing
    from mulfree.sim.diff import Difference
    from mulfree.sim.functional import FastNetwork

    Source = str | Path | bytes | ModelProto

DEFAULT_TARGET = "xc7"
PACE_FRAMES = 16
"""Frames after which a design has long fallen into step."""

Arrays = AnyArray | Mapping[str, AnyArray]
"""The model's only input or output, or all of them by name; batch first."""


class CompiledModel:
    """A model as integers, and as hardware.

    `source` is the ONNX model, `model` its integer graph with what the host does around it, `hardware` the design.
    """

    def __init__(
        self, source: Source, model: QuantisedModel, hardware: Hardware, target: str, clock_mhz: float
    ) -> None:
        self.source = source
        self.model = model
        self.hardware = hardware
        self.target = target
        self.clock_mhz = clock_mhz
        self._estimates: dict[str, Estimate] = {}

    @cached_property
    def fast(self) -> FastNetwork:
        """The fast functional simulator of the integer graph."""
        from mulfree.sim.functional import FastNetwork

        return FastNetwork(self.model.graph)

    def simulate(self, x: Arrays) -> Arrays:
        """Outputs of the model for x, in the ONNX model's own terms, batch first; exact to the bit.

        Raises CompileError if names, shapes or types are not the model's.
        """
        integers = self._run(self.model.to_integers(self._named(x)))
        return _alone(self.model.from_integers(integers))

    def diff(
        self, x: Arrays, left: str = "definition", right: str = "fast", tolerance: float = 0.0
    ) -> Difference | None:
        """The first value of the model and its first element in which two executors differ on x; None if none does.

        `definition`, `fast` and `hardware-graph` compute the integer graph, and are compared in all its values.
        `onnx` (the file's operators as mulfree understands them) and `onnxruntime` compute the file; integers are
        compared with them in the tensors that they stand for. `tolerance` is relative to the largest magnitude of
        a value, for float32 sums that are not exact. Raises CompileError for an unknown executor.
        """
        return self.executors.diff(self._named(x), left, right, tolerance)

    def alternatives(self) -> dict[str, list[Alternative]]:
        """For every layer, by name, the arithmetics that compute it exactly with what they cost, cheapest first."""
        from mulfree.compiler.alternatives import alternatives

        return alternatives(self.hardware.layers, self.hardware.folding, self.target)

    def operations(self) -> dict[str, Operations]:
        """For every layer, by name, its parameters and the operations of its definition for one sample."""
        from mulfree.compiler.alternatives import operations

        return operations(self.hardware.layers)

    def visits(self, x: Arrays) -> dict[str, Visits]:
        """For every layer of logic trees, by name, how many of its units lazy evaluation visits for the samples x."""
        from mulfree.compiler.families.logic_trees.visits import lazy_visits

        given = self.model.to_integers(self._named(x))
        return lazy_visits(self.model.graph, [given[v.name] for v in self.model.graph.inputs])

    def own_operations(self) -> dict[str, Mapping[str, int]]:
        """For every layer whose arithmetic does not count as its definition does, what it takes for one sample."""
        from mulfree.compiler.alternatives import own_operations

        return own_operations(self.hardware.graph)

    @cached_property
    def executors(self) -> Executors:
        """Everything that can compute the model, for `diff`."""
        from mulfree.compiler.trace import Executors

        return Executors(self.model, self.hardware.graph, self.source, lambda: self.fast)

    def cycles(
        self, frames: int = 1, source: AnyArray | None = None, sink: AnyArray | None = None, x: Arrays | None = None
    ) -> Timing:
        """When every token of every stream moves, for so many frames; see `mulfree.sim.cycles`.

        `source` and `sink` are patterns of `mulfree.sim.patterns` for all inputs and outputs (default: always). `x`:
        samples, a frame each, for a design whose time depends on what a frame holds. Raises CompileError without them.
        """
        from mulfree.sim.cycles import programs_of, token_time
        from mulfree.sim.patterns import ALWAYS

        design = self.hardware.design
        if x is None and design.varying:
            name = design.varying[0].name
            raise CompileError(f"the cycles of '{name}' depend on what a frame holds: pass samples as x")
        given = [] if x is None else [*self.model.to_integers(self._named(x)).values()]
        frames = len(given[0]) if given else frames
        sources = [ALWAYS if source is None else source] * len(design.inputs)
        sinks = [ALWAYS if sink is None else sink] * len(design.outputs)
        return token_time(design, frames, sources, sinks, programs=programs_of(design, given) if given else {})

    def cosimulate(self, x: Arrays, source: AnyArray | None = None, sink: AnyArray | None = None) -> CosimReport:
        """Run the Verilog under Verilator on x; compare every output token and every transfer's cycle."""
        from mulfree.sim.cosim import cosimulate
        from mulfree.sim.patterns import ALWAYS
        from mulfree.sim.verilator import StreamPort

        design = self.hardware.design
        given = self.model.to_integers(self._named(x))
        expected = self._run(given)
        return cosimulate(
            design,
            self._sources(),
            top_name(design),
            [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)],
            [given[v.name] for v in self.model.graph.inputs],
            [expected[v.name] for v in self.model.graph.outputs],
            [ALWAYS if source is None else source] * len(design.inputs),
            [ALWAYS if sink is None else sink] * len(design.outputs),
        )

    def estimate(self, target: str | None = None) -> Estimate:
        """LUTs, registers, memories, gates, latency and rate, per stage and in total, with their known error."""
        chosen = target or self.target
        if chosen not in self._estimates:
            self._estimates[chosen] = self._estimate(chosen)
        return self._estimates[chosen]

    def _estimate(self, target: str) -> Estimate:
        from mulfree.backends.estimate import estimate

        timing = self.pace
        return estimate(
            self.hardware.design,
            target,
            self.clock_mhz,
            interval_cycles=timing.interval_cycles if timing.is_periodic else None,
            latency_cycles=timing.latency_cycles,
        )

    def power(self, x: Arrays) -> Power:
        """Toggles of the design's words and gates on samples, as a proxy for power; see `mulfree.sim.activity.Power`.

        Slow, as the definition computes every value: some tens of samples are enough.
        """
        from mulfree.sim.activity import power
        from mulfree.sim.reference import run_graph

        values = run_graph(self.hardware.graph, self.model.to_integers(self._named(x)), keep=True)
        return power(self.hardware.design, values, float(self.pace.interval_cycles))

    def synthesise(
        self,
        target: str | None = None,
        progress: Progress | None = None,
        settings: Settings | None = None,
        library: Library | None = None,
    ) -> Synthesis:
        """Yosys on every stage that changed since an earlier run: cells, and the proof that no multiplier is left.

        `settings` bounds the time and memory of a stage, and says whether earlier results are used. `library` is what
        standard cells are of (`mulfree.backends.liberty.library_named`): area and delay are then in it.
        """
        from mulfree.backends.liberty import asic_flow
        from mulfree.backends.synth import synthesise

        flow = asic_flow(library) if library else None
        return synthesise(self.hardware.design, target or self.target, settings, flow=flow, progress=progress)

    def prove(
        self,
        target: str | None = None,
        *,
        time_limit_s: float = 60.0,
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Proofs:
        """Prove every circuit of the design, as it is printed, equal to the definition of its cells, by Yosys.

        `time_limit_s` is for each question that is put to SAT, of which `jobs` run side by side; `progress` is called
        with how many are answered and how many there are. `docs/guide/proofs.md` says what is not covered.
        """
        from mulfree.backends.formal import prove

        design, target = self.hardware.design, target or self.target
        return prove(design, target, time_limit_s=time_limit_s, jobs=jobs, progress=progress)

    def place_and_route(
        self,
        where: str,
        *,
        clock_mhz: float | None = None,
        baud: int | None = None,
        seed: int = 1,
        progress: Progress | None = None,
        settings: Settings | None = None,
    ) -> Placement:
        """Yosys and nextpnr on the whole design: the clock it reaches on a device, and how much of it it fills.

        `where` is a name of `mulfree.backends.synth.DEVICES`, ports anywhere, or one of `BOARDS`: the design is then
        behind a serial port of `baud`, and the result's `files` hold the bitstream (see `mulfree.backends.serial`).
        `clock_mhz` is what to aim for: else the clock that the model was compiled for, or the board's. A missed clock
        is an answer.
        """
        from mulfree.backends.serial import DEFAULT_BAUD
        from mulfree.backends.synth import BOARDS, implement

        aim = clock_mhz or (None if where in BOARDS else self.clock_mhz)
        design, baud = self.hardware.design, baud or DEFAULT_BAUD
        return implement(design, where, clock_mhz=aim, baud=baud, seed=seed, settings=settings, progress=progress)

    @cached_property
    def pace(self) -> Timing:
        """Timing of a few frames with sources and sinks that never wait: latency and interval.

        Of frames that take longest, where what they hold decides.
        """
        from mulfree.sim.cycles import token_time

        return token_time(self.hardware.design, PACE_FRAMES)

    def verilog(self) -> Files:
        """The hardware as files: path in the folder to text."""
        return to_verilog(self.hardware.design)

    def write_verilog(self, folder: str | Path, x: Arrays | None = None) -> Path:
        """Write the hardware and its report, and with x a self-checking test bench that plays it; all or nothing."""
        from mulfree.backends.report import report_files

        files = self.verilog() | {"folding.json": save_folding(self.hardware.folding)}
        files |= report_files(self._reported())
        write_folder(files | (self._testbench(x) if x is not None else {}), Path(folder))
        return Path(folder)

    def report(
        self, folder: str | Path, synthesis: Synthesis | None = None, placement: Placement | None = None
    ) -> Path:
        """Write report.html and report.json into the folder, with what synthesis and routing found if it is given.

        Every layer is there with its estimate, its error, its cycles; returns the page's path.
        """
        from mulfree.backends.report import report

        return report(folder, self._reported(synthesis, placement))

    def _reported(self, synthesis: Synthesis | None = None, placement: Placement | None = None) -> Report:
        from mulfree.backends.report import Report

        proof = self.hardware.proof
        estimate = self.estimate(synthesis.target if synthesis else None)
        known = (self.model.notes, proof.operators, proof.cells)
        return Report(self.hardware.design, estimate, *known, synthesis, placement)

    def verilator(self) -> Any:
        """A pyverilator handle of the top module, to poke at by hand: `.io.<port>`, `.clock.tick()`, VCD traces."""
        from mulfree.sim.verilator.interactive import interactive

        return interactive(self._sources(), top_name(self.hardware.design))

    def _sources(self) -> Files:
        """The Verilog and the memory files, by bare name."""
        return {name.removeprefix("rtl/"): text for name, text in self.verilog().items() if name.startswith("rtl/")}

    def _run(self, integers: Mapping[str, IntArray]) -> dict[str, IntArray]:
        outputs = self.fast.run([integers[v.name] for v in self.model.graph.inputs])
        return {v.name: y for v, y in zip(self.model.graph.outputs, outputs, strict=True)}

    def _named(self, x: Arrays) -> dict[str, AnyArray]:
        if isinstance(x, Mapping):
            return dict(x)
        if len(self.model.inputs) != 1:
            raise CompileError(f"the model has {len(self.model.inputs)} inputs: pass a mapping from name to array")
        return {self.model.inputs[0].name: x}

    def _testbench(self, x: Arrays) -> Files:
        design = self.hardware.design
        given = self.model.to_integers(self._named(x))
        expected = self._run(given)
        inputs = [given[v.name] for v in self.model.graph.inputs]
        outputs = [expected[v.name] for v in self.model.graph.outputs]
        limit = 2 * int(self.cycles(x=x).last_cycle) + 1000
        return testbench(design, inputs, outputs, limit)


def compile(
    source: Source,
    *,
    folding: str | Path | Folding | None = None,
    fps: float | None = None,
    luts: int | None = None,
    clock_mhz: float = DEFAULT_CLOCK_MHZ,
    target: str = DEFAULT_TARGET,
    inputs: Mapping[str, InputFormat | str] | None = None,
    adapt: Callable[[QuantisedModel], QuantisedModel] | None = None,
    arithmetic: str | Sequence[str] = (),
    levels_per_stage: int | None = None,
    after: Callable[[Pass[TensorType], IntGraph], None] | None = None,
) -> CompiledModel:
    """Compile an ONNX model (a path, bytes, or a ModelProto) to a design without multipliers.

    Args:
        folding: "unrolled", a folding file, or a LayerFolding per layer; see `mulfree.compiler.folding`.
        fps: instead of a folding, frames per second to reach at `clock_mhz`.
        luts: instead of a folding, a budget of LUTs of which to make the fastest design.
        clock_mhz: the clock that rates are given for.
        target: a name of `TARGETS`, such as "xc7", "ecp5" or "asic"; what estimates and synthesis are for.
        inputs: for float inputs without a quantiser, what their values are, such as "uint8" or "uint8/255".
        adapt: changes the integer model before hardware is made of it: what prunes or approximates layers.
        arithmetic: names of arithmetics to take wherever they are exact, first choice first; see `alternatives`. Else
            each layer gets the cheapest for its folding and the target. `lazy_trees` has the units of logic trees
            evaluated one after the other, and only those that are needed.
        levels_per_stage: levels of logic between registers at most, in all layers; else as the folding says, by default
            `folding.DEFAULT_LEVELS` where a layer is computed at once, and no registers within the lanes of others.
        after: called with each pass and the graph it made.

    With neither folding, fps nor luts, the design is the smallest that reaches `folding.DEFAULT_FPS`.
    Raises CompileError, naming the place in the model, for everything that cannot be compiled.
    """
    model = quantised(source, inputs)
    options: dict[str, Any] = {"folding": folding, "fps": fps, "luts": luts, "clock_mhz": clock_mhz, "target": target}
    options |= {"arithmetic": arithmetic, "levels_per_stage": levels_per_stage, "after": after}
    return compile_quantised(adapt(model) if adapt else model, source, **options)


def quantised(source: Source, inputs: Mapping[str, InputFormat | str] | None = None) -> QuantisedModel:
    """An ONNX model as integers: the part of `compile` that no option of the hardware changes."""
    from mulfree.compiler.frontends.onnx import import_onnx
    from mulfree.compiler.streamline import streamline

    formats = {name: InputFormat.parse(f) if isinstance(f, str) else f for name, f in (inputs or {}).items()}
    return streamline(import_onnx(source), formats)


def compile_quantised(
    model: QuantisedModel,
    source: Source,
    *,
    folding: str | Path | Folding | None = None,
    fps: float | None = None,
    luts: int | None = None,
    clock_mhz: float = DEFAULT_CLOCK_MHZ,
    target: str = DEFAULT_TARGET,
    arithmetic: str | Sequence[str] = (),
    levels_per_stage: int | None = None,
    after: Callable[[Pass[TensorType], IntGraph], None] | None = None,
) -> CompiledModel:
    """The rest of `compile`: the hardware of a model of integers that `source` was the ONNX model of."""
    target_named(target)
    choose = _with_levels(_folding_choice(folding, fps, luts, clock_mhz, target), levels_per_stage)
    prefer = [arithmetic] if isinstance(arithmetic, str) else arithmetic
    check_arithmetics(prefer)
    hardware = to_hardware(model.graph, choose, after, prefer, target)
    slow = "how long it takes depends on the data; rates are those of the longest time"
    notes = [f"{stage.name}: {slow}" for stage in hardware.design.varying]
    return CompiledModel(source, replace(model, notes=[*model.notes, *notes]), hardware, target, clock_mhz)


def check_arithmetics(names: Sequence[str]) -> None:
    """Raises CompileError that lists what can be asked for."""
    from mulfree.compiler.registry import arithmetics, on_request

    known = [*(kind.name for kind in arithmetics()), *on_request()]
    for name in names:
        if name not in known:
            raise CompileError(f"'{name}' is no arithmetic; choose from {', '.join(known)}")


def _folding_choice(
    folding: str | Path | Folding | None, fps: float | None, luts: int | None, clock_mhz: float, target: str
) -> ChooseFolding:
    if sum(option is not None for option in (folding, fps, luts)) > 1:
        raise CompileError("folding, fps and luts each decide the folding: give one of them")
    if fps is not None:
        return lambda graph: folding_for_fps(graph, fps, clock_mhz)
    if luts is not None:
        return lambda graph: folding_within(graph, luts, lambda f: _luts(graph, f, target))
    if folding == "unrolled":
        return unrolled
    if isinstance(folding, str | Path):
        return lambda graph: load_folding(Path(folding), graph)
    return default_folding if folding is None else lambda graph: _checked(folding, graph)


def _with_levels(choose: ChooseFolding, levels: int | None) -> ChooseFolding:
    """The same folding, with so many levels of logic between registers in every layer."""
    if levels is None:
        return choose
    if levels < 1:
        raise CompileError(f"{levels} levels of logic per stage: give a number from 1 on")
    return lambda graph: {name: replace(layer, levels=levels) for name, layer in choose(graph).items()}


def _luts(graph: IntGraph, folding: Folding, target: str) -> int:
    from mulfree.backends.estimate import estimate

    return round(estimate(provisional(graph, folding, target), target).total.luts)


def _checked(folding: Folding, graph: IntGraph) -> Folding:
    check_folding(folding, graph, "folding")
    return folding


def _alone(arrays: dict[str, AnyArray]) -> Arrays:
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays
