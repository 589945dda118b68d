"""What is remembered of circuits is asked for again only where they are the same hardware."""

from __future__ import annotations

from collections import defaultdict

import mulfree
from mulfree.ir import IntRange
from mulfree.networks import to_onnx
from mulfree.networks.blocks import block
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.print_circuit import to_verilog
from mulfree.rtl.remembered import Content, content, remembered


def shifted(amount: int, output: str = "y") -> Circuit:
    circuit = Circuit()
    circuit.output(output, circuit.drive(cells.shift_left(amount), circuit.input("x", IntRange(-4, 3), 2)))
    return circuit


def test_circuits_that_were_made_alike_are_of_equal_content() -> None:
    assert content(shifted(2)) == content(shifted(2))
    assert hash(content(shifted(2))) == hash(content(shifted(2)))


def test_another_constant_or_another_name_of_a_port_is_other_content() -> None:
    assert content(shifted(2)) != content(shifted(3))
    assert content(shifted(2)) != content(shifted(2, "z"))


def test_circuits_of_equal_content_are_printed_alike() -> None:
    texts = defaultdict[Content, set[str]](set)
    count = 0
    for name in ("ua-resnet", "aw"):
        for stage in mulfree.compile(to_onnx(block(name, 4, 6), seed=1)).hardware.design.stages:
            for circuit in stage.circuits.values():
                texts[content(circuit)].add(to_verilog(circuit, "m", target=stage.target))
                count += 1
    assert max(map(len, texts.values())) == 1
    assert len(texts) < count, "layers that are alike have equal circuits"


def test_a_function_is_computed_once_for_equal_circuits_and_arguments() -> None:
    asked = list[tuple[int, str]]()

    @remembered
    def lanes(circuit: Circuit, target: str) -> int:
        asked.append((circuit.inputs[0].lanes, target))
        return circuit.inputs[0].lanes

    assert [lanes(shifted(2), target) for target in ("xc7", "xc7", "ice40")] == [2, 2, 2]
    assert asked == [(2, "xc7"), (2, "ice40")]
