"""Fermat number transforms: convolutions whose products are few, and whose other factors are rotations."""

from __future__ import annotations

from mulfree.compiler.families.fermat.arithmetic import FermatTransformed
from mulfree.compiler.families.interface import Family
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.ir import CompileError
from mulfree.rtl import Stream


def lower_fermat(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    raise CompileError("fermat has no hardware yet: choose another arithmetic", node.location)


FAMILY = Family("fermat", arithmetics=(FermatTransformed,), lowering={FermatTransformed: lower_fermat})

__all__ = ["FAMILY", "FermatTransformed"]
