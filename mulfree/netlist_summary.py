"""What synthesis and routing found, beside the estimate: as dictionaries for machines and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mulfree.console import table

if TYPE_CHECKING:
    from mulfree.backends.estimate import Estimate, StageEstimate
    from mulfree.backends.synth import ModuleSynthesis, Placement, Synthesis
    from mulfree.rtl.cost import Cost

COMPARED = ("luts", "ffs", "carries", "brams", "lutram", "gates")


def synthesis_table(result: Synthesis, estimate: Estimate) -> Any:
    """Per stage: LUTs (gates on standard cells) as estimated and as counted, the error; registers and memories."""
    main = _main(result.target)
    rows = [_row(main, *pair) for pair in zip(estimate.stages, result.stages, strict=True)]
    levels = max((stage.levels for stage in result.stages), default=0)
    rows.append(["total", "", *_amounts(main, estimate.total, result.total), levels, *_silicon(result)])
    title = f"Synthesis for {result.target} by {result.tool}: no multiplication and no DSP block is left"
    silicon = ["area", "delay ps"] if result.area else []
    counted = [main, "estimated", "error", "ffs", "estimated", "memories", "estimated", "levels"]
    return table(title, ["stage", "kind", *counted, *silicon], rows)


def synthesis_line(result: Synthesis) -> str:
    """Which Yosys it was, and how many stages needed it."""
    kept = sum(stage.was_kept for stage in result.stages)
    new = len(result.stages) - kept
    return f"{result.tool}, {result.origin}: {new} stages synthesised, {kept} unchanged since an earlier run"


def synthesis_dict(result: Synthesis, estimate: Estimate) -> dict[str, Any]:
    """The same numbers, of every resource, with the cells."""
    main = _main(result.target)
    pairs = zip(estimate.stages, result.stages, strict=True)
    return asdict(result) | {
        "stages": [asdict(made) | _compared(main, guess.cost, made.cost) for guess, made in pairs],
        "total": result.total.rounded().to_dict(),
        "estimated_total": estimate.total.rounded().to_dict(),
        "error": _error(main, estimate.total, result.total),
        "area": result.area,
        "delay_ps": result.delay_ps,
        "multipliers": 0,
        "dsp_blocks": 0,
    }


def placement_dict(result: Placement, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`files`: the paths that were written, by suffix."""
    data = {name: value for name, value in asdict(result).items() if name != "files"}
    return data | {"meets_clock": result.meets_clock, "files": dict(files or {})}


def placement_text(result: Placement) -> str:
    """The clock reached, and how full the device is."""
    used = ", ".join(f"{cell} {u.used:,} of {u.available:,}" for cell, u in result.utilisation.items() if u.used)
    verdict = "met" if result.meets_clock else "missed"
    return (
        f"{result.device} by {result.tool}: {result.fmax_mhz:.1f} MHz, the {result.wanted_mhz:g} MHz asked for are "
        f"{verdict}; {used}"
    )


def _main(target: str) -> str:
    """The resource that errors are of."""
    return "gates" if target == "asic" else "luts"


def _error(main: str, guess: Cost, made: Cost) -> float | None:
    """Estimate over synthesis, less one; None where synthesis left nothing."""
    truth = getattr(made, main)
    return getattr(guess, main) / truth - 1 if truth else None


def _compared(main: str, guess: Cost, made: Cost) -> dict[str, Any]:
    return {"estimated": {name: round(getattr(guess, name)) for name in COMPARED}, "error": _error(main, guess, made)}


def _row(main: str, guess: StageEstimate, made: ModuleSynthesis) -> list[object]:
    return [made.name, made.kind, *_amounts(main, guess.cost, made.cost), made.levels, *_silicon(made)]


def _amounts(main: str, guess: Cost, made: Cost) -> list[object]:
    error = _error(main, guess, made)
    pairs = [(made.ffs, guess.ffs), (_memories(made), _memories(guess))]
    first: list[object] = [round(getattr(made, main)), round(getattr(guess, main))]
    return [*first, "" if error is None else f"{error:+.1%}", *(round(n) for pair in pairs for n in pair)]


def _memories(cost: Cost) -> float:
    """Blocks and look-up tables that are memory."""
    return cost.brams + cost.lutram


def _silicon(of: ModuleSynthesis | Synthesis) -> list[object]:
    return [of.area, of.delay_ps] if of.area else []
