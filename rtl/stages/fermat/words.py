"""Between integers and words of a ring."""

from __future__ import annotations

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.stages.elementwise import mapped_text


def to_words(
    name: str,
    x: Stream,
    value: Value[TensorType],
    order: IntArray,
    ring: DiminishedOne,
    *,
    location: Location | None = None,
) -> Stage:
    """The words of what comes, as `value` in the order `order`: element order[i] is what x sends i-th, padding too."""
    circuit = Circuit()
    number = circuit.plain(circuit.input("x", x.type.range, x.lanes))
    circuit.output("y", circuit.drive(cells.encode(ring, number.range), number))
    return _mapped("to_words", name, x, Stream(name, value, order, x.lanes, value.type), circuit, location)


def from_words(
    name: str, x: Stream, value: Value[TensorType], ring: DiminishedOne, *, location: Location | None = None
) -> Stage:
    """The integers of least magnitude that the words stand for, in the order and lanes of x.

    They are known to belong to the value's range.
    """
    circuit = Circuit()
    word, held = circuit.input("x", x.type.range, x.lanes), IntRange(value.type.range.lo, value.type.range.hi)
    circuit.output("y", circuit.cast(circuit.drive(cells.decode(ring, held), word), value.type.range))
    return _mapped("from_words", name, x, Stream(name, value, x.order, x.lanes, value.type), circuit, location)


def _mapped(kind: str, name: str, x: Stream, out: Stream, circuit: Circuit, location: Location | None) -> Stage:
    return Stage(
        name=name,
        module=kind,
        inputs=(x,),
        outputs=(out,),
        actors=(every_step(),),
        parameters={"lanes": x.lanes},
        circuits={"map": circuit},
        location=location,
    )


def to_words_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    return mapped_text(stage, "integers as diminished-1 words.")


def from_words_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    return mapped_text(stage, "diminished-1 words as integers.")
