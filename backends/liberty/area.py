"""Area in a user's cell library, estimated without mapping to it."""

from __future__ import annotations

from collections.abc import Mapping

from mulfree.backends.liberty.generic import FLIP_FLOP, GATES
from mulfree.backends.liberty.library import Library
from mulfree.rtl.cost import Cost

MIX: Mapping[str, float] = {
    "NOR2": 0.347,
    "NAND2": 0.308,
    "MUX2": 0.203,
    "INV": 0.045,
    "ANDNOT2": 0.023,
    "XOR2": 0.021,
    "OR2": 0.018,
    "ORNOT2": 0.014,
    "AND2": 0.014,
    "XNOR2": 0.007,
}
"""Share of each kind of cell in the area of logic mapped to our own library: `python bench/liberty_area.py`."""
COMPOUND = ("!((A*B)+S)", "!((A+B)*S)", "!(A*B*S)")
"""And-or-invert, or-and-invert and NAND of three inputs, which our own library has not."""
SAVED_BY_COMPOUND = 0.15
"""Of the area of logic, in a library that has them: the same command, on SG13G2."""
ERROR = 0.083
"""Relative, of a whole design, the largest of three libraries. Printed by `python bench/liberty_area.py --stages
conv0_window conv0 levels2 maxpool3 conv4 dense9 sign11 dense12`."""


def estimated_area(cost: Cost, library: Library) -> float:
    """Area of flip-flops and logic, in the library's unit, from an estimate for the target asic.

    Flip-flops are the library's smallest. Of the gates, which are NAND2 equivalents, the share that is made of each
    kind of cell is `MIX`, and each kind is as large as the library's smallest cell of that function.
    """
    logic = max(0.0, cost.gates - FLIP_FLOP.area * cost.ffs)
    return cost.ffs * library.flip_flop + logic * area_of_gate(library)


def area_of_gate(library: Library) -> float:
    """Of one NAND2 equivalent of logic of the usual mix; a cell that the library lacks is as many NAND2 as in ours."""
    mixed = sum(share * _relative(kind, library) for kind, share in MIX.items())
    has_compound = all(library.area_of(function) is not None for function in COMPOUND)
    return mixed * (1 - SAVED_BY_COMPOUND if has_compound else 1)


def _relative(kind: str, library: Library) -> float:
    """Area of the cell for each NAND2 equivalent that it counts for."""
    area, ours = library.area_of(GATES[kind].function), GATES[kind].area
    return library.nand2 if area is None else area / ours
