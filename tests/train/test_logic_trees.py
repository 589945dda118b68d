"""Growing logic trees on scikit-learn's digits; these need no PyTorch."""

from __future__ import annotations

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.datasets import load_digits

import mulfree
from mulfree.ir import AnyArray
from mulfree.ir.forest import MAX, MIN
from mulfree.sim.patterns import random_pattern
from mulfree.train import Growth, LogicTrees, trees_to_onnx
from mulfree.train.logic_trees import walk_of
from mulfree.train.tree_kernels import Rates, Units, evaluate, train

GROWTH = Growth(passes=24, settling=8, variance_rate=0.01, least_variance=0.01, most_units=24)
TRAINED = 1300


@cache
def digits() -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Inputs 0..16 and labels to train and to test with."""
    x, y = load_digits(return_X_y=True)
    inputs, targets = np.asarray(x), np.asarray(y)
    order = np.random.default_rng(0).permutation(len(inputs))
    images, labels = inputs[order].astype(np.uint8), targets[order]
    return images[:TRAINED], labels[:TRAINED], images[TRAINED:], labels[TRAINED:]


@cache
def grown() -> LogicTrees:
    x, labels, _, _ = digits()
    return LogicTrees.fit(x / 16, np.eye(10)[labels], GROWTH)


def test_one_tree_per_class_tells_digits_apart() -> None:
    _, _, x, labels = digits()
    trees = grown()
    assert trees.forest.trees == 10
    assert {MAX, MIN} <= set(trees.codes), "both kinds of nodes grow"
    assert (trees.predict(x / 16).argmax(axis=1) == labels).mean() > 0.95


def test_the_seed_decides() -> None:
    x, labels, _, _ = digits()
    few = Growth(passes=6, settling=1, most_units=8)
    first, again, other = (LogicTrees.fit(x / 16, np.eye(10)[labels][:, :2], few, seed=seed) for seed in (1, 1, 2))
    assert first.codes == again.codes
    np.testing.assert_array_equal(first.weights, again.weights)
    assert not np.array_equal(first.biases, other.biases)


def test_lazy_evaluation_while_training_is_full_evaluation() -> None:
    trees, (_, _, x, _) = grown(), digits()
    points = (x / 16).astype(np.float32)
    expected = trees.predict(points)
    unused = np.zeros_like(trees.weights)
    units = Units(trees.weights, trees.biases, unused, unused, trees.biases)
    last = 0
    for t in range(10):
        size = _size(trees.codes[last:])
        codes = list(trees.codes[last : last + size])
        last += size
        found = [evaluate(point, units, walk_of(codes)) for point in points]
        np.testing.assert_allclose(np.array([value for value, _, _ in found]), expected[:, t], atol=1e-5)
        assert min(visits for _, _, visits in found) < len([c for c in codes if c >= 0])
        for point, (value, unit, _) in zip(points, found, strict=True):
            assert value == pytest.approx(float(trees.weights[unit] @ point + trees.biases[unit]), abs=1e-5)


def _size(codes: tuple[int, ...]) -> int:
    """Codes of the first tree."""
    wanted, size = 1, 0
    while wanted:
        wanted += 1 if codes[size] < 0 else -1
        size += 1
    return size


def test_ties_go_right() -> None:
    w = np.array([[1.0], [1.0]], np.float32)
    units = Units(w, np.zeros(2, np.float32), w, w, np.zeros(2, np.float32))
    for kind in (MAX, MIN):
        value, unit, visits = evaluate(np.ones(1, np.float32), units, walk_of([kind, 0, 1]))
        assert (value, unit, visits) == (1.0, 1, 2)


def test_an_update_is_that_of_the_paper_with_our_corrections() -> None:
    """One point, one unit: e = y - y*, d before w, the centre after it, and a bias through the centroid."""
    rng = np.random.default_rng(0)
    x, y, r = rng.random((1, 5)).astype(np.float32), np.array([0.7], np.float32), 0.3
    w, c, d = (rng.random(5) for _ in range(3))
    b, mean = 0.2, 0.4
    units = Units(*(np.array([v], np.float32) for v in (w, b, c, d, mean)))
    rate = r / 11
    train(
        x,
        y,
        np.zeros(1, np.int64),
        units,
        walk_of([0]),
        Rates(np.float32(rate), np.float32(0.05), np.float32(1e-7)),
    )
    error, z = w @ x[0] + b - y[0], x[0] - c
    d = np.maximum(d + (z**2 - d) * 0.05, 1e-7)
    w = w - error * rate * z / d
    c = c + z * rate
    mean += (y[0] - mean) * rate
    for ours, expected in ((units.weights, w), (units.centres, c), (units.variances, d)):
        np.testing.assert_allclose(np.array(ours[0]), expected, rtol=1e-5)
    assert (units.biases[0], units.means[0]) == pytest.approx((mean - w @ c, mean), rel=1e-5)


@pytest.mark.parametrize(("bend", "kind"), [(1, MAX), (-1, MIN)])
def test_a_unit_splits_the_way_its_points_bend(bend: int, kind: int) -> None:
    x = np.linspace(-1, 1, 400)[:, None]
    shape = Growth(passes=30, settling=10, most_units=2, variance_rate=0.01, rate=0.2)
    trees = LogicTrees.fit(x, bend * np.abs(x), shape)
    assert trees.codes == (kind, 0, 1)
    assert np.sqrt(((trees.predict(x) - bend * np.abs(x)) ** 2).mean()) < 0.05


def test_few_points_or_a_good_fit_split_nothing() -> None:
    x = np.linspace(-1, 1, 74)[:, None]
    assert LogicTrees.fit(x, np.abs(x)).codes == (0,)
    x = np.linspace(-1, 1, 400)[:, None]
    assert LogicTrees.fit(x, 0.01 * np.abs(x)).codes == (0,)


def test_shapes_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not go with"):
        LogicTrees.fit(np.zeros((3, 2)), np.zeros((4, 1)))


@pytest.mark.parametrize("bits", [4, 8])
def test_the_file_is_the_same_to_onnxruntime_the_definition_and_the_fast_network(bits: int) -> None:
    _, _, x, labels = digits()
    proto = trees_to_onnx(grown(), bits=bits, input_scale=1 / 16)
    onnx.checker.check_model(proto)
    design = mulfree.compile(proto)
    expected = np.asarray(onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"input": x})[0])
    y = design.simulate(x)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(design.model.run({"input": x})["output"], expected)
    assert (expected.argmax(axis=1) == labels).mean() > 0.94
    if bits == 8:
        np.testing.assert_allclose(expected, grown().predict(x / 16), atol=0.05)


@pytest.mark.parametrize("arithmetic", [(), "lazy_trees"])
def test_the_file_is_the_same_in_hardware_with_all_units_and_lazily(arithmetic: str | tuple[()]) -> None:
    _, _, x, _ = digits()
    design = mulfree.compile(trees_to_onnx(grown(), bits=5, input_scale=1 / 16), fps=50_000, arithmetic=arithmetic)
    report = design.cosimulate(x[:20], random_pattern(0.7, seed=1), random_pattern(0.6, seed=2))
    assert report.is_equal, str(report)
    assert bool(design.hardware.design.varying) == (arithmetic == "lazy_trees")


def test_sums_that_a_runtime_could_round_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 24 bits"):
        trees_to_onnx(grown(), bits=24)


def test_trees_that_answer_a_constant_are_exported_too() -> None:
    """No weight then says what the scale should be."""
    trees = LogicTrees(np.zeros((1, 4), np.float32), np.array([0.5], np.float32), (0,), np.ones(4, np.float32))
    session = onnxruntime.InferenceSession(trees_to_onnx(trees).SerializeToString())
    np.testing.assert_array_equal(session.run(None, {"input": np.ones((2, 4), np.uint8)})[0], [[0.5], [0.5]])
