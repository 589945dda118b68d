from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor


def test_a_tensor_keeps_its_own_copy() -> None:
    source = np.array([1, 2, 3])
    tensor = Tensor(source)
    source[0] = 9
    assert tensor.array.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        tensor.array[0] = 9


def test_equality_is_by_shape_and_value_not_by_dtype() -> None:
    narrow: AnyArray = np.array([1, -1], np.int8)
    small, large = Tensor(narrow), Tensor(np.array([1, -1]))
    assert small == large
    assert hash(small) == hash(large)
    assert small != Tensor(np.array([[1, -1]]))
    assert small != Tensor(np.array([1, 1]))


def test_integers_beyond_64_bits_stay_exact() -> None:
    tensor = Tensor(np.array([2**80, -(2**70)], dtype=object))
    assert tensor.array.tolist() == [2**80, -(2**70)]
    assert tensor.range == IntRange.spanning([2**80, -(2**70)])
    assert tensor == Tensor(np.array([2**80, -(2**70)], dtype=object))
    assert hash(tensor) != hash(Tensor(np.array([2**80, 2**70], dtype=object)))


def test_python_integers_that_fit_are_stored_in_64_bits() -> None:
    assert Tensor(np.array([1, 2], dtype=object)).array.dtype == np.int64


def test_range_is_the_tightest_of_the_elements() -> None:
    assert Tensor(np.array([[1, -1], [-1, 1]])).range == BIPOLAR


def test_fractions_are_refused() -> None:
    with pytest.raises(AssertionError, match="not an integer type"):
        Tensor(np.array([0.5]))


def test_text_names_shape_and_fingerprint() -> None:
    tensor = Tensor(np.zeros((2, 3), np.int64))
    assert repr(tensor) == f"Tensor(2x3 {tensor.digest})"
