"""The arithmetic families, one module each."""

from importlib.metadata import entry_points

from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.family import FamilyContraction
from mulfree.compiler.families.xnor_popcount import XnorPopcount

OPERATORS: tuple[type[FamilyContraction], ...] = (XnorPopcount, AndPopcount)
"""Every family, the cheaper before the more general; a new one is a new module and an entry here."""


def _registered() -> tuple[type[FamilyContraction], ...]:
    """Families of other packages, from the entry-point group `mulfree.families`; they come first."""
    return tuple(point.load() for point in entry_points(group="mulfree.families"))


FAMILIES: tuple[type[FamilyContraction], ...] = (*_registered(), *OPERATORS)
"""The order in which a layer is offered to the families."""

__all__ = ["FAMILIES", "OPERATORS", "AndPopcount", "FamilyContraction", "XnorPopcount"]
