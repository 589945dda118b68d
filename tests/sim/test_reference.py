from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir import CompileError, Graph, IntRange, Tensor, TensorType
from mulfree.ir.ops import Add, Affine, Clamp
from mulfree.sim.reference import run_graph


def _diamond() -> Graph[TensorType]:
    """y = clamp(2x + 1) + x, and x itself is an output too."""
    graph = Graph[TensorType]()
    x = graph.add_input("x", TensorType((3,), IntRange(-8, 7)))
    affine = graph.add(Affine(Tensor(np.array([2])), Tensor(np.array([1]))), x, name="affine")
    clamp = graph.add(Clamp(0, 9), affine, name="clamp")
    graph.outputs += [graph.add(Add(), clamp, x, name="y"), x]
    return graph


def test_outputs_are_what_the_operators_give_in_turn() -> None:
    x = np.array([[-8, 1, 7], [0, 3, 4]])
    outputs = run_graph(_diamond(), {"x": x})
    assert set(outputs) == {"x", "y"}
    assert outputs["y"].tolist() == [[-8, 4, 16], [1, 10, 13]]
    assert (outputs["x"] == x).all()


def test_keep_returns_every_value() -> None:
    values = run_graph(_diamond(), {"x": np.array([[-8, 1, 7]])}, keep=True)
    assert set(values) == {"x", "affine", "clamp", "y"}
    assert values["affine"].tolist() == [[-15, 3, 15]]


@pytest.mark.parametrize("feeds", [{}, {"z": np.zeros((1, 3))}, {"x": np.zeros((1, 3)), "z": np.zeros((1, 3))}])
def test_missing_and_unknown_inputs_are_named(feeds: dict[str, np.ndarray]) -> None:
    with pytest.raises(CompileError, match=r"takes the inputs \['x'\]"):
        run_graph(_diamond(), feeds)
