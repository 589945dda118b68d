"""Errors planted in one of two executors are found where they are, and nothing is found where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import mulfree
from mulfree.compiler.trace import Executors
from mulfree.ir import CompileError, Graph, IntOp, Node, Tensor, TensorType, Value, copy_node, rewrite
from mulfree.ir.ops import MultiplyAccumulate, Threshold
from mulfree.sim.functional import FastNetwork
from tests.compiler.streamline.networks import Net, f
from tests.trained import cifar, mnist

RANDOM = np.random.default_rng(5)
X = RANDOM.integers(0, 256, (70, 3, 8, 8)).astype(np.float32)
PAIRS = [("definition", "fast"), ("definition", "hardware-graph"), ("fast", "onnx"), ("onnxruntime", "hardware-graph")]


def network() -> onnx.ModelProto:
    """Quantiser, convolution, batch norm, quantiser, and a branch around a second convolution."""
    net = Net((3, 8, 8))
    x = net.quant("x", f(1.0), 8, signed=0)
    acc = net("Conv", x, RANDOM.choice(f(-1, 1), (4, 3, 3, 3)))
    parameters = [RANDOM.normal(size=4).astype(np.float32) for _ in range(3)]
    norm = net.batch_norm(acc, *parameters, (9000 * np.ones(4)).astype(np.float32))
    low = net.quant(norm, f(0.25), 3)
    wide = net("Conv", low, RANDOM.choice(f(-1, 0, 1), (4, 4, 1, 1)))
    return net.proto(net("Add", net.quant(wide, f(0.5), 4), low))


@pytest.fixture(scope="module")
def executors() -> Executors:
    return mulfree.compile(network()).executors


IntGraph = Graph[TensorType]
Change = Callable[[IntOp], IntOp]


def with_changed(graph: IntGraph, kind: type[IntOp], change: Change) -> tuple[IntGraph, str]:
    """The graph with another operator in the place of the first of its kind, and the name of that node's result."""
    name = next(node.output.name for node in graph.nodes if isinstance(node.op, kind))

    def visit(result: IntGraph, node: Node[TensorType], operands: tuple[Value[TensorType], ...]) -> Value[TensorType]:
        wrong = replace(node, op=change(node.op)) if node.output.name == name else node
        return copy_node(result, wrong, operands)

    return rewrite(graph, visit), name


def flip(op: IntOp) -> IntOp:
    """One weight of channel 2."""
    assert isinstance(op, MultiplyAccumulate)
    weights = op.weights.array.copy()
    weights[2, 1, 0, 2] *= -1
    return replace(op, weights=Tensor(weights))


def raise_one(op: IntOp) -> IntOp:
    """The second threshold of channel 1, up to the next."""
    assert isinstance(op, Threshold)
    table = op.thresholds.array.copy()
    table[1, 1] = table[1, 2]
    return replace(op, thresholds=Tensor(table))


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_executors_of_one_model_do_not_differ(executors: Executors, left: str, right: str) -> None:
    assert executors.diff({"x": X}, left, right) is None


def test_a_wrong_weight_is_found_at_its_layer_and_channel(executors: Executors) -> None:
    wrong, name = with_changed(executors.model.graph, MultiplyAccumulate, flip)
    fast = FastNetwork(wrong)
    found = replace(executors, fast=lambda: fast).diff({"x": X}, "definition", "fast")
    assert found
    # The tap at row 0, column 2 of input channel 1 is not zero at the first position.
    assert X[0, 1, 0, 2]
    assert (found.value, found.index) == (name, (0, 2, 0, 0))
    assert found.right - found.left in (2 * X[0, 1, 0, 2], -2 * X[0, 1, 0, 2])
    assert found.elements == 70 * 4 * 6 * 6
    assert found.unequal == np.count_nonzero(X[:, 1, 0:6, 2:8])


def test_a_wrong_threshold_is_found_at_its_own_tensor_of_the_file(executors: Executors) -> None:
    wrong, name = with_changed(executors.model.graph, Threshold, raise_one)
    planted = replace(executors, model=replace(executors.model, graph=wrong), lowered=wrong)
    probe = next(p for p in executors.model.probes if p.value == name)
    right = executors.model.probes.index(probe)
    assert all(p.value != name for p in executors.model.probes[:right])
    for other in ("onnx", "onnxruntime"):
        found = planted.diff({"x": X}, "definition", other)
        assert found
        assert (found.value, found.index[1]) == (probe.name, 1)
        assert found.location == probe.location
        assert abs(found.right - found.left) == 0.25


def test_a_wrong_threshold_of_the_hardware_graph_is_found(executors: Executors) -> None:
    wrong, name = with_changed(executors.lowered, Threshold, raise_one)
    found = replace(executors, lowered=wrong).diff({"x": X}, "definition", "hardware-graph")
    assert found
    assert (found.value, found.index[1]) == (name, 1)


@pytest.mark.parametrize("other", ["onnx", "onnxruntime"])
def test_a_file_with_another_weight_is_told_from_the_compiled_one(executors: Executors, other: str) -> None:
    proto = onnx.ModelProto()
    assert isinstance(executors.source, onnx.ModelProto)
    proto.CopyFrom(executors.source)
    weights = next(t for t in proto.graph.initializer if t.dims == [4, 3, 3, 3])
    array = numpy_helper.to_array(weights).copy()
    array[3, 0, 0, 0] *= -1
    weights.CopyFrom(numpy_helper.from_array(array, weights.name))
    found = replace(executors, source=proto).diff({"x": X}, "fast", other)
    node = next(n for n in proto.graph.node if weights.name in n.input)
    assert found
    assert (found.value, found.index) == (node.output[0], (0, 3, 0, 0))
    assert abs(found.right - found.left) == 2 * X[0, 0, 0, 0]


def test_an_error_in_a_later_chunk_of_samples_is_found(executors: Executors) -> None:
    quiet = np.zeros_like(X)
    quiet[69, 1, 0, 2] = 7
    wrong, name = with_changed(executors.model.graph, MultiplyAccumulate, flip)
    fast = FastNetwork(wrong)
    found = replace(executors, fast=lambda: fast).diff({"x": quiet}, "definition", "fast")
    assert found
    assert (found.value, found.index, found.unequal) == (name, (69, 2, 0, 0), 1)


def test_unknown_executors_and_empty_batches_are_refused(executors: Executors) -> None:
    with pytest.raises(CompileError, match="no executor 'abacus'; choose two of definition, fast, hardware-graph"):
        executors.diff({"x": X}, "definition", "abacus")
    with pytest.raises(CompileError, match="no samples"):
        executors.diff({"x": X[:0]}, "definition", "fast")


def test_without_onnxruntime_the_remedy_is_named(executors: Executors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CompileError, match=r"pip install 'mulfree\[oracle\]'"):
        replace(executors).diff({"x": X}, "definition", "onnxruntime")


def test_every_integer_of_a_residual_network_is_read_by_a_tensor_of_the_file(executors: Executors) -> None:
    read = {probe.value for probe in executors.model.probes}
    assert read >= {v.name for v in executors.model.graph.outputs}
    thresholds = [n.output.name for n in executors.model.graph.nodes if isinstance(n.op, Threshold)]
    assert len(thresholds) == 2
    assert read >= set(thresholds)


@pytest.mark.parametrize("other", ["fast", "hardware-graph", "onnx", "onnxruntime"])
@pytest.mark.parametrize("name", ["TFC_1W1A", "bnnpynq_cnvW1A1"])
def test_trained_networks_have_no_difference(shared: Path, name: str, other: str) -> None:
    x = cifar(shared, 3).astype(np.float32)
    if name == "TFC_1W1A":
        x = (mnist(shared)[0][:100] / 255).astype(np.float32)[:, None]
    assert mulfree.compile(shared / "models" / f"{name}.onnx").diff(x, "definition", other) is None


def test_float32_sums_are_equal_up_to_a_tolerance(shared: Path) -> None:
    design = mulfree.compile(shared / "models" / "brevitas_binary_mlp_ts.onnx")
    x = (mnist(shared)[0][:20] / 255).astype(np.float32).reshape(-1, 784)
    found = design.diff(x, "definition", "onnxruntime")
    assert found
    assert found.left == pytest.approx(found.right, rel=1e-6)
    assert design.diff(x, "definition", "onnxruntime", tolerance=1e-5) is None
