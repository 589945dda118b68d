import numpy as np

from mulfree.compiler.families import Arithmetic
from mulfree.compiler.passes.fold_affine import FoldAffine
from mulfree.compiler.pipeline import passes_preferring
from mulfree.ir import Graph, IntRange, Tensor, TensorType, run_passes
from mulfree.ir.ops import Affine, MultiplyAccumulate, Window
from mulfree.sim.reference import run_graph


def steps_between_layers() -> Graph[TensorType]:
    """Two depthwise layers of signs, of which the step between them undoes what the first adds to the channels."""
    graph = Graph[TensorType](name="steps")
    x = graph.add_input("x", TensorType((2, 3, 3), IntRange(0, 3)))
    signs = np.stack([np.ones((1, 2, 2), np.int64), -np.ones((1, 2, 2), np.int64)])
    layer = MultiplyAccumulate(Tensor(signs), Window((2, 2)), groups=2)
    lifted = graph.add(Affine(Tensor(np.array([1])), Tensor(np.array([0, 12]))), graph.add(layer, x))
    graph.outputs = [graph.add(layer, lifted)]
    return graph


def test_layers_are_made_for_what_they_read_after_steps_are_folded() -> None:
    graph = steps_between_layers()
    hardware = run_passes(graph, passes_preferring())
    layers = [node for node in hardware.nodes if isinstance(node.op, Arithmetic)]
    assert len(layers) == 2
    for node in layers:
        assert isinstance(node.op, Arithmetic)
        assert node.op.operand == node.op.tap_range(node.inputs[0].type.range)
    wide, narrow = (graph.nodes[-1].inputs[0].type.range, layers[-1].inputs[0].type.range)
    assert narrow.hi < wide.hi
    x = np.random.default_rng(0).integers(0, 4, (5, 2, 3, 3))
    (y,), (z,) = (run_graph(g, {"x": x}).values() for g in (graph, hardware))
    np.testing.assert_array_equal(y, z)


def test_no_step_is_left_where_the_next_can_take_it_in() -> None:
    hardware = run_passes(steps_between_layers(), passes_preferring())
    assert len(FoldAffine().run(hardware).nodes) == len(hardware.nodes)
    pairs = [(node, hardware.producers().get(node.inputs[0])) for node in hardware.nodes]
    assert not any(isinstance(n.op, Affine) and before and isinstance(before.op, Affine) for n, before in pairs)
