"""Synthesise a design stage by stage with Yosys, and prove that no multiplier is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from mulfree.backends.synth.bounded import Bounds, Children, TooLarge
from mulfree.backends.synth.flow import Flow, flow_for
from mulfree.backends.synth.part import Netlist, Part, netlist_of
from mulfree.backends.synth.settings import Settings
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl import Design, Stage
from mulfree.rtl.cost import Cost, total
from mulfree.rtl.stages import memory_files, stage_verilog

CANONICAL = "part"
"""What a stage is called while it is synthesised: equal stages are then equal texts."""
Progress = Callable[[str, int, int], None]
"""(what was just done, done, of how many)"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModuleSynthesis:
    """What Yosys made of one module. `rtl_cells` are those before mapping, in which a multiplication shows as $mul."""

    name: str
    kind: str
    cost: Cost
    cells: Mapping[str, int]
    rtl_cells: Mapping[str, int]
    seconds: float
    """That Yosys took when it ran, now or earlier."""
    levels: int = 0
    """Cells of the target on the longest path between registers, those of carry chains and memories included."""
    area: float = 0.0
    """In the unit of the cell library; 0 on FPGAs."""
    delay_ps: float = 0.0
    """Of the longest path between registers, by the cell library; 0 on FPGAs."""
    was_kept: bool = False
    """Whether the result is from the cache."""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Every stage, on one target, by one version of Yosys. That it exists proves that no multiplier was found."""

    target: str
    tool: str
    flow: str
    stages: tuple[ModuleSynthesis, ...]
    origin: str = ""
    """Where the Yosys is from: the package, or a path."""

    @property
    def total(self) -> Cost:
        """All stages; wires between them cost nothing."""
        return total([stage.cost for stage in self.stages])

    @property
    def area(self) -> float:
        """In the unit of the cell library; 0 on FPGAs."""
        return sum(stage.area for stage in self.stages)

    @property
    def delay_ps(self) -> float:
        """Of the slowest stage, by the cell library; 0 on FPGAs."""
        return max((stage.delay_ps for stage in self.stages), default=0.0)

    def ratio(self, estimated: Cost, synthesised: Cost) -> float | None:
        """Estimate over synthesis of LUTs (asic: gates); None where synthesis left nothing."""
        a, b = (c.gates if self.target == "asic" else c.luts for c in (estimated, synthesised))
        return a / b if b else None


def synthesise(
    design: Design,
    target: str = "xc7",
    settings: Settings | None = None,
    *,
    flow: Flow | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Synthesis:
    """Each stage by itself with the library modules that it uses, as many side by side as there are processors.

    Stages of equal text are synthesised once; a stage that an earlier run made is taken from the cache, unless the
    settings forbid it. `flow` is what maps to the target, by default `flow_for(target)`. Raises CompileError naming the
    stage if Yosys fails, needs more time or memory than the settings allow, or leaves a multiplication, a division or a
    DSP block.
    """
    settings, flow = settings or Settings(jobs=jobs), flow or flow_for(target)
    with settings.store() as root:
        netlists = netlists_of(design, target, flow, settings, root, progress)
    stages = tuple(_synthesis(stage.name, stage.module, flow, netlists[stage]) for stage in design.stages)
    return Synthesis(target, yosys_tool().version, flow.script, stages, yosys_tool().origin)


def synthesise_stage(
    stage: Stage, target: str, time_limit_s: float = Bounds().time_s, *, cache: bool = True
) -> ModuleSynthesis:
    """One stage. Raises CompileError that names it; see `synthesise`."""
    flow, settings = flow_for(target), Settings(Bounds(time_limit_s), cache=cache)
    with settings.store() as root:
        netlist = _netlist(stage, stage_part(stage, target, flow), root, settings.bounds, None)
    return _synthesis(stage.name, stage.module, flow, netlist)


def synthesise_module(
    text: str,
    module: str,
    target: str,
    *,
    data: Mapping[str, str] | None = None,
    time_limit_s: float = Bounds().time_s,
    may_multiply: bool = False,
    cache: bool = True,
    flow: Flow | None = None,
) -> ModuleSynthesis:
    """One module from its text; library modules that it instantiates are added. `data` are files that it reads.

    `may_multiply` is for measuring what our modules are compared with.
    """
    flow, settings = flow or flow_for(target), Settings(Bounds(time_limit_s), cache=cache)
    with settings.store() as root:
        netlist = netlist_of(Part.of(module, text, flow, data), root, settings.bounds)
    if not may_multiply:
        netlist.refuse_multipliers()
    return _synthesis(module, "", flow, netlist)


def stage_part(stage: Stage, target: str, flow: Flow) -> Part:
    """The stage under its canonical name; the netlist's module is called so too."""
    canonical = replace(stage, name=CANONICAL, target=target, location=None)
    return Part.of(CANONICAL, stage_verilog(canonical), flow, memory_files(canonical))


def netlists_of(
    design: Design, target: str, flow: Flow, settings: Settings, root: Path, progress: Progress | None
) -> dict[Stage, Netlist]:
    """Of every stage, from the store or from Yosys; equal stages share one."""
    parts = {stage: stage_part(stage, target, flow) for stage in design.stages}
    keys = {stage: part.key for stage, part in parts.items()}
    distinct = {key: stage for stage, key in keys.items()}
    children = Children()

    def make(stage: Stage) -> Netlist:
        return _netlist(stage, parts[stage], root, settings.bounds, children)

    made = side_by_side(make, list(distinct.values()), settings.workers, children, progress, lambda stage: stage.name)
    by_key = {keys[stage]: netlist for stage, netlist in made.items()}
    return {stage: by_key[key] for stage, key in keys.items()}


def side_by_side(
    make: Callable[[T], Netlist],
    items: Iterable[T],
    workers: int,
    children: Children,
    progress: Progress | None,
    name: Callable[[T], str],
) -> dict[T, Netlist]:
    """`make` of every item, in threads. Whatever is raised, Ctrl-C included, no child is left when it arrives."""
    items, results = list(items), dict[T, Netlist]()
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(make, item): item for item in items}
        try:
            for future in as_completed(waiting):
                item = waiting[future]
                results[item] = future.result()
                if progress is not None:
                    progress(name(item), len(results), len(items))
        except BaseException:
            children.end_all()
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _netlist(stage: Stage, part: Part, root: Path, bounds: Bounds, children: Children | None) -> Netlist:
    try:
        netlist = netlist_of(part, root, bounds, children)
        netlist.refuse_multipliers()
    except TooLarge as error:
        raise CompileError(f"{_named(stage)}: {error}; {_remedy(part)}", stage.location) from error
    except CompileError as error:
        raise CompileError(f"{_named(stage)}: {error}", stage.location) from error
    return netlist


def _named(stage: Stage) -> str:
    return f"synthesis of stage '{stage.name}' ({stage.module})"


def _remedy(part: Part) -> str:
    """How large the stage is, and what to do about it."""
    return (
        f"it has {part.size}: fold the layer more (a lower --fps, or a folding file with fewer lanes), or allow more "
        "by --time-limit and --memory-limit"
    )


def _synthesis(name: str, kind: str, flow: Flow, netlist: Netlist) -> ModuleSynthesis:
    return ModuleSynthesis(
        name,
        kind,
        flow.cost(netlist.cells),
        netlist.cells,
        netlist.rtl_cells,
        netlist.seconds,
        netlist.levels,
        netlist.area,
        netlist.delay_ps,
        netlist.was_kept,
    )
