from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Affine, Clamp, MaxPool, MinPool, Reshape, SumPool, Threshold, TopK, Window
from mulfree.sim.functional import FastNetwork, compile_functional
from tests.ir.graphs import graphs, run_graph
from tests.sim.functional.layers import (
    TWO_VALUED,
    IntGraph,
    binary_cnn,
    binary_mlp,
    chain,
    check,
    inputs,
    inputs_of,
    kernels_of,
    quantisers,
)

ONE = Tensor(np.array([1]))


@given(graphs(), st.integers(1, 5))
@settings(deadline=None, max_examples=150)
def test_any_graph_runs_as_it_is_defined(graph: IntGraph, count: int) -> None:
    if graph.outputs:
        check(graph, count)


@given(graphs())
@settings(deadline=None, max_examples=100)
def test_every_value_can_be_seen(graph: IntGraph) -> None:
    arrays = inputs_of(graph, 2)
    expected, values = run_graph(graph, *arrays), FastNetwork(graph).values(arrays)
    assert {v.name for v in values} == set(expected)
    for value, array in values.items():
        np.testing.assert_array_equal(array, expected[value.name])


@given(st.data(), st.sampled_from([1, 3, 20]), st.integers(1, 20))
@settings(deadline=None)
def test_bits_and_levels_survive_pools_and_further_thresholds(data: st.DataObject, levels: int, count: int) -> None:
    x = data.draw(inputs((*TWO_VALUED, IntRange(-128, 127), IntRange(-(2**40), 2**40)), 40))
    first = data.draw(quantisers(x, levels, bipolar=levels == 1))
    middle = first.infer(x)
    window = Window((2, 2), (1, 2), pads=(1, 0, 0, 1))
    pool = data.draw(st.sampled_from([MaxPool(window), MinPool(window), SumPool(window)]))
    pooled = chain(x, first, pool) if len(x.shape) == 3 else chain(x, first)
    check(pooled, count)
    check(chain(x, first, data.draw(quantisers(middle, 1, True))), count)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 600])
def test_binary_networks_run_on_packed_bits_alone(count: int) -> None:
    mlp = check(binary_mlp(100, 40, 33, 10), count)
    assert kernels_of(mlp) == ["_load_bits", "_bits_to_bits", "_bits_to_bits", "_bits_to_ints", "_store"]
    cnn = check(binary_cnn(40, 64, 50, 10), count)
    packed = ["_bytes_to_bits", "_bits_max", "_bits_to_bits", "_bits_to_bits", "_bits_to_ints", "_store"]
    assert kernels_of(cnn)[1:] == packed, "the flattening is part of the dense layer's window"


def test_threads_give_what_one_thread_gives() -> None:
    graph = binary_cnn(16, 20, 30, 10)
    network, images = FastNetwork(graph), inputs_of(graph, 3000)
    alone = network.run(images, threads=1)
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(network.run(images, threads)[0], alone[0])
    np.testing.assert_array_equal(alone[0][:50], run_graph(graph, images[0][:50])[graph.outputs[0].name])


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", ">i2"])
def test_inputs_of_any_integer_type_and_order(dtype: str) -> None:
    graph = binary_cnn(16, 20, 30, 10)
    network, (images,) = compile_functional(graph), inputs_of(graph, 4)
    strided = np.asfortranarray(images.astype(dtype))
    np.testing.assert_array_equal(network([strided])[0], network([images])[0])


@pytest.mark.parametrize("range", [BIPOLAR, IntRange(0, 9), IntRange(-3, 3, 3)])
@pytest.mark.parametrize("value", [-4, 2, 10])
def test_a_value_outside_the_range_is_refused(range: IntRange, value: int) -> None:
    if value in range:
        return
    graph = chain(TensorType((40,), range), Clamp(-2, 2))
    network, (x,) = FastNetwork(graph), inputs_of(graph, 3)
    x[1, 37] = value
    with pytest.raises(ValueError, match="input 'x' holds a value outside"):
        network.run([x])
    x[1, 37] = range.lo
    np.testing.assert_array_equal(network.run([x])[0], np.clip(x, -2, 2), err_msg="an error leaves no trace")


@pytest.mark.parametrize("x", [np.zeros((2, 3), np.int64), np.zeros((2, 4), np.float32)])
def test_wrong_shapes_and_types_are_refused(x: AnyArray) -> None:
    with pytest.raises(ValueError, match="input 'x'"):
        FastNetwork(chain(TensorType((4,), BIPOLAR), Clamp(0, 1))).run([x])


def test_integers_of_more_than_64_bits_are_python_integers() -> None:
    wide = Affine(Tensor(np.array([2**40])), Tensor(np.array([2**70], dtype=object)))
    back = Threshold(Tensor(np.array([[0, 2**70]], dtype=object)), Tensor(np.array([0])), ONE, IntRange(0, 2))
    x = TensorType((5,), IntRange(-(2**31), 2**31))
    assert kernels_of(check(chain(x, wide))) == ["_load_ints", "affine"]
    check(chain(x, wide, back, TopK(2)))


def test_reshaping_the_input_keeps_bits_packed() -> None:
    sign = Threshold(Tensor(np.array([[128]])), Tensor(np.array([-1])), Tensor(np.array([2])), BIPOLAR)
    graph = chain(TensorType((1, 28, 28), IntRange(0, 255)), sign, Reshape((784,)))
    kernels = kernels_of(check(graph))
    assert kernels[:2] == ["_load_ints", "_compare"]
    assert "_move_elements" not in kernels


def test_an_empty_batch_has_empty_outputs() -> None:
    (y,) = FastNetwork(binary_mlp(8, 8, 3)).run([np.zeros((0, 8), np.int64)])
    assert y.shape == (0, 3)
