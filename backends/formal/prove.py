"""Proofs of a whole design: every circuit of every stage, as it is printed, is the circuit."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from mulfree.backends.formal.induction import REACHED, Property, prove_property
from mulfree.backends.formal.library import PROPERTIES
from mulfree.backends.formal.netlist import Netlist, read_netlists
from mulfree.backends.formal.sat import Progress, Verdict, decide
from mulfree.backends.formal.thresholds import first_difference, threshold_of
from mulfree.backends.formal.unit import UNDEFINED, CellProof, Unit, UnitPlan, plan_proof, whole
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.rtl import Design, Stage
from mulfree.rtl.library import library, library_text
from mulfree.rtl.stages import stage_verilog
from mulfree.rtl.stages.lane_registers import lane_target
from mulfree.rtl.stages.text import circuit_module
from mulfree.sim.store import store_folder, stored

TIME_LIMIT_S = 60.0
PROVEN, REFUTED, UNPROVEN = "proven", "refuted", "unproven"
NOTHING, INDUCTION, EVALUATION = "nothing to prove", "induction", "exhaustive evaluation"
COMBINATIONAL = {
    *(name.removesuffix(".sv") for name in library() if name.startswith(("heap_", "diminished_one_"))),
    *("carry_chain", "max_lanes", "min_lanes"),
}
"""Library modules that are proven where circuits have them."""


@dataclass(frozen=True)
class UnitProof:
    """What came out for one unit, and how."""

    unit: str
    kind: str
    """Of the stage."""
    status: str
    methods: Mapping[str, int] = field(default_factory=dict[str, int])
    """Cells by how they were proven."""
    assumptions: tuple[str, ...] = ()
    found: str = ""
    """Of a unit that is not proven: the counterexample, or why there is no proof."""
    seconds: float = 0.0
    """Of Yosys, in this run: 0 for what was proven before."""
    equal_to: str | None = None
    """The unit of the same text that was proven instead."""

    @property
    def method(self) -> str:
        """What the proof rests on most: the composition of cells, or one of the ways alone."""
        ways = [*self.methods]
        return ways[0] if len(ways) == 1 else " + ".join(sorted(ways)) if ways else NOTHING


@dataclass(frozen=True)
class Proofs:
    """Of every unit of a design, and of the library modules between them."""

    target: str
    tool: str
    units: tuple[UnitProof, ...]
    seconds: float
    without_property: tuple[str, ...] = ()
    """Library modules that the design has and of which nothing is proven: control that co-simulation looks after."""

    def count(self, status: str) -> int:
        return sum(unit.status == status for unit in self.units)

    @property
    def is_refuted(self) -> bool:
        return self.count(REFUTED) > 0

    @property
    def is_complete(self) -> bool:
        return self.count(PROVEN) == len(self.units)


def prove(
    design: Design,
    target: str | None = None,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Proofs:
    """Prove every circuit of the design, printed for a target (default: the one that it is made for).

    `time_limit_s` is for each claim that SAT decides. Units of equal text are proven once, and proofs are remembered in
    the store (`MULFREE_CACHE`) by the content that they are of.
    """
    began = time.monotonic()
    chosen = design.for_target(target) if target else design
    kinds = {unit.name: stage.module for stage in chosen.stages for unit in units_of(stage)}
    found = prove_units([unit for stage in chosen.stages for unit in units_of(stage)], time_limit_s, jobs, progress)
    units = [_named(found[name], name, kinds[name]) for name in kinds]
    modules = [name.removesuffix(".sv") for name in library_text(chosen)]
    proofs = library_proofs(modules, time_limit_s, jobs)
    without = set(modules) - {proof.unit.split()[0] for proof in proofs} - COMBINATIONAL
    stored = [proof for stage in chosen.stages for proof in _stored_thresholds(chosen, stage)]
    known = (target or chosen.stages[0].target, yosys_tool().version, (*units, *stored, *proofs))
    return Proofs(*known, time.monotonic() - began, tuple(sorted(without)))


def _stored_thresholds(design: Design, stage: Stage) -> Iterator[UnitProof]:
    """That the words of a stage of thresholds, searched, are its layer."""
    op = threshold_of(design, stage)
    if op is not None:
        began, found = time.monotonic(), first_difference(stage, op)
        status, seconds = REFUTED if found else PROVEN, time.monotonic() - began
        yield UnitProof(f"{stage.name}: words", stage.module, status, {EVALUATION: 1}, (), found or "", seconds)


def library_proofs(modules: Sequence[str], time_limit_s: float, jobs: int | None = None) -> list[UnitProof]:
    """By induction, what is known of these modules; see `library`."""
    wanted = [property for property in PROPERTIES if property.module in modules]
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return list(pool.map(partial(_library_proof, time_limit_s=time_limit_s), wanted))


def _library_proof(property: Property, time_limit_s: float) -> UnitProof:
    key = property.key
    if (store_folder() / "proofs" / key).is_dir():
        return UnitProof(str(property), "library", PROVEN, {INDUCTION: 1})
    began = time.monotonic()
    why = prove_property(property, time_limit_s)
    if why is None:
        stored("proofs", key, lambda work, final: (work / "proven").touch())
    status = PROVEN if why is None else REFUTED if REACHED in why else UNPROVEN
    return UnitProof(str(property), "library", status, {INDUCTION: 1}, (), why or "", time.monotonic() - began)


def units_of(stage: Stage) -> Iterator[Unit]:
    """The modules of the stage's circuits, as its file holds them."""
    text = stage_verilog(stage)
    for name, circuit in stage.circuits.items():
        module = circuit_module(stage, name)
        if (found := module_text(text, module)) is not None:
            yield Unit(module, found, circuit, stage.target, lane_target(stage) if name == "lane" else None)


def module_text(text: str, module: str) -> str | None:
    """One module of a text."""
    found = re.search(rf"^module {re.escape(module)} \(.*?^endmodule$", text, re.DOTALL | re.MULTILINE)
    return found.group() if found else None


def prove_units(
    units: Sequence[Unit], time_limit_s: float = TIME_LIMIT_S, jobs: int | None = None, progress: Progress | None = None
) -> dict[str, UnitProof]:
    """By the unit's name."""
    first: dict[str, Unit] = {}
    same = {unit.name: first.setdefault(_anonymous(unit), unit) for unit in units}
    distinct = list(first.values())
    netlists = read_netlists("\n\n".join(unit.text for unit in distinct)) if distinct else {}
    plans = {unit.name: plan_proof(unit, netlists[unit.name]) for unit in distinct}
    claims = [claim for plan in plans.values() for cell in plan.cells for claim in cell.claims]
    verdicts = decide(claims, time_limit_s, jobs, progress)
    proofs = {unit.name: _proof(unit.name, plans[unit.name], verdicts) for unit in distinct}
    again = [unit for unit in distinct if proofs[unit.name].status == REFUTED and plans[unit.name].fault is None]
    proofs |= _as_wholes(again, proofs, netlists, time_limit_s)
    return {name: _named(proofs[unit.name], name, "") for name, unit in same.items()}


def _as_wholes(
    units: Sequence[Unit], proofs: Mapping[str, UnitProof], netlists: Mapping[str, Netlist], time_limit_s: float
) -> dict[str, UnitProof]:
    """What SAT says of all of a unit where it refutes a cell: its operands may never take the values found."""
    cells = {unit.name: whole(unit, netlists[unit.name]) for unit in units}
    verdicts = decide([claim for cell in cells.values() for claim in cell.claims], time_limit_s)
    decided = {
        name: _proof(name, UnitPlan((cell,), proofs[name].assumptions), verdicts) for name, cell in cells.items()
    }
    return {name: proof for name, proof in decided.items() if proof.status != UNPROVEN}


def _anonymous(unit: Unit) -> str:
    return f"{unit.target}\n{re.sub(rf'^module {re.escape(unit.name)} ', 'module ', unit.text)}"


def _named(proof: UnitProof, name: str, kind: str) -> UnitProof:
    equal = proof.equal_to or (proof.unit if proof.unit != name else None)
    return replace(proof, unit=name, kind=kind, equal_to=equal)


def _proof(name: str, plan: UnitPlan, verdicts: Mapping[str, Verdict]) -> UnitProof:
    if plan.fault is not None:
        return UnitProof(name, "", REFUTED, found=plan.fault)
    methods: dict[str, int] = {}
    for cell in plan.cells:
        methods[cell.method] = methods.get(cell.method, 0) + 1
    status, found = _worst(plan.cells, verdicts)
    spent = {claim.key: verdicts[claim.key].seconds for cell in plan.cells for claim in cell.claims}
    return UnitProof(name, "", status, methods, plan.assumptions, found, sum(spent.values()))


def _worst(cells: Sequence[CellProof], verdicts: Mapping[str, Verdict]) -> tuple[str, str]:
    """A refuted cell, else one without a proof."""
    decided = [(cell, verdicts[claim.key]) for cell in cells for claim in cell.claims]
    for cell, verdict in decided:
        if verdict.values is not None:
            values = ", ".join(f"{name} = {value:#x}" for name, value in verdict.values.items())
            return REFUTED, f"{cell.wire}: {values}"
    for cell, verdict in decided:
        if not verdict.is_proven:
            return UNPROVEN, f"{cell.wire}: {verdict.why}"
    unknown = [cell.wire for cell in cells if cell.method == UNDEFINED]
    return (UNPROVEN, f"{unknown[0]}: the reference has no such cell") if unknown else (PROVEN, "")
