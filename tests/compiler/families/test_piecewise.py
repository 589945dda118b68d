"""What is particular to piecewise approximation: pieces, networks put into them, lookups that sink, datapaths."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import mulfree
from mulfree.compiler.families.piecewise.approximate import approximate_piecewise
from mulfree.compiler.families.piecewise.fit import ENDPOINTS, FixedPoint, activation_pieces, weight_pieces
from mulfree.compiler.families.piecewise.operator import Lookup, PiecewiseMultiplyAccumulate
from mulfree.compiler.pipeline import layer_passes
from mulfree.ir import AnyArray, CompileError, Graph, IntRange, Tensor, TensorType, run_passes
from mulfree.ir.ops import Add, MaxPool, MultiplyAccumulate, Reshape, Window
from mulfree.sim.patterns import random_pattern
from mulfree.sim.reference import run_graph
from tests.compiler.streamline.networks import Net, f
from tests.trained import onnxruntime_run

HELD_OUT = 400
VALUES = Tensor(np.array([0, 3, 7, 12]))


@pytest.fixture(scope="module")
def digits() -> tuple[AnyArray, AnyArray]:
    x, y = load_digits(return_X_y=True)
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def network(digits: tuple[AnyArray, AnyArray]) -> onnx.ModelProto:
    """A float network of two layers, trained with scikit-learn."""
    x, y = (part[:-HELD_OUT] for part in digits)
    trained = MLPClassifier((48,), random_state=3, max_iter=60, tol=1e-2).fit(x / 16, y)
    net, hidden = Net((64,)), "x"
    for i, (w, b) in enumerate(zip(trained.coefs_, trained.intercepts_, strict=True)):
        w = w / 16 if i == 0 else w
        hidden = net("Gemm", hidden, w.astype(np.float32), b.astype(np.float32))
        hidden = net("Relu", hidden) if i == 0 else hidden
    return net.proto(hidden)


def accuracy(model: onnx.ModelProto, x: AnyArray, y: AnyArray) -> float:
    return float((onnxruntime_run(model.SerializeToString(), x).argmax(axis=1) == y).mean())


@pytest.mark.parametrize(("weights", "activations", "lost"), [(2, 1, 0.10), (4, 5, 0.03), (8, 7, 0.02)])
def test_a_float_network_in_pieces_runs_alike_everywhere(
    digits: tuple[AnyArray, AnyArray], network: onnx.ModelProto, weights: int, activations: int, lost: float
) -> None:
    x, y = digits
    made = approximate_piecewise(network, {"x": x[:300]}, weights, activations)
    held_out = x[-HELD_OUT:], y[-HELD_OUT:]
    assert accuracy(made.model, *held_out) >= accuracy(network, *held_out) - lost
    design = mulfree.compile(made.model, inputs={"x": "uint5"})
    expected = onnxruntime_run(made.model.SerializeToString(), x)
    np.testing.assert_array_equal(design.model.run({"x": x})["y"], expected)
    np.testing.assert_array_equal(design.simulate(x), expected)
    assert PiecewiseMultiplyAccumulate.name in {n.op.name for n in design.hardware.layers.nodes}


@pytest.mark.parametrize("arithmetic", ["piecewise_products", "piecewise_planes", "piecewise_values"])
def test_planes_products_and_small_integers_are_the_same_under_verilator(
    digits: tuple[AnyArray, AnyArray], network: onnx.ModelProto, arithmetic: str
) -> None:
    x, _ = digits
    made = approximate_piecewise(network, {"x": x[:300]}, 4, 3, bits=5)
    design = mulfree.compile(made.model, inputs={"x": "uint5"}, arithmetic=arithmetic)
    assert arithmetic in {n.op.name for n in design.hardware.graph.nodes}
    report = design.cosimulate(x[:20], random_pattern(0.6, 1), random_pattern(0.6, 2))
    assert report.is_equal, str(report)


def test_each_of_the_products_errors_is_within_its_bound(
    digits: tuple[AnyArray, AnyArray], network: onnx.ModelProto
) -> None:
    made = approximate_piecewise(network, {"x": digits[0][:300]}, 8, 7, bits=5)
    assert [p.layer for p in made.products] == ["t2"]
    assert 0 < made.products[0].error <= made.products[0].bound
    for tensor in made.tensors:
        pieces = tensor.pieces
        assert np.abs(pieces.values - pieces.real).max() <= pieces.format.greatest_error
        assert set(pieces.values / pieces.format.step) <= set(range(-31, 32))


def test_a_quantiser_behind_a_rectifier_gives_way_to_the_pieces() -> None:
    random, net = np.random.default_rng(0), Net((6,))
    w = [random.normal(size=shape).astype(np.float32) for shape in ((6, 9), (9, 4))]
    x = net.quant("x", f(0.25), 6)
    y = net.quant(net("Relu", net("MatMul", x, net.quant(w[0], f(0.125), 4))), f(0.5), 3, signed=0)
    original = net.proto(net("MatMul", y, net.quant(w[1], f(0.125), 4)))
    data = random.normal(size=(200, 6)).astype(np.float32) * 4
    made = approximate_piecewise(original, {"x": data}, 6, 5)
    assert [n.op_type for n in made.model.graph.node].count("Quant") == 1
    np.testing.assert_array_equal(
        mulfree.compile(made.model).simulate(data), onnxruntime_run(made.model.SerializeToString(), data)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((3, 7, 8), "3 pieces of weights: choose from 2, 4, 6, 8"),
        ((8, 8, 8), "choose from 1 to 7"),
        ((8, 7, 1), "bits"),
    ],
)
def test_numbers_out_of_range_are_refused(
    network: onnx.ModelProto, options: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(CompileError, match=message):
        approximate_piecewise(network, {"x": np.ones((2, 64), np.float32)}, *options)


def test_wrong_calibration_data_and_networks_without_layers_are_refused(network: onnx.ModelProto) -> None:
    with pytest.raises(CompileError, match=r"takes the inputs \['x'\]; the calibration data holds \['z'\]"):
        approximate_piecewise(network, {"z": np.ones((2, 64), np.float32)})
    with pytest.raises(CompileError, match="no sample is greater than 0"):
        approximate_piecewise(_only("Relu"), {"x": -np.ones((2, 4), np.float32)})
    with pytest.raises(CompileError, match="neither a layer"):
        approximate_piecewise(_only("Tanh"), {"x": np.ones((2, 4), np.float32)})


@pytest.mark.parametrize("shape", [(0, 64), (5, 63), (5, 64, 1)])
def test_calibration_data_of_another_shape_is_refused(network: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    with pytest.raises(CompileError, match=r"'x' takes one or more samples of shape \(64,\); the data is"):
        approximate_piecewise(network, {"x": np.ones(shape, np.float32)})


def test_a_model_of_an_opset_without_the_operators_of_the_body_is_refused() -> None:
    with pytest.raises(CompileError, match="a body of Piecewise needs opset 11; the model has 9"):
        approximate_piecewise(_only("Relu", opset=9), {"x": np.ones((2, 4), np.float32)})


def _only(operator: str, opset: int = 17) -> onnx.ModelProto:
    net = Net((4,), opset=opset)
    return net.proto(net(operator, "x"))


def test_pieces_of_activations_are_those_of_least_squares() -> None:
    """Against all partings of a few samples."""
    x = np.random.default_rng(1).normal(size=14)
    made = activation_pieces(x, 2, 12)
    ordered = np.sort(x[x > 0])
    partings = [(i, j) for i in range(len(ordered)) for j in range(i + 1, len(ordered))]

    def error(i: int, j: int) -> float:
        parts = ordered[:i], ordered[i:j], ordered[j:]
        return float((parts[0] ** 2).sum() + sum(((p - p.mean()) ** 2).sum() for p in parts[1:]))

    i, j = min(partings, key=lambda p: error(*p))
    np.testing.assert_allclose(made.real, [0, ordered[i:j].mean(), ordered[j:].mean()])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-4, 4, allow_subnormal=False), min_size=1, max_size=60),
    st.integers(1, 7),
    st.integers(2, 12),
    st.sampled_from(sorted(ENDPOINTS)),
)
def test_pieces_rise_and_stay_in_their_format(samples: list[float], count: int, bits: int, weights: int) -> None:
    x = np.array(samples)
    made = [weight_pieces(x, weights, bits)]
    if (x > 0).any():
        made.append(activation_pieces(x, count, bits))
        assert made[1].real[0] == 0
    for pieces in made:
        assert (np.diff(pieces.endpoints) >= 0).all()
        assert (np.diff(pieces.values) >= 0).all()
        assert len(pieces.values) == len(pieces.endpoints) + 1
        assert np.abs(pieces.values / pieces.format.step).max() < 2**pieces.format.magnitude_bits


@given(st.floats(1e-6, 1e6), st.integers(1, 12))
def test_a_fixed_point_format_is_the_finest_that_holds_the_greatest_value(peak: float, bits: int) -> None:
    values = np.array([peak])
    format = FixedPoint.holding(values, bits)
    assert float(format.rounded(values)[0]) / format.step < 2**bits
    finer = FixedPoint(format.fraction + 1, bits)
    assert float(finer.rounded(values)[0]) / finer.step >= 2**bits


def _pooled() -> Graph[TensorType]:
    """Pieces through a pool and a flattening to a layer, and their values to a sum."""
    graph = Graph[TensorType](name="pooled")
    x = graph.add_input("x", TensorType((2, 4, 4), IntRange(0, 3)))
    values = graph.add(Lookup(VALUES), x, name="values")
    flat = graph.add(Reshape((8,)), graph.add(MaxPool(Window((2, 2), (2, 2))), values, name="pool"), name="flat")
    weights = Tensor(np.random.default_rng(0).integers(-3, 4, (5, 8, 1, 1)))
    graph.outputs = [
        graph.add(MultiplyAccumulate(weights), flat, name="layer"),
        graph.add(Add(), values, values, name="sum"),
    ]
    return graph


def test_lookups_sink_to_layers_and_stay_where_values_are_wanted() -> None:
    graph = _pooled()
    lowered = run_passes(graph, layer_passes())
    names = {node.output.name: node.op.name for node in lowered.nodes}
    assert names == {
        "values": "lookup", "pool.pieces": "max_pool", "flat.pieces": "reshape", "layer": "piecewise_mac", "sum": "add"
    }  # fmt: skip
    x = np.random.default_rng(2).integers(0, 4, (30, 2, 4, 4))
    for name, y in run_graph(graph, {"x": x}).items():
        np.testing.assert_array_equal(run_graph(lowered, {"x": x})[name], y)


def test_a_layer_whose_first_piece_is_not_zero_is_no_layer_of_pieces() -> None:
    layer = PiecewiseMultiplyAccumulate(Tensor(np.ones((1, 2, 1, 1), np.int64)), values=Tensor(np.array([1, 2])))
    with pytest.raises(ValueError, match="the first piece is worth 1"):
        layer.infer(TensorType((2,), IntRange(0, 1)))
