"""Hardware as data: circuits made of a closed set of cells, stages that move tokens, and designs of stages."""

from mulfree.rtl.actors import Actor, Buffered, Fifo, Stepper, Varying, every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Design, Memory, Stage, Stream
from mulfree.rtl.price import Price
from mulfree.rtl.wires import WireType

__all__ = [
    "Actor",
    "Buffered",
    "Circuit",
    "Design",
    "Fifo",
    "Memory",
    "Price",
    "Stage",
    "Stepper",
    "Stream",
    "Varying",
    "Wire",
    "WireType",
    "every_step",
]
