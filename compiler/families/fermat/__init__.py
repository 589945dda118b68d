"""Fermat number transforms: convolutions whose products are few, and whose other factors are rotations."""

from mulfree.compiler.families.fermat.arithmetic import FermatTransformed
from mulfree.compiler.families.fermat.lowering import lower_fermat
from mulfree.compiler.families.interface import Family

FAMILY = Family("fermat", arithmetics=(FermatTransformed,), lowering={FermatTransformed: lower_fermat})

__all__ = ["FAMILY", "FermatTransformed"]
