import numpy as np
import pytest

from mulfree.ir import CompileError, Location
from mulfree.sim.diff import first_difference

ORDER = [("a", None), ("b", Location("net.onnx", "conv1")), ("c", None)]
VALUES = {name: np.arange(12).reshape(2, 2, 3) for name in "abc"}


def test_equal_values_have_no_difference() -> None:
    assert first_difference(ORDER, VALUES, {k: v.copy() for k, v in VALUES.items()}) is None


def test_the_first_value_and_element_are_named() -> None:
    other = {k: v.copy() for k, v in VALUES.items()}
    other["b"][1, 0, 2] += 5
    other["b"][1, 1, 1] += 1
    other["c"][0, 0, 0] += 1
    found = first_difference(ORDER, VALUES, other)
    assert found
    assert (found.value, found.index, found.left, found.right, found.unequal) == ("b", (1, 0, 2), 8, 13, 2)
    assert str(found) == (
        "'b' (net.onnx: node 'conv1'): sample 1, element [0, 2] is 8 on the left and 13 on the right; "
        "2 of 12 elements differ"
    )


def test_values_that_only_one_side_has_are_passed_over() -> None:
    assert first_difference(ORDER, VALUES, {"c": VALUES["c"]}) is None


def test_nothing_in_common_is_an_error() -> None:
    with pytest.raises(CompileError, match="no value in common"):
        first_difference(ORDER, VALUES, {"d": VALUES["a"]})


def test_different_shapes_are_an_error() -> None:
    with pytest.raises(CompileError, match=r"'a' has shape \(2, 2, 3\) on the left and \(2, 6\) on the right"):
        first_difference(ORDER, VALUES, {"a": VALUES["a"].reshape(2, 6)})


def test_a_tolerance_is_relative_to_the_largest_magnitude() -> None:
    left, right = np.array([[-1000.0, 0.0]]), np.array([[-1000.0, 0.5]])
    assert first_difference([("a", None)], {"a": left}, {"a": right}, tolerance=1e-3) is None
    assert first_difference([("a", None)], {"a": left}, {"a": right}, tolerance=1e-4)
