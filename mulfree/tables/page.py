"""The tables as a page of Markdown, and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mulfree.tables.comparison import Entry, PaperTable

HEAD = """# Cost tables of the papers

What the papers print about the cost of their networks, computed again by `mulfree tables` from the networks of
[`mulfree.networks`](guide/networks.md): no weights, only the layers and shapes that the ONNX files have too. A number
is equal if it agrees in every printed digit. Where it does not, the computed one stands behind ≠, and below the table
is why.

`mulfree tables --write docs/tables.md` wrote this page.
"""


def to_dict(tables: Sequence[PaperTable]) -> dict[str, Any]:
    """Plain data: equal and all numbers, and every entry of every table."""
    return {
        "equal": sum(table.equal for table in tables),
        "numbers": sum(len(table.entries) for table in tables),
        "tables": [_table(table) for table in tables],
    }


def _table(table: PaperTable) -> dict[str, Any]:
    numbers = [_entry(entry) for entry in table.entries]
    texts = {"name": table.name, "title": table.title, "rule": table.rule}
    return texts | {"equal": table.equal, "numbers": len(numbers), "entries": numbers}


def _entry(entry: Entry) -> dict[str, Any]:
    found = {"row": entry.row, "column": entry.column, "printed": entry.printed, "computed": float(entry.computed)}
    return found | {"is_equal": entry.is_equal} | ({} if entry.is_equal else {"reason": entry.reason})


def to_markdown(tables: Sequence[PaperTable]) -> str:
    """A section for each table, and how many numbers are equal."""
    counts = [f"| {table.name} | {table.title} | {table.equal} | {len(table.entries)} |" for table in tables]
    summary = ["| table | of what | equal | numbers |", "|---|---|---:|---:|", *counts]
    return "\n".join([HEAD, *summary, "", *(line for table in tables for line in _section(table))]).rstrip() + "\n"


def _section(table: PaperTable) -> list[str]:
    rows, columns = by_row(table)
    head = [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    body = [f"| {row} | {' | '.join(map(shown, numbers))} |" for row, numbers in rows.items()]
    why = [f"- {line}" for line in differences(table)]
    title = f"## {table.name[0].upper()}{table.name[1:]}: {table.title}"
    end = ["", *why] if why else []
    return [title, "", f"{table.rule[0].upper()}{table.rule[1:]}.", "", *head, *body, *end, ""]


def differences(table: PaperTable) -> list[str]:
    """A line for each reason, with the numbers that differ for it."""
    return [
        f"{'; '.join(f'{entry.row}, {entry.column}' for entry in entries)}: {reason}."
        for reason, entries in table.different.items()
    ]


def by_row(table: PaperTable) -> tuple[dict[str, list[Entry]], list[str]]:
    """The numbers of every row, and the names of the columns."""
    rows: dict[str, list[Entry]] = {}
    for entry in table.entries:
        rows.setdefault(entry.row, []).append(entry)
    return rows, list(dict.fromkeys(entry.column for entry in table.entries))


def shown(entry: Entry) -> str:
    """The printed number, and where it is not equal the computed one to as many digits."""
    return entry.printed if entry.is_equal else f"{entry.printed} ≠ {_like(entry)}"


def _like(entry: Entry) -> str:
    """The computed number, written as the printed one is."""
    mantissa, mark, power = entry.printed.partition("e")
    digits = len(mantissa.partition(".")[2])
    return f"{float(entry.computed) / 10 ** int(power or 0):.{digits}f}{mark}{power}"
