"""Mapping to a library of standard cells with Yosys and ABC."""

from __future__ import annotations

import re

from mulfree.backends.liberty.library import Library
from mulfree.backends.synth.flow import FORGET_STYLES, Flow
from mulfree.rtl.cost import Cost

FILE = "cells.lib"
ABC = "+strash;ifraig;scorr;dc2;dch,-f;map,-B,0.9;topo;dnsize;stime,-d"
"""ABC's commands, blanks as commas: map for area within the best delay, shrink what has slack, write area and delay."""


def asic_flow(library: Library) -> Flow:
    """Memories become flip-flops, for a cell library holds none. The counts are gates in NAND2 of the library."""
    script = (
        f"{FORGET_STYLES}; synth -flatten; dfflibmap -liberty {FILE}; opt; abc -liberty {FILE} -script {ABC}; opt_clean"
    )
    prices = {re.escape(cell.name): _price(cell.area, cell.is_flip_flop, library.nand2) for cell in library.cells}
    return Flow(script, prices, files={FILE: library.text}, count=f"-liberty {FILE}")


def _price(area: float, is_flip_flop: bool, nand2: float) -> Cost:
    return Cost(ffs=1 if is_flip_flop else 0, gates=area / nand2)
