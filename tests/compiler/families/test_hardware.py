"""The contract of every arithmetic in hardware: Verilator, the cycle models, Verilog text, estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mulfree.backends.estimate import estimate
from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers, unrolled
from mulfree.compiler.pipeline import Hardware, IntGraph, to_hardware
from mulfree.ir import TensorType
from mulfree.ir.ops import Contraction
from mulfree.rtl.cost import TARGETS
from mulfree.sim.cosim import cosimulate
from mulfree.sim.patterns import random_pattern
from mulfree.sim.verilator import StreamPort
from tests.compiler.families.layers import Kind, draw, layers, network

FRAMES = 12


def folded(graph: IntGraph) -> Folding:
    """Some lanes, but not all, where there is a choice."""
    shapes = foldable_layers(graph).items()
    return {name: LayerFolding(_middle(s.pe_choices()), _middle(s.simd_choices())) for name, s in shapes}


def cut(graph: IntGraph) -> Folding:
    """The same, with registers after every level of logic."""
    return {name: replace(layer, levels=1) for name, layer in folded(graph).items()}


def _middle(choices: list[int]) -> int:
    return choices[(len(choices) - 1) // 2]


def built(arithmetic: Kind, x: TensorType, layer: Contraction, folding: Callable[[IntGraph], Folding]) -> Hardware:
    hardware = to_hardware(network(x, layer), folding, prefer=(arithmetic.name,))
    assert arithmetic.name in {node.op.name for node in hardware.graph.nodes}
    return hardware


with_registers = pytest.param(cut, id="folded with registers", marks=pytest.mark.nightly)
foldings = pytest.mark.parametrize("folding", [folded, unrolled, with_registers], ids=["folded", "unrolled", None])


@foldings
@layers
def test_verilog_gives_the_definition_in_the_cycles_of_the_models(
    arithmetic: Kind, x: TensorType, layer: Contraction, folding: Callable[[IntGraph], Folding]
) -> None:
    design = built(arithmetic, x, layer, folding).design
    sources = {n.removeprefix("rtl/"): t for n, t in to_verilog(design).items() if n.startswith("rtl/")}
    report = cosimulate(
        design,
        sources,
        top_name(design),
        [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)],
        [draw(x, FRAMES)],
        [layer.evaluate(draw(x, FRAMES))],
        [random_pattern(0.7, 1)],
        [random_pattern(0.6, 2)],
    )
    assert report.is_equal, str(report)


@foldings
@layers
def test_the_verilog_is_the_same_every_time_and_its_price_is_known(
    arithmetic: Kind, x: TensorType, layer: Contraction, folding: Callable[[IntGraph], Folding]
) -> None:
    once, again = (built(arithmetic, x, layer, folding).design for _ in range(2))
    assert to_verilog(once) == to_verilog(again)
    for target in TARGETS:
        total = estimate(once, target, 100.0).total
        assert np.isfinite(total.luts if target != "asic" else total.gates)
        assert (total.luts if target != "asic" else total.gates) > 0
