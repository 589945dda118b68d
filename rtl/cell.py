"""What a cell is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mulfree.ir import Tensor
from mulfree.rtl.cell_moves import Moves
from mulfree.rtl.cell_verilog import Printer
from mulfree.rtl.heap import Summation
from mulfree.rtl.price import Pricing
from mulfree.rtl.wires import WireType


@dataclass(frozen=True, slots=True)
class Cell:
    """One row: meaning, Verilog and price."""

    name: str
    infer: Callable[..., WireType]
    """Type of the result from the operands' types; ranges are exact for independent operands."""
    evaluate: Callable[..., Any]
    """(types of the operands, *numbers (..., lanes)) to numbers (..., lanes)."""
    verilog: Printer
    price: Pricing
    summation: Summation | None = None
    """Of a cell that is a heap: what its plan, and so its price on a target, is made from."""
    table: Tensor | None = None
    """Of a lookup: its constants, from which its price on a target follows."""
    moves: Moves | None = None
    """Of a cell that may be wiring alone: which bits it moves where."""
    arguments: tuple[int, ...] = ()
    """The integers that it was made with, in the order of the parameters: places, lanes, values."""
