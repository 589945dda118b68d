"""Synthesise a design stage by stage with Yosys, and prove that no multiplier is left."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mulfree.backends.synth.flow import MULTIPLIERS_MAPPED, MULTIPLIERS_RTL, Flow, flow_for
from mulfree.backends.synth.yosys import run_yosys, write_files, yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl import Design, Stage
from mulfree.rtl.cost import Cost, total
from mulfree.rtl.library import needed_by
from mulfree.rtl.stages import memory_files, stage_verilog

TIME_LIMIT_S = 600.0
Progress = Callable[[str, int, int], None]
"""(stage just done, stages done, stages)"""


@dataclass(frozen=True, slots=True)
class ModuleSynthesis:
    """What Yosys made of one module. `rtl_cells` are those before mapping, in which a multiplication shows as $mul."""

    name: str
    kind: str
    cost: Cost
    cells: Mapping[str, int]
    rtl_cells: Mapping[str, int]
    seconds: float
    levels: int = 0
    """Cells of the target on the longest path between registers, those of carry chains and memories included."""


@dataclass(frozen=True, slots=True)
class Synthesis:
    """Every stage, on one target, by one version of Yosys. That it exists proves that no multiplier was found."""

    target: str
    tool: str
    flow: str
    stages: tuple[ModuleSynthesis, ...]

    @property
    def total(self) -> Cost:
        """All stages; wires between them cost nothing."""
        return total([stage.cost for stage in self.stages])

    def ratio(self, estimated: Cost, synthesised: Cost) -> float | None:
        """Estimate over synthesis of LUTs (asic: gates); None where synthesis left nothing."""
        a, b = (c.gates if self.target == "asic" else c.luts for c in (estimated, synthesised))
        return a / b if b else None


def synthesise(
    design: Design,
    target: str = "xc7",
    *,
    time_limit_s: float = TIME_LIMIT_S,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Synthesis:
    """Each stage by itself with the library modules that it uses, as many side by side as there are processors.

    Stages of equal text are synthesised once. Raises CompileError naming the stage if Yosys fails, takes longer
    than the limit, or leaves a multiplication, a division or a DSP block.
    """
    keys = {stage: _key(stage) for stage in design.stages}
    distinct = {key: stage for stage, key in keys.items()}
    done = _all_of(list(distinct.values()), target, time_limit_s, jobs, progress)
    results = {keys[stage]: result for stage, result in done.items()}
    stages = tuple(replace(results[key], name=stage.name, kind=stage.module) for stage, key in keys.items())
    return Synthesis(target, yosys_tool().version, flow_for(target).script, stages)


def synthesise_stage(stage: Stage, target: str, time_limit_s: float = TIME_LIMIT_S) -> ModuleSynthesis:
    """One stage. Raises CompileError that names it; see `synthesise`."""
    try:
        text, data = stage_verilog(replace(stage, target=target)), memory_files(stage)
        result = synthesise_module(text, stage.name, target, data=data, time_limit_s=time_limit_s)
    except CompileError as error:
        raise CompileError(f"synthesis of stage '{stage.name}' ({stage.module}): {error}", stage.location) from error
    return replace(result, kind=stage.module)


def synthesise_module(
    text: str,
    module: str,
    target: str,
    *,
    data: Mapping[str, str] | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    may_multiply: bool = False,
) -> ModuleSynthesis:
    """One module from its text; library modules that it instantiates are added. `data` are files that it reads.

    `may_multiply` is for measuring what our modules are compared with.
    """
    flow, began = flow_for(target), time.monotonic()
    with TemporaryDirectory(prefix="mulfree-synth-") as name:
        folder = Path(name)
        files = {**needed_by(text), "module.sv": text}
        write_files(folder, files | dict(data or {}))
        run_yosys(_script(files, module, flow), folder, time_limit_s)
        rtl, mapped = _cells(folder / "rtl.json"), _cells(folder / "mapped.json")
        named = (folder / "multipliers.txt").read_text().split()
        levels = _levels((folder / "levels.txt").read_text())
    if not may_multiply:
        _refuse_multipliers(rtl, mapped, named)
    return ModuleSynthesis(module, "", flow.cost(mapped), mapped, rtl, time.monotonic() - began, levels)


def _all_of(
    stages: Sequence[Stage],
    target: str,
    time_limit_s: float,
    jobs: int | None,
    progress: Progress | None,
) -> dict[Stage, ModuleSynthesis]:
    results: dict[Stage, ModuleSynthesis] = {}
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        waiting = {pool.submit(synthesise_stage, stage, target, time_limit_s): stage for stage in stages}
        try:
            for future in as_completed(waiting):
                results[waiting[future]] = future.result()
                if progress is not None:
                    progress(waiting[future].name, len(results), len(stages))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _key(stage: Stage) -> str:
    """Text and data without the stage's own name, which is all that differs between equal stages."""
    text = "\n".join([stage_verilog(stage), *memory_files(stage).values()])
    return re.sub(rf"\b{re.escape(stage.name)}(?=\b|__)", "@", text)


def _script(files: Mapping[str, str], module: str, flow: Flow) -> str:
    """Look for multiplications before mapping, where they are still called so, then map and count."""
    return "\n".join(
        [
            flow.before,
            *(f"{flow.read} {name}" for name in files),
            f"hierarchy -check -top {module}",
            "proc; flatten; opt",
            "tee -q -o rtl.json stat -json",
            "tee -q -o multipliers.txt select -list t:$mul t:$macc t:$macc_v2 t:$div t:$mod t:$pow",
            *flow.script.split("; "),
            "setattr -mod -unset keep_hierarchy *",
            "flatten",
            "tee -q -o mapped.json stat -json",
            "tee -q -o levels.txt ltp -noff * t:FD* t:SB_DFF* t:TRELLIS_FF %u %u %d",
            "",
        ]
    ).replace("; ", "\n")


def _cells(path: Path) -> dict[str, int]:
    """Cells by type over all modules."""
    modules = json.loads(path.read_text())["modules"].values()
    counts: Counter[str] = sum((Counter(module["num_cells_by_type"]) for module in modules), Counter())
    return dict(counts)


def _levels(text: str) -> int:
    found = re.search(r"length=(\d+)", text)
    return int(found.group(1)) if found else 0


def _refuse_multipliers(rtl: Mapping[str, int], mapped: Mapping[str, int], named: Sequence[str]) -> None:
    wrong = {cell: n for cell, n in rtl.items() if MULTIPLIERS_RTL.fullmatch(cell)}
    wrong |= {cell: n for cell, n in mapped.items() if MULTIPLIERS_MAPPED.search(cell)}
    if wrong:
        found = ", ".join(f"{n} x {cell}" for cell, n in wrong.items())
        places = "; ".join(named[:5])
        raise CompileError(f"a multiplier is left: {found}" + (f" (at {places})" if places else ""))
