"""Changes of signals in hardware: play words through a verilated design, and count in the trace that it writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

Name = tuple[str, ...]
"""Scopes from the outermost in, then the signal."""


def play(top: Any, trace: Path, source: str, words: Sequence[int], sink: str, wanted: int, cycles: int) -> int:
    """Reset, then a word in every cycle in which there is room, until so many have left; every signal into `trace`.

    `top` is a handle of `mulfree.sim.verilator.interactive`, `source` and `sink` are prefixes of AXI ports. Gives the
    cycles it took. Raises RuntimeError if they do not suffice.
    """
    top.io.rst = 1
    top.clock.tick()
    top.io.rst = 0
    top.start_vcd_trace(str(trace))
    setattr(top.io, f"{sink}_tready", 1)
    left = list(reversed(words))
    for cycle in range(cycles):
        setattr(top.io, f"{source}_tvalid", int(bool(left)))
        if left:
            setattr(top.io, f"{source}_tdata", left[-1])
        wanted -= int(getattr(top.io, f"{sink}_tvalid"))
        if left and int(getattr(top.io, f"{source}_tready")):
            left.pop()
        top.clock.tick()
        if wanted == 0:
            top.stop_vcd_trace()
            return cycle + 1
    raise RuntimeError(f"{wanted} words are still to come after {cycles} cycles")


def traced(text: str) -> dict[Name, list[int]]:
    """Every value that each signal has in a trace in the format of IEEE 1364, the first before any change."""
    head, _, body = text.partition("$enddefinitions")
    values: dict[str, list[int]] = defaultdict(list)
    for wide, code, bit, short in re.findall(r"^b([01]+) (\S+)$|^([01])(\S+)$", body, re.MULTILINE):
        values[code or short].append(int(wide or bit, 2))
    return {name: values[code] for name, code in _declared(head)}


def changes(values: Sequence[int]) -> int:
    """Bits that change."""
    return sum((a ^ b).bit_count() for a, b in pairwise(values))


def _declared(head: str) -> list[tuple[Name, str]]:
    scopes, found = list[str](), list[tuple[Name, str]]()
    for scope, code, name, up in re.findall(
        r"\$scope \w+ (\S+) \$end|\$var +\w+ +\d+ +(\S+) +([^\s\[]+)|\$(upscope)", head
    ):
        if scope:
            scopes.append(scope)
        elif up:
            scopes.pop()
        else:
            found.append(((*scopes, name), code))
    return found
