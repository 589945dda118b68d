"""The cells of a library: area and function, whether one can hold a bit."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mulfree.backends.liberty.generic import NAMED
from mulfree.backends.liberty.syntax import Group, parse_liberty
from mulfree.ir import CompileError

MOST_INPUTS = 3
"""Of functions that are told apart here."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `table` is the truth table of its only output over its inputs by name, if it has few."""

    name: str
    area: float
    is_flip_flop: bool
    table: tuple[int, int] | None
    """(number of inputs, bit i: the output for the inputs of i, the first by name lowest)."""


@dataclass(frozen=True, slots=True)
class Library:
    """A Liberty text and what we read from it. Areas are in `unit`: the text's own, which it does not name."""

    name: str
    text: str
    unit: str
    cells: tuple[Cell, ...]

    def area_of(self, function: str) -> float | None:
        """Of the smallest cell that computes the function in any order of its inputs, if there is one."""
        wanted = _orders(function)
        return min((cell.area for cell in self.cells if cell.table in wanted), default=None)

    @property
    def nand2(self) -> float:
        found = self.area_of("!(A*B)")
        assert found is not None, "a library without NAND2 is refused when it is read"
        return found

    @property
    def flip_flop(self) -> float:
        """Area of the smallest."""
        return min(cell.area for cell in self.cells if cell.is_flip_flop)


@cache
def library_named(choice: str) -> Library:
    """`generic`, `thesis-7nm`, or a Liberty file. Raises CompileError for a file that is none or lacks cells."""
    if choice in NAMED:
        write, unit = NAMED[choice]
        return read_library(write(), choice, unit)
    path = Path(choice)
    if not path.is_file():
        raise CompileError(f"{choice}: there is no such file; take a Liberty file, or one of {', '.join(NAMED)}")
    return read_library(path.read_text(errors="replace"), path.name, "square micrometres, if the file is in them")


def read_library(text: str, name: str, unit: str) -> Library:
    """Raises CompileError that says what is missing for mapping: an inverter, a NAND2, a flip-flop."""
    root = parse_liberty(text, name)
    if root.kind != "library":
        raise CompileError(f"{name}: begins with '{root.kind}', not with a library; give a Liberty file (.lib)")
    library = Library(name, text, unit, tuple(_cell(group, name) for group in root.of_kind("cell")))
    _check(library)
    return library


def _check(library: Library) -> None:
    for what, function in (("inverter", "!A"), ("buffer", "A"), ("NAND of two inputs", "!(A*B)")):
        if library.area_of(function) is None:
            raise CompileError(f"{library.name}: has no {what}, without which nothing can be mapped to it and timed")
    if "cell_rise" not in library.text:
        raise CompileError(f"{library.name}: has no tables of delays (cell_rise), which ABC needs")
    if not any(cell.is_flip_flop for cell in library.cells):
        raise CompileError(f"{library.name}: has no flip-flop (a cell with an 'ff' group), which every stage needs")


def _cell(group: Group, file: str) -> Cell:
    name = group.arguments[0] if group.arguments else ""
    try:
        area = float(group.attributes.get("area", "0"))
    except ValueError as error:
        raise CompileError(f"{file}: the area of cell {name} is no number") from error
    usable = area > 0 and group.attributes.get("dont_use", "false") != "true"
    return Cell(name, area, usable and bool(group.of_kind("ff")), _table(group) if usable else None)


def _table(group: Group) -> tuple[int, int] | None:
    pins = {pin.arguments[0]: pin for pin in group.of_kind("pin") if pin.arguments}
    functions = [pin.attributes["function"] for pin in pins.values() if "function" in pin.attributes]
    inputs = sorted(name for name, pin in pins.items() if pin.attributes.get("direction") == "input")
    stateful = any(group.of_kind(kind) for kind in ("ff", "latch", "statetable"))
    three_state = any("three_state" in pin.attributes for pin in pins.values())
    if len(functions) != 1 or stateful or three_state or not 0 < len(inputs) <= MOST_INPUTS:
        return None
    return len(inputs), _truth(functions[0], inputs)


def _orders(function: str) -> set[tuple[int, int]]:
    """Truth tables of the function for every order of its inputs."""
    inputs = sorted(set(re.findall(r"[A-Z]", function)))
    return {(len(inputs), _truth(function, order)) for order in itertools.permutations(inputs)}


def _truth(function: str, inputs: list[str] | tuple[str, ...]) -> int:
    """Operators by Liberty: ' and ! not, * & and a blank and, ^ xor, + | or, in this order of strength."""
    rows = ({name: bool(row >> i & 1) for i, name in enumerate(inputs)} for row in range(1 << len(inputs)))
    return sum(_evaluate(function, row) << i for i, row in enumerate(rows))


def _evaluate(function: str, values: Mapping[str, bool]) -> bool:
    tokens = re.findall(r"[A-Za-z_][\w\[\]]*|[01]|[()!'*&^+|]", function)
    value, rest = _or(tokens, values)
    return value and not rest


def _or(tokens: list[str], values: Mapping[str, bool]) -> tuple[bool, list[str]]:
    value, tokens = _xor(tokens, values)
    while tokens and tokens[0] in "+|":
        right, tokens = _xor(tokens[1:], values)
        value = value or right
    return value, tokens


def _xor(tokens: list[str], values: Mapping[str, bool]) -> tuple[bool, list[str]]:
    value, tokens = _and(tokens, values)
    while tokens and tokens[0] == "^":
        right, tokens = _and(tokens[1:], values)
        value = value != right
    return value, tokens


def _and(tokens: list[str], values: Mapping[str, bool]) -> tuple[bool, list[str]]:
    value, tokens = _not(tokens, values)
    while tokens and tokens[0] not in ")+|^":
        right, tokens = _not(tokens[1:] if tokens[0] in "*&" else tokens, values)
        value = value and right
    return value, tokens


def _not(tokens: list[str], values: Mapping[str, bool]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, []
    head, tokens = tokens[0], tokens[1:]
    if head == "!":
        value, tokens = _not(tokens, values)
        return not value, tokens
    if head == "(":
        value, tokens = _or(tokens, values)
        tokens = tokens[1:]
    else:
        value = values.get(head, head == "1")
    while tokens and tokens[0] == "'":
        value, tokens = not value, tokens[1:]
    return value, tokens
