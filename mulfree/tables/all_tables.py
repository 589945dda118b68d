"""Every table that can be computed again, in the order of the papers."""

from __future__ import annotations

from mulfree.tables.binary_networks import table_3_2, table_3_7, table_5_4, table_5_5, table_5_7
from mulfree.tables.comparison import PaperTable
from mulfree.tables.other_counts import table_2_1, table_sum_max, table_sum_max_text
from mulfree.tables.parameter_counts import table_6_3, table_7_1, table_7_2, table_7_4

TABLES = (
    table_2_1,
    table_3_2,
    table_3_7,
    table_5_4,
    table_5_5,
    table_5_7,
    table_6_3,
    table_7_1,
    table_7_2,
    table_7_4,
    table_sum_max,
    table_sum_max_text,
)


def all_tables() -> list[PaperTable]:
    return [make() for make in TABLES]
