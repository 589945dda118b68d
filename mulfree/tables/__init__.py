"""The papers' tables of cost, computed again from the networks' own descriptions.

    from mulfree.tables import all_tables

    for table in all_tables():
        print(table.name, table.equal, "of", len(table.entries))

Every printed number is an `Entry` with what is computed for it; one that differs says why.
"""

from mulfree.tables.all_tables import all_tables
from mulfree.tables.comparison import Entry, PaperTable
from mulfree.tables.page import to_dict, to_markdown

__all__ = ["Entry", "PaperTable", "all_tables", "to_dict", "to_markdown"]
