"""Claims for SAT: printed logic against a reference, many to a run of Yosys, each proven once and remembered."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mulfree.backends.formal.equality import read_for
from mulfree.backends.formal.netlist import Instance
from mulfree.backends.synth.yosys import run_yosys, write_files, yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl.library import needed_by
from mulfree.sim.store import content_key, store_folder, stored

RULES = "1"
"""Changes when what a claim means changes, so that no proof of another one is remembered."""
BATCH = 12
STARTING_S = 10.0
"""Of Yosys, beside the time that proofs may take."""

Progress = Callable[[int, int], None]
"""(claims decided, claims)"""


@dataclass(frozen=True)
class Claim:
    """`bad` of the module `top` is never 1. The text instantiates `gate`: the printed cells, as they were read."""

    text: str
    gate: str
    """A module in Yosys' JSON."""
    shown: tuple[str, ...]
    target: str

    @cached_property
    def library(self) -> Mapping[str, str]:
        return needed_by(f"{self.text}\n{self.gate}")

    @cached_property
    def key(self) -> str:
        read, models = read_for(self.target) if self.library else ("", [])
        return content_key([RULES, yosys_tool().version, read, *models, self.text, self.gate, *self.library.values()])


class Verdict(NamedTuple):
    """Proven, refuted with the values of what is shown, or neither within the time."""

    is_proven: bool
    values: Mapping[str, int] | None = None
    seconds: float = 0.0
    why: str = ""

    @property
    def is_refuted(self) -> bool:
        return self.values is not None


def decide(
    claims: Iterable[Claim], time_limit_s: float, jobs: int | None = None, progress: Progress | None = None
) -> dict[str, Verdict]:
    """The verdict of every claim, by its key; equal claims are decided once, and proofs are remembered."""
    distinct = {claim.key: claim for claim in claims}
    done = {key: Verdict(True) for key in distinct if (store_folder() / "proofs" / key).is_dir()}
    open_ = [claim for key, claim in distinct.items() if key not in done]
    batches = [
        batch for target in {c.target for c in open_} for batch in _batches(open_, target, jobs or _processors())
    ]
    with ThreadPoolExecutor(jobs or _processors()) as pool:
        waiting = [pool.submit(_decide_batch, batch, time_limit_s) for batch in batches]
        try:
            for future in as_completed(waiting):
                done |= future.result()
                if progress is not None:
                    progress(len(done), len(distinct))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return done


def _processors() -> int:
    return os.cpu_count() or 1


def _batches(claims: Sequence[Claim], target: str, jobs: int) -> list[list[Claim]]:
    """Of one target, small ones first, so that few are left when one takes long."""
    chosen = sorted((c for c in claims if c.target == target), key=lambda c: len(c.gate))
    size = max(1, min(BATCH, -(-len(chosen) // jobs)))
    return [chosen[i : i + size] for i in range(0, len(chosen), size)]


def _decide_batch(batch: Sequence[Claim], time_limit_s: float) -> dict[str, Verdict]:
    """One run of Yosys; where its time is up, one more for what is left, until a claim has had all of it alone."""
    done, left = dict[str, Verdict](), list(batch)
    while left:
        found, why = _run(left, time_limit_s)
        done |= found
        left = left[len(found) :]
        if left and not found:
            done[left.pop(0).key] = Verdict(False, seconds=time_limit_s, why=why)
    for key, verdict in done.items():
        if verdict.is_proven:
            stored("proofs", key, lambda work, final: (work / "proven").touch())
    return done


def _run(claims: Sequence[Claim], time_limit_s: float) -> tuple[dict[str, Verdict], str]:
    """Verdicts of the first claims, up to one that takes too long; and why it stopped there."""
    began, why = time.monotonic(), ""
    with TemporaryDirectory(prefix="mulfree-proof-") as name:
        folder = Path(name)
        for i, claim in enumerate(claims):
            write_files(folder, {f"claim_{i}.sv": claim.text, f"claim_{i}.json": claim.gate, **claim.library})
        try:
            run_yosys(_script(claims), folder, time_limit_s + STARTING_S)
        except CompileError as error:
            why = f"not done after {time_limit_s:g} s" if "not done" in str(error) else str(error)
        logs = [path.read_text() for i in range(len(claims)) if (path := folder / f"claim_{i}.log").is_file()]
    seconds = (time.monotonic() - began) / len(claims)
    decided = [verdict for log in logs if (verdict := _verdict(log, seconds))]
    return {claim.key: verdict for claim, verdict in zip(claims, decided, strict=False)}, why


def _script(claims: Sequence[Claim]) -> str:
    (read, models), library = read_for(claims[0].target), {name for claim in claims for name in claim.library}
    reading = [f"{read} -defer {name}" for name in sorted(library)]
    lines = [*_primitives(claims, models), *reading, "design -save base"]
    for i, claim in enumerate(claims):
        shown = "".join(f" -show {name}" for name in claim.shown)
        lines += [
            "design -load base",
            f"read_json claim_{i}.json",
            f"read_verilog -sv claim_{i}.sv",
            "hierarchy -top top",
            "proc",
            "flatten",
            f"tee -q -o claim_{i}.log sat -prove bad 0{shown} top",
        ]
    return "\n".join([*lines, ""])


def _primitives(claims: Sequence[Claim], models: Sequence[str]) -> list[str]:
    """Models of the primitives that the library's modules are made of, and no others: each claim copies them."""
    texts = "".join(text for claim in claims for text in claim.library.values())
    primitives = sorted(set(re.findall(r"\b[A-Z][A-Z0-9_]+(?= (?:#\(|u_))", texts)))
    if not (models and primitives):
        return []
    return [*models, "design -stash models", *(f"design -copy-from models {name}" for name in primitives)]


def _verdict(log: str, seconds: float) -> Verdict | None:
    if "no model found: SUCCESS" in log:
        return Verdict(True, seconds=seconds)
    if "model found: FAIL" not in log:
        return None
    rows = re.findall(r"^\s+\\?(\w+)\s+\S+\s+\S+\s+([01x]+)\s*$", log, re.MULTILINE)
    return Verdict(False, {name: int(bits.replace("x", "0"), 2) for name, bits in rows}, seconds)


def gate_text(instances: Sequence[Instance], inputs: Sequence[int], outputs: Sequence[int]) -> str:
    """A module `gate` from i to y of these instances; nets are numbered in the order in which they are met."""
    numbers: dict[int, int | str] = {0: "0", 1: "1"}

    def named(nets: Iterable[int]) -> list[int | str]:
        return [numbers.setdefault(net, len(numbers)) for net in nets]

    ports = {"i": {"direction": "input", "bits": named(inputs)}}
    cells = {f"u{i}": _cell(instance, named) for i, instance in enumerate(instances)}
    ports["y"] = {"direction": "output", "bits": named(outputs)}
    return json.dumps({"modules": {"gate": {"ports": ports, "cells": cells, "netnames": {}}}})


Named = Callable[[Iterable[int]], list[int | str]]


def _cell(instance: Instance, named: Named) -> dict[str, Any]:
    ports = {name: named(nets) for name, nets in instance.ports.items()}
    directions = {name: "output" if nets == instance.result else "input" for name, nets in instance.ports.items()}
    described = {"type": instance.kind, "parameters": dict(instance.parameters), "attributes": {}}
    return {"hide_name": 0, **described, "port_directions": directions, "connections": ports}
