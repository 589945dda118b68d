"""A pruned entry of a sum-max layer is absent: from memory, from logic, from the cycles and from what is counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.alternatives import alternatives, operations
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.folding import LayerFolding, foldable_layers, folding_for, unrolled
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Operations, Threshold, Window
from mulfree.rtl import Circuit, Stage
from mulfree.sim.cosim import cosimulate
from mulfree.sim.patterns import random_pattern
from mulfree.sim.reference import run_graph
from mulfree.sim.verilator import StreamPort
from tests.compiler.families.layers import network

X = TensorType((64,), IntRange(-8, 7))


def banded(outputs: int, inputs: int, entries: int, extra: int = 0) -> SumMax:
    """So many adjacent entries for each output and term; the first output's maximum keeps some more."""
    random = np.random.default_rng(0)
    w, w_min = (Tensor(random.integers(-7, 8, (outputs, inputs, 1, 1))) for _ in range(2))
    kept = np.zeros((outputs, inputs), np.int64)
    for m in range(outputs):
        kept[m, (m + np.arange(entries)) % inputs] = 1
    more = kept.copy()
    more[0, entries : entries + extra] = 1
    kept_max, kept_min = (Tensor(k[:, :, None, None]) for k in (more, kept))
    return SumMax(w, w_min=w_min, kept=kept_max, kept_min=kept_min)


def stage_of(layer: SumMax, pe: int, simd: int) -> Stage:
    graph = network(X, layer)
    design = to_hardware(
        graph, lambda g: dict.fromkeys(foldable_layers(g), LayerFolding(pe, simd)), target="xc7"
    ).design
    (stage,) = [s for s in design.stages if s.module in ("sparse_matrix", "matrix_vector")]
    return stage


@pytest.mark.parametrize("pe", [1, 4])
def test_memory_and_cycles_follow_the_entries_that_are_kept(pe: int) -> None:
    stage = stage_of(banded(32, 64, 3), pe, 1)
    assert (stage.module, stage.parameters["steps"], stage.parameters["padded"]) == ("sparse_matrix", 3 * 32 // pe, 0)
    assert stage.memories["weights"].depth == 3 * 32 // pe


def test_an_output_that_keeps_more_takes_longer_and_makes_the_others_of_its_step_wait() -> None:
    stage = stage_of(banded(32, 64, 3, extra=5), 4, 1)
    assert stage.parameters["steps"] == 3 * 8 + 5
    assert stage.parameters["entries"] == 2 * 3 * 32 + 5
    assert stage.parameters["padded"] == 2 * 4 * 29 - stage.parameters["entries"]


@pytest.mark.parametrize("is_last", [False, True])
def test_outputs_are_sorted_where_a_dense_layer_reads_them(is_last: bool) -> None:
    """Of every four outputs one keeps 9 entries, three keep 3: sorted, a quarter of the steps is long."""
    random, kept = np.random.default_rng(0), np.zeros((32, 64), np.int64)
    for m in range(32):
        kept[m, : 3 if m % 4 else 9] = 1
    masks, weights = Tensor(kept[:, :, None, None]), Tensor(random.integers(-7, 8, (32, 64, 1, 1)))
    graph = network(X, SumMax(weights, w_min=weights, kept=masks, kept_min=masks))
    if not is_last:
        zero, one = Tensor(np.array([0])), Tensor(np.array([1]))
        levels = Threshold(Tensor(np.arange(-7, 8)[None] * 3), zero, one, IntRange(0, 15))
        dense = MultiplyAccumulate(Tensor(random.integers(-3, 4, (4, 32, 1, 1))))
        graph.outputs = [graph.add(dense, graph.add(levels, graph.outputs[0], name="levels"), name="z")]
    folding = dict.fromkeys(foldable_layers(graph), LayerFolding(4, 1))
    hardware = to_hardware(graph, lambda g: folding, target="xc7")
    (stage,) = [s for s in hardware.design.stages if s.module == "sparse_matrix"]
    assert stage.parameters["steps"] == (8 * 9 if is_last else 2 * 9 + 6 * 3)
    x = random.integers(-8, 8, (20, 64))
    design, (expected,) = hardware.design, run_graph(graph, {"x": x}).values()
    sources = {n.removeprefix("rtl/"): t for n, t in to_verilog(design).items() if n.startswith("rtl/")}
    wires = [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)]
    report = cosimulate(
        design, sources, top_name(design), wires, [x], [expected], [random_pattern(0.7, 1)], [random_pattern(0.6, 2)]
    )
    assert report.is_equal, str(report)


def test_what_keeps_most_of_its_entries_is_walked_in_whole_rows() -> None:
    dense = banded(32, 64, 63)
    graph = network(X, dense)
    (found,) = alternatives(graph, dict.fromkeys(foldable_layers(graph), LayerFolding(2, 4)), "xc7").values()
    assert [a.arithmetic.name for a in found] == ["sum_max_compare", "sum_max_kept"]
    assert stage_of(dense, 2, 4).module == "matrix_vector"


def test_a_folding_counts_on_the_entries_that_are_kept() -> None:
    graph = network(X, banded(32, 64, 3))
    assert set(folding_for(graph, 3 * 32).values()) == {LayerFolding(1, 1)}
    dense = network(X, banded(32, 64, 64))
    assert set(folding_for(dense, 64 * 32).values()) == {LayerFolding(1, 1)}


def counted(circuit: Circuit) -> Counter[str]:
    """Two-operand operations of a circuit's cells."""
    found: Counter[str] = Counter()
    for wire in circuit.wires:
        name = wire.cell.name if wire.cell else ""
        if name == "add":
            found["additions"] += wire.lanes
        elif name in ("largest", "smallest"):
            found["comparisons"] += wire.operands[0].lanes - 1
        elif name not in ("pick", "join", "constant", "encode"):
            found[name] += 1
    return found


@pytest.mark.parametrize("entries", [1, 3, 64])
def test_the_unrolled_logic_holds_the_operations_of_the_entries_and_no_other(entries: int) -> None:
    layer = banded(32, 64, entries, extra=1 if entries < 64 else 0)
    (stage,) = to_hardware(network(X, layer), unrolled).design.stages
    wanted = layer.operations()
    kept = int(layer.kept.array.sum() + layer.kept_min.array.sum())
    assert counted(stage.circuits["map"]) == Counter(additions=wanted.additions, comparisons=wanted.comparisons)
    assert (wanted.parameters, wanted.additions + wanted.comparisons) == (kept, 2 * kept - 32)


def mac(outputs: int, inputs: int) -> Operations:
    return MultiplyAccumulate(Tensor(np.ones((outputs, inputs, 1, 1), np.int64))).operations()


def test_the_table_of_the_paper() -> None:
    """Hidden and output layers of configurations A (products) and B (sums and maxima), before and after pruning."""
    assert (mac(307, 512).parameters, mac(307, 512).multiplications) == (157_184, 157_184)
    assert (mac(10, 307).parameters + 10, mac(10, 1024).parameters + 10) == (3_080, 10_250)
    dense = banded(1024, 512, 512).operations()
    assert (dense.parameters, dense.multiplications) == (1_048_576, 0)
    assert dense.additions + dense.comparisons == 2 * 1_048_576 - 1024
    pruned = banded(1024, 512, 2).operations()
    assert pruned.additions + pruned.comparisons == 2 * pruned.parameters - 1024
    thinned = np.ones((10, 100, 1, 1), np.int64)
    thinned[:, 80:] = 0
    assert MultiplyAccumulate(Tensor(thinned)).operations() == Operations(800, 800, 790)


def test_operations_of_a_map_are_those_of_all_its_positions() -> None:
    layer = MultiplyAccumulate(Tensor(np.ones((2, 3, 3, 3), np.int64)), Window((3, 3)))
    compiled = to_hardware(network(TensorType((3, 5, 5), IntRange(0, 3)), layer))
    assert operations(compiled.layers) == {"y": Operations(54, 9 * 54, 9 * 52)}
