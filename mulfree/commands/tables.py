"""The sub-command that computes the papers' tables of cost again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.commands.app import MODELS, Json, app
from mulfree.console import print_result, table

if TYPE_CHECKING:
    from mulfree.tables import PaperTable


@app.command(rich_help_panel=MODELS)
def tables(
    write: Annotated[Path | None, typer.Option(help="A page of Markdown to write.")] = None,
    json: Json = False,
) -> None:
    """Compute the papers' cost tables again, and say of each printed number whether it is equal, or why not."""
    from mulfree.samples import write_text
    from mulfree.tables import all_tables, to_dict, to_markdown

    found = all_tables()
    data = to_dict(found)
    if write is not None:
        write_text(write, to_markdown(found))
    end = f"{data['equal']} of {data['numbers']} printed numbers are equal"
    lines = [line for each in found for line in _rendered(each)]
    print_result(data, *lines, end, *([f"written to {write}"] if write else []))


def _rendered(paper: PaperTable) -> list[Any]:
    from mulfree.tables.page import by_row, differences, shown

    rows, columns = by_row(paper)
    title = f"{paper.name}: {paper.title} ({paper.equal} of {len(paper.entries)} equal)"
    made = table(title, ("", *columns), [(row, *map(shown, numbers)) for row, numbers in rows.items()])
    return [made, *differences(paper), ""]
