"""What synthesis and routing found, beside the estimate: as dictionaries for machines and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mulfree.console import table

if TYPE_CHECKING:
    from mulfree.backends.estimate import Estimate
    from mulfree.backends.liberty import Library
    from mulfree.backends.synth import ModuleSynthesis, Placement, Synthesis
    from mulfree.rtl.cost import Cost

COMPARED = ("luts", "ffs", "carries", "brams", "lutram", "gates")


@dataclass(frozen=True)
class Comparison:
    """Estimate against synthesis: of LUTs on FPGAs, of area on standard cells of a library, else of gates."""

    estimate: Estimate
    result: Synthesis
    library: Library | None = None

    @property
    def resource(self) -> str:
        """The resource that errors are of."""
        if self.library:
            return "area"
        return "gates" if self.result.target == "asic" else "luts"

    def amounts(self, guess: Cost, made: ModuleSynthesis | Synthesis) -> tuple[float, float]:
        """Of the resource, as estimated and as counted."""
        from mulfree.backends.liberty.area import estimated_area
        from mulfree.backends.synth import Synthesis

        if self.library:
            return estimated_area(guess, self.library), made.area
        counted = made.total if isinstance(made, Synthesis) else made.cost
        return getattr(guess, self.resource), getattr(counted, self.resource)

    def error(self, guess: Cost, made: ModuleSynthesis | Synthesis) -> float | None:
        """Estimate over synthesis, less one; None where synthesis left nothing."""
        estimated, counted = self.amounts(guess, made)
        return estimated / counted - 1 if counted else None

    def to_dict(self) -> dict[str, Any]:
        """Every resource of every stage, with its cells."""
        result, total = self.result, self.estimate.total
        pairs = zip(self.estimate.stages, result.stages, strict=True)
        return asdict(result) | {
            "stages": [asdict(made) | self._compared(guess.cost, made) for guess, made in pairs],
            "total": result.total.rounded().to_dict(),
            **{
                f"{name}_total" if name == "estimated" else name: v for name, v in self._compared(total, result).items()
            },
            "area": result.area,
            "area_unit": self.library.unit if self.library else None,
            "delay_ps": result.delay_ps,
            "multipliers": 0,
            "dsp_blocks": 0,
        }

    def table(self) -> Any:
        """Per stage: the resource as counted and as estimated, the error; registers and memories."""
        result, total = self.result, self.estimate.total
        pairs = zip(self.estimate.stages, result.stages, strict=True)
        rows = [[made.name, made.kind, *self._row(guess.cost, made, made.cost, made.levels)] for guess, made in pairs]
        levels = max((stage.levels for stage in result.stages), default=0)
        rows.append(["total", "", *self._row(total, result, result.total, levels)])
        title = f"Synthesis for {result.target} by {result.tool}: no multiplication and no DSP block is left"
        path = "delay ps" if self.library else "levels"
        counted = [self.resource, "estimated", "error", "ffs", "estimated", "memories", "estimated", path]
        return table(title, ["stage", "kind", *counted], rows)

    def lines(self) -> list[str]:
        """Which Yosys it was, and how many stages needed it; of standard cells, area and delay with their unit."""
        kept = sum(stage.was_kept for stage in self.result.stages)
        new = len(self.result.stages) - kept
        tool = f"{self.result.tool}, {self.result.origin}"
        run = f"{tool}: {new} stages synthesised, {kept} unchanged since an earlier run"
        return [run, *([_silicon(self.result, self.library)] if self.library else [])]

    def _compared(self, guess: Cost, made: ModuleSynthesis | Synthesis) -> dict[str, Any]:
        estimated = {name: round(getattr(guess, name)) for name in COMPARED}
        area = {"area": self.amounts(guess, made)[0]} if self.library else {}
        return {"estimated": estimated | area, "error": self.error(guess, made)}

    def _row(self, guess: Cost, made: ModuleSynthesis | Synthesis, counted: Cost, levels: int) -> list[object]:
        estimated, found = self.amounts(guess, made)
        error = self.error(guess, made)
        numbers = (counted.ffs, guess.ffs, _memories(counted), _memories(guess))
        shown = [round(found), round(estimated), "" if error is None else f"{error:+.1%}", *map(round, numbers)]
        return [*shown, round(made.delay_ps) if self.library else levels]


def area_dict(estimate: Estimate, library: Library) -> dict[str, Any]:
    """Estimated area in the library's unit, by stage and in total."""
    from mulfree.backends.liberty.area import ERROR, estimated_area

    stages = {stage.name: estimated_area(stage.cost, library) for stage in estimate.stages}
    total = sum(stages.values())
    return {"library": library.name, "unit": library.unit, "total": total, "error": ERROR, "stages": stages}


def area_line(estimate: Estimate, library: Library) -> str:
    found = area_dict(estimate, library)
    return (
        f"{library.name}: area {found['total']:,.0f} ({library.unit}), ±{found['error']:.0%}; the library's NAND2 is "
        f"{library.nand2:g}, its flip-flop {library.flip_flop:g}; memories are flip-flops"
    )


def placement_dict(result: Placement, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`files`: the paths that were written, by suffix."""
    return result.to_dict() | {"files": dict(files or {})}


def placement_text(result: Placement) -> str:
    """The clock reached, and how full the device is."""
    used = ", ".join(f"{cell} {u.used:,} of {u.available:,}" for cell, u in result.utilisation.items() if u.used)
    verdict = "met" if result.meets_clock else "missed"
    return (
        f"{result.device} by {result.tool}: {result.fmax_mhz:.1f} MHz, the {result.wanted_mhz:g} MHz asked for are "
        f"{verdict}; {used}"
    )


def _silicon(result: Synthesis, library: Library) -> str:
    return (
        f"{library.name}: area {result.area:,.0f} ({library.unit}), longest path {result.delay_ps:,.0f} ps by ABC, "
        "unplaced; memories are flip-flops"
    )


def _memories(cost: Cost) -> float:
    """Blocks and look-up tables that are memory."""
    return cost.brams + cost.lutram
