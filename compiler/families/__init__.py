"""The families, one module each. What they add to the compiler is looked up in `mulfree.compiler.registry`."""

from importlib.metadata import entry_points

from mulfree.compiler.families import (
    and_popcount,
    aw_convolution,
    fermat,
    logic_trees,
    min_select,
    piecewise,
    power_of_two,
    shared_digits,
    shift,
    shift_add,
    shift_attention,
    sum_max,
    xnor_popcount,
)
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.families.interface import Example, Family, Form

OWN_FAMILIES: tuple[Family, ...] = (
    xnor_popcount.FAMILY,
    shift_attention.FAMILY,
    power_of_two.FAMILY,
    and_popcount.FAMILY,
    shift_add.FAMILY,
    shared_digits.FAMILY,
    min_select.FAMILY,
    sum_max.FAMILY,
    aw_convolution.FAMILY,
    piecewise.FAMILY,
    shift.FAMILY,
    logic_trees.FAMILY,
    fermat.FAMILY,
)
"""The families of this package, the cheaper arithmetic before the more general; a new one is a module and an entry."""


def _registered() -> tuple[Family, ...]:
    """Families of other packages, from the entry-point group `mulfree.families`; they come first."""
    return tuple(point.load() for point in entry_points(group="mulfree.families"))


FAMILIES: tuple[Family, ...] = (*_registered(), *OWN_FAMILIES)
"""The order in which a layer is offered to the families' arithmetics."""

__all__ = ["FAMILIES", "OWN_FAMILIES", "Arithmetic", "Example", "Family", "Form"]
