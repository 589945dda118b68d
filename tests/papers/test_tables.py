"""How many of the papers' numbers come out to every printed digit, and that the others have a reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from mulfree.networks import Role, parameters, resnet
from mulfree.tables import Entry, PaperTable, all_tables, to_markdown
from mulfree.tables.reasons import CUT, LARGE_STEM, REASONS

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
EQUAL = {
    "thesis 2.1": (6, 7),
    "thesis 3.2": (2, 2),
    "thesis 3.7": (8, 24),
    "thesis 5.4": (32, 33),
    "thesis 5.5": (35, 36),
    "thesis 5.7": (18, 20),
    "thesis 6.3": (20, 30),
    "thesis 7.1": (18, 20),
    "thesis 7.2": (3, 4),
    "thesis 7.4": (4, 4),
    "sum-and-max I": (3, 4),
    "sum-and-max III": (4, 5),
}
"""Equal numbers, and all."""


@cache
def tables() -> dict[str, PaperTable]:
    return {table.name: table for table in all_tables()}


def test_so_many_numbers_are_equal() -> None:
    assert {name: (table.equal, len(table.entries)) for name, table in tables().items()} == EQUAL


@pytest.mark.parametrize("name", EQUAL)
def test_every_number_that_differs_has_a_reason_and_no_other_has_one(name: str) -> None:
    for entry in tables()[name].entries:
        assert bool(entry.reason) != entry.is_equal, entry


def test_numbers_said_to_be_cut_off_are() -> None:
    entries = [e for table in tables().values() for e in table.entries if e.reason == CUT]
    assert entries
    for entry in entries:
        exact = Fraction(entry.computed)
        cut = Decimal(exact.numerator) / Decimal(exact.denominator)
        assert cut.quantize(Decimal(entry.printed), ROUND_DOWN) == Decimal(entry.printed), entry


def test_every_reason_belongs_to_a_number() -> None:
    entries = {(table.name, e.row, e.column) for table in tables().values() for e in table.entries}
    assert set(REASONS) <= entries


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("thesis 5.4", "UA-DenseNet51(53)", "storage [Mbit]"),
        ("thesis 5.5", "UA-DenseNet51(48)", "flops"),
    ],
)
def test_the_two_numbers_of_unified_architectures_that_differ_are_these(table: str, row: str, column: str) -> None:
    (different,) = (entry for entry in tables()[table].entries if not entry.is_equal)
    assert (different.row, different.column) == (row, column)


def test_rows_said_to_have_the_large_stem_are_equal_with_it() -> None:
    large, small = (parameters(resnet(depth=50, size=size))[Role.REAL] for size in (224, 32))
    rows = [entry for entry in tables()["thesis 6.3"].entries if entry.reason == LARGE_STEM]
    assert len(rows) == 3
    for entry in rows:
        assert replace(entry, computed=float(entry.computed) + (large - small) / 10**6).is_equal


@pytest.mark.parametrize(
    ("printed", "computed", "is_equal"),
    [
        ("33.18", 33.1756, True),
        ("33.18", 33.1749, False),
        ("1.64e8", 163_500_000, True),
        ("1.64e8", 163_499_999, False),
        ("2", 1.97, True),
        ("157286", 157_184, False),
        ("80.0e3", 80_040, True),
    ],
)
def test_a_number_is_equal_if_it_rounds_to_what_is_printed(printed: str, computed: float, is_equal: bool) -> None:
    assert Entry("row", "column", printed, computed).is_equal == is_equal


def test_the_page_of_the_documentation_is_what_the_command_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == to_markdown(list(tables().values()))
