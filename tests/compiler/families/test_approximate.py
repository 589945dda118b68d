"""approximate-min-select: what it replaces, where the gain goes, what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.compiler.families.min_select.approximate import approximate_min_select
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import AnyArray, CompileError
from mulfree.ir.ops import Affine, Threshold
from mulfree.sim.reference import run_graph
from tests.compiler.streamline.networks import Net, f, streamlined

X = np.random.default_rng(0).normal(size=(400, 32)).astype(np.float32)


def model() -> QuantisedModel:
    """Two layers of normal weights, thresholds between them, the second one's sums as they are."""
    random, net = np.random.default_rng(1), Net((32,))
    a, b = (np.rint(random.normal(size=shape) * 12) / 32 for shape in ((32, 24), (24, 10)))
    hidden = net.quant(net("MatMul", net.quant("x", f(0.125), 5), a.astype(np.float32)), f(0.5), 4)
    return streamlined(net.proto(net("MatMul", hidden, b.astype(np.float32))))


def layers(quantised: QuantisedModel) -> list[str]:
    names = layer_names(quantised.graph)
    return [names[n.output] for n in quantised.graph.nodes if n.op.name == "mac"]


def logits(quantised: QuantisedModel) -> AnyArray:
    return quantised.run({"x": X})["y"]


def test_the_approximation_correlates_and_the_gain_is_that_of_the_data() -> None:
    exact = model()
    found = approximate_min_select(exact, {"x": X}, layers(exact))
    assert [type(n.op) for n in found.model.graph.nodes].count(MinSelect) == 2
    for layer in found.layers:
        assert layer.correlation > 0.85
        assert layer.gain > 1
    assert found.same_choice["y"] == np.mean(logits(found.model).argmax(1) == logits(exact).argmax(1))
    assert found.same_choice["y"] > 0.6


def test_the_gain_of_each_channel_moves_into_its_thresholds() -> None:
    exact = model()
    first, _ = layers(exact)
    found = approximate_min_select(exact, {"x": X}, [first])
    before, after = (sums_and_levels(m) for m in (exact, found.model))
    for channel in range(24):
        x, y = (values[0][:, channel].astype(float) for values in (after, before))
        gain, offset = np.polyfit(x, y, 1)
        limits = [next(n.op for n in m.graph.nodes if isinstance(n.op, Threshold)) for m in (exact, found.model)]
        wanted, got = (op.thresholds.array[min(channel, len(op.thresholds.array) - 1)] for op in limits)
        np.testing.assert_allclose(got, (wanted - offset) / gain, atol=1.001)
    assert np.corrcoef(before[1].ravel(), after[1].ravel())[0, 1] > 0.8


def test_signs_lose_nothing() -> None:
    """Where all magnitudes are 1, the smaller one is the product's, and the line is that through the origin."""
    random, net = np.random.default_rng(1), Net((32,))
    a, b = (np.sign(random.normal(size=shape)).astype(np.float32) for shape in ((32, 24), (24, 10)))
    hidden = net.bipolar(net("MatMul", net.bipolar("x"), a))
    exact = streamlined(net.proto(net("MatMul", hidden, b)))
    found = approximate_min_select(exact, {"x": X}, None)
    np.testing.assert_array_equal(logits(found.model), logits(exact))


def sums_and_levels(quantised: QuantisedModel) -> tuple[AnyArray, AnyArray]:
    node = next(n for n in quantised.graph.nodes if isinstance(n.op, Threshold))
    values = run_graph(quantised.graph, quantised.to_integers({"x": X}), keep=True)
    return values[node.inputs[0].name], values[node.output.name]


def test_without_thresholds_the_gain_is_an_integer_factor_and_the_mean_of_each_channel_stays() -> None:
    exact = model()
    _, second = layers(exact)
    other = approximate_min_select(exact, {"x": X}, [second])
    factor = next(n.op for n in other.model.graph.nodes if isinstance(n.op, Affine))
    assert set(factor.multiplier.array) == {round(other.layers[0].gain)}
    sums = (m.graph.outputs[0] for m in (exact, other.model))
    means = [
        run_graph(m.graph, m.to_integers({"x": X}))[v.name].mean(axis=0)
        for m, v in zip((exact, other.model), sums, strict=True)
    ]
    np.testing.assert_allclose(means[0], means[1], atol=0.5)
    assert np.corrcoef(logits(other.model).ravel(), logits(exact).ravel())[0, 1] > 0.85


def test_the_other_layers_stay_and_the_whole_is_multiplier_free() -> None:
    exact = model()
    found = approximate_min_select(exact, {"x": X}, layers(exact)[:1])
    operators = to_hardware(found.model.graph).proof.operators
    assert operators["min_select_clamp"] == operators["and_popcount"] == 1


def test_a_layer_that_is_none_is_named() -> None:
    with pytest.raises(CompileError, match=r"'pool' is no layer of products of g; these are: t\d, t\d"):
        approximate_min_select(model(), {"x": X}, ["pool"])
