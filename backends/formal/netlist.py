"""Printed modules as Yosys reads them: cells and the nets between them. Nets 0 and 1 are the constants."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mulfree.backends.synth.yosys import run_yosys

TIME_LIMIT_S = 600.0
SCRIPT = """read_verilog -sv units.sv
proc
opt_dff -nosdff -simple-dffe
setattr -set keep 1 w:* w:$* %d
opt_clean
write_json units.json
"""
"""Bits of named wires stay, even those that nothing reads; of registers with an enable only these stay."""
RESULTS = ("y", "Y", "Q")
"""Outputs of library modules, of Yosys' own cells, and of registers."""
REGISTERS = ("$dff", "$dffe")

CONSTANTS = (0, 1)

Nets = tuple[int, ...]


class Literal(NamedTuple):
    """A net, or its complement."""

    net: int
    is_inverted: bool = False


@dataclass(frozen=True, eq=False)
class Instance:
    """A cell of Yosys, or an instance of a library module, with its parameters."""

    kind: str
    parameters: Mapping[str, str]
    """In binary."""
    ports: Mapping[str, Nets]

    def number(self, parameter: str) -> int:
        return int(self.parameters[parameter], 2)

    @property
    def result(self) -> Nets:
        return next(self.ports[name] for name in RESULTS if name in self.ports)

    @property
    def operands(self) -> dict[str, Nets]:
        """What goes in."""
        return {name: nets for name, nets in self.ports.items() if name not in RESULTS}


@dataclass(frozen=True, eq=False)
class Netlist:
    """One module."""

    ports: Mapping[str, Nets]
    names: Mapping[str, Nets]
    instances: Sequence[Instance]

    @cached_property
    def driver(self) -> dict[int, Instance]:
        """By net."""
        return {net: found for found in self.instances for net in found.result}

    @cached_property
    def order(self) -> dict[Instance, int]:
        """Every instance after those whose results it takes. A loop raises ValueError."""
        found: dict[Instance, int] = {}
        for start in self.instances:
            self._visit(start, found)
        return found

    def _visit(self, start: Instance, found: dict[Instance, int]) -> None:
        open_, waiting = set[Instance](), [start]
        while waiting:
            top = waiting[-1]
            if top in found:
                waiting.pop()
                continue
            before = [x for x in self.before(top) if x not in found]
            if not before:
                found[top] = len(found)
            elif top in open_:
                raise ValueError(f"a loop through {top.kind}")
            open_.add(top)
            waiting += before

    def before(self, instance: Instance) -> Iterable[Instance]:
        """Whose results it takes."""
        return {self.driver[n]: 0 for nets in instance.operands.values() for n in nets if n in self.driver}

    def cone(self, targets: Iterable[int], stop: set[int]) -> tuple[list[Instance], list[int]]:
        """What makes the targets; and the nets that it starts from: of `stop`, or made by nothing.

        Both in the order in which they are met, so that equal logic is found in the same order wherever it stands.
        """
        seen, ends, waiting = dict[Instance, None](), dict[int, None](), [*targets]
        for net in waiting:
            if net in stop or net not in self.driver:
                ends |= {net: None} if net not in CONSTANTS else {}
            elif (found := self.driver[net]) not in seen:
                seen[found] = None
                waiting += [n for name in sorted(found.operands) for n in found.operands[name]]
        return [*seen], [*ends]

    @property
    def registers(self) -> list[Instance]:
        return [found for found in self.instances if found.kind in REGISTERS]

    def without_registers(self) -> Netlist:
        """What registers hold is what they take."""
        through = {q: d for found in self.registers for q, d in zip(found.result, found.ports["D"], strict=True)}

        def seen(nets: Nets) -> Nets:
            return tuple(_source(net, through) for net in nets)

        def moved(nets: Mapping[str, Nets]) -> dict[str, Nets]:
            return {name: seen(found) for name, found in nets.items()}

        left = [Instance(x.kind, x.parameters, moved(x.ports)) for x in self.instances if x.kind not in REGISTERS]
        return Netlist(moved(self.ports), moved(self.names), left)


def _source(net: int, through: Mapping[int, int]) -> int:
    while net in through:
        net = through[net]
    return net


def read_netlists(text: str) -> dict[str, Netlist]:
    """Every module of the text, by name; library modules stay instances, with their parameters."""
    with TemporaryDirectory(prefix="mulfree-formal-") as name:
        folder = Path(name)
        (folder / "units.sv").write_text(text)
        run_yosys(SCRIPT, folder, TIME_LIMIT_S)
        modules: dict[str, Any] = json.loads((folder / "units.json").read_text())["modules"]
    return {name: _netlist(module) for name, module in modules.items()}


def _netlist(module: Mapping[str, Any]) -> Netlist:
    """Yosys numbers nets from 2 on; bits without a value are nets that nothing drives."""
    constants, unknown = {"0": 0, "1": 1}, count(-1, -1)

    def nets(bits: Iterable[int | str]) -> Nets:
        return tuple(b if isinstance(b, int) else constants[b] if b in constants else next(unknown) for b in bits)

    def instance(cell: Mapping[str, Any]) -> Instance:
        ports = {name: nets(bits) for name, bits in cell["connections"].items()}
        return Instance(cell["type"], cell["parameters"], ports)

    return Netlist(
        {name: nets(port["bits"]) for name, port in module["ports"].items()},
        {name: nets(net["bits"]) for name, net in module["netnames"].items()},
        [instance(cell) for cell in module["cells"].values()],
    )
