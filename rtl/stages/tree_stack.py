"""tree_stack: trees of minima and maxima over elements that come one after the other, leaf by leaf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir import BIT, IntRange, Location, TensorType, Value
from mulfree.ir.forest import END, MAX, Forest
from mulfree.rtl import cells
from mulfree.rtl.actors import Stepper
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.text import (
    CLOCK,
    address_bits,
    circuit_instance,
    circuit_module,
    circuit_text,
    handshake,
    instance,
    module_text,
    rom_text,
)


@dataclass(frozen=True, slots=True)
class StackStep:
    """What happens to the value on top: an element is pushed, meets it, or what is below meets it.

    `place` is where below the top a value is put by a push, and from where it is taken where nothing comes.
    """

    takes: bool
    pushes: bool
    is_max: bool
    emits: bool
    place: int

    @property
    def word(self) -> int:
        flags = (self.takes, self.pushes, self.is_max, self.emits)
        return sum(flag << bit for bit, flag in enumerate(flags)) | self.place << len(flags)


FLAGS = 4


def can_be_stacked(forest: Forest, units: int) -> bool:
    """Whether every unit is a leaf once, and there is a node at all."""
    return units > forest.trees and np.array_equal(np.sort(forest.leaves), np.arange(units))


def stack_steps(forest: Forest) -> int:
    return len(stack_program(forest))


def stack_program(forest: Forest) -> list[StackStep]:
    """A step for each leaf, in which it meets the value before it if it ends a tree, and one for each further tree."""
    steps: list[StackStep] = []
    below = -1
    for leaf, closed in enumerate(forest.closed):
        ends = [*(forest.kinds[node] == MAX for node in closed)]
        is_done = forest.kinds[leaf] == END
        if not closed:
            below += 1
        pops = max(len(closed) - 1, 0)
        steps.append(StackStep(True, not closed, bool(closed and ends[0]), is_done and not pops, max(below - 1, 0)))
        for pop in range(pops):
            below -= 1
            steps.append(StackStep(False, False, bool(ends[1 + pop]), is_done and pop == pops - 1, below))
        below = -1 if is_done else below
    return steps


def tree_stack(
    name: str, x: Stream, value: Value[TensorType], forest: Forest, *, location: Location | None = None
) -> Stage:
    """y[t] = tree t; x brings the leaves in order, one to a token. A value stays on the stack until its node is closed.

    One cycle for each leaf, and one for each node but the first that a leaf closes.
    """
    assert x.lanes == 1, f"{name}: one element a token is needed, not {x.lanes}"
    assert np.array_equal(x.order, forest.leaves), f"{name}: the elements must come leaf by leaf"
    steps = stack_program(forest)
    takes, emits = (np.array([[getattr(step, what) for step in steps]]) for what in ("takes", "emits"))
    places = max(step.place for step in steps) + 1
    return Stage(
        name=name,
        module="tree_stack",
        inputs=(x,),
        outputs=(raster_stream(name, value, 1),),
        actors=(Stepper(takes, emits),),
        parameters={"steps": len(steps), "places": places, "bits": x.element_bits},
        memories={"program": Memory(FLAGS + address_bits(places), tuple(step.word for step in steps))},
        circuits={"choose": _choice(x.type.range, value.type.range)},
        location=location,
    )


def _choice(x: IntRange, y: IntRange) -> Circuit:
    """The larger or the smaller of two stored words: what rises with a number rises with its index, too."""
    assert x == y, f"trees keep the range {x} of their units, but the result has {y}"
    circuit = Circuit()
    words = IntRange(0, x.count - 1) if x.is_coded else x
    a, b = circuit.input("a", words), circuit.input("b", words)
    takes_a = circuit.drive(cells.XNOR, circuit.drive(cells.GE, a, b), circuit.input("is_max", BIT))
    circuit.output("y", circuit.drive(cells.MUX, takes_a, a, b))
    return circuit


def tree_stack_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, memory = stage.parameters, stage.memories["program"]
    purpose = f"minima and maxima of leaves as they come, {p['steps']} steps, {p['places']} places below the top."
    place = f"word[{memory.width - 1}:{FLAGS}]"
    flags = {"takes": "word[0]", "pushes": "word[1]", "emits": "word[3]", "place": place}
    body = [
        f"logic [{memory.width - 1}:0] word;",
        f"logic [{address_bits(memory.depth) - 1}:0] address;",
        f"logic [{p['bits'] - 1}:0] a, b, chosen;",
        "logic fetch;",
        instance(
            "tree_stack_unit",
            "u_stack",
            {"WIDTH": p["bits"], "PLACES": p["places"], "STEPS": p["steps"]},
            {
                **CLOCK,
                **flags,
                **handshake("s", "s"),
                **{signal: signal for signal in ("fetch", "address", "a", "b", "chosen")},
                **handshake("m", "m"),
            },
        ),
        circuit_instance(stage, "choose", {"a": "a", "b": "b", "is_max": "word[2]", "y": "chosen"}),
        instance(
            circuit_module(stage, "program"),
            "u_program",
            {},
            {"clk": "clk", "enable": "fetch", "address": "address", "word": "word"},
        ),
    ]
    parts = [
        circuit_text(stage, "choose", "The larger or the smaller"),
        rom_text(stage, "program", "What each step does"),
    ]
    return module_text(stage, purpose, body, parts)
