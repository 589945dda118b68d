"""What is particular to powers of two: rounding by name, units, errors, recognised weights, wires for constants."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mulfree
from mulfree.compiler.families.power_of_two.arithmetics import RoundedShift
from mulfree.compiler.families.power_of_two.operator import ROUNDINGS, ShiftedSum, shifted
from mulfree.ir import AnyArray, CompileError, IntRange, Tensor, TensorType
from mulfree.rtl import Circuit
from tests.compiler.streamline.networks import Net, f, operators, streamlined

HALF = {"floor": Fraction(0), "half_up": Fraction(1, 2)}


def dense(
    exponent: AnyArray, *, scale: float = 0.25, sign: AnyArray | None = None, bits: int = 4, **attributes: Any
) -> tuple[Net, str]:
    net = Net((len(exponent),))
    signs = np.ones(exponent.shape) if sign is None else sign
    operands = (f(scale), signs.astype(np.float32), exponent)
    y = net("PowerOfTwoMatMul", net.quant("x", f(0.25), bits), *operands, domain="mulfree", **attributes)
    return net, y


@given(st.integers(-(2**40), 2**40), st.integers(-45, 5), st.sampled_from(ROUNDINGS))
def test_a_shifted_number_is_the_rounded_product(x: int, exponent: int, rounding: str) -> None:
    product = Fraction(x) * Fraction(2) ** exponent
    expected = floor(product + (HALF[rounding] if exponent < 0 else 0))
    assert int(shifted(np.array(x), exponent, rounding)) == expected


def test_the_sign_comes_after_the_rounding() -> None:
    exponent, sign = Tensor(np.full((2, 1, 1, 1), -1)), Tensor(np.array([1, -1]).reshape(2, 1, 1, 1))
    x = np.array([[-3], [3]])
    rounded = {r: ShiftedSum(sign, exponents=exponent, rounding=r).evaluate(x).tolist() for r in ROUNDINGS}
    assert rounded == {"floor": [[-2, 2], [1, -1]], "half_up": [[-1, 1], [2, -2]]}


def test_without_a_right_shift_the_layer_is_one_of_products() -> None:
    net, y = dense(np.array([[0, 3], [2, 1], [1, 1]]), sign=np.array([[1, -1], [0, 1], [1, 1]]))
    assert operators(streamlined(net.proto(y))) == ["mac"]
    net, y = dense(np.array([[0, 3], [2, -1], [1, 1]]))
    assert operators(streamlined(net.proto(y))) == ["shifted_sum"]


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_shifts_beyond_the_operand_leave_what_long_shifts_leave(rounding: str) -> None:
    """They are cut to the operand's width, so that no lane gets a multiplexer for them."""
    exponent = np.array([[-31, -5], [-9, -31], [0, -1]])
    net, y = dense(exponent, rounding=rounding)
    model = streamlined(net.proto(y))
    layer = next(n.op for n in model.graph.nodes if isinstance(n.op, ShiftedSum))
    assert layer.exponents.array.min() == -5
    k = np.arange(-8, 8)[:, None].repeat(3, axis=1)
    ours = model.run({"x": (k / 4).astype(np.float32)})["y"]
    terms = np.floor(k[:, :, None] * 2.0**exponent + float(HALF[rounding]))
    np.testing.assert_array_equal(ours, terms.sum(axis=1) / 4)


def test_an_operand_of_a_coarser_unit_is_counted_in_the_scale() -> None:
    net, y = dense(np.array([[-1, 0], [-3, -2]]), scale=0.125)
    model = streamlined(net.proto(y))
    layer = next(n for n in model.graph.nodes if isinstance(n.op, ShiftedSum))
    assert layer.inputs[0].type.range == IntRange(-16, 14, 2)
    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    design = mulfree.compile(net.proto(y))
    assert design.diff(x, "onnxruntime", "fast") is None
    assert design.diff(x, "hardware-graph", "definition") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 0.5}, r"operand is no multiple of its scale, 0\.5, but of 0\.25; remedy: give the operand's own"),
        ({"scale": -0.25}, "scale is not positive"),
        ({"rounding": "ROUND"}, "rounding is 'ROUND'; remedy: use one of floor, half_up"),
        ({"sign": np.full((2, 2), 2)}, "a sign is none of -1, 0 and 1"),
        ({"exponent": np.full((2, 2), 0.5, np.float32)}, "an exponent is no integer"),
        ({"exponent": np.full((2, 2), -32)}, "an exponent is no integer within ±31"),
        ({"sign": np.ones((2, 1))}, r"signs of shape \(2, 1\) meet exponents of shape \(2, 2\)"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_a_remedy(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"exponent": np.array([[-1, 0], [-3, -2]])} | changes
    net, y = dense(**arguments)
    with pytest.raises(CompileError, match=message):
        streamlined(net.proto(y))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("x", [IntRange(-8, 7), IntRange(0, 15), IntRange(-3, 3, 2)], ids=str)
def test_constant_exponents_are_wires_into_one_heap_for_each_output(rounding: str, x: IntRange) -> None:
    random, order = np.random.default_rng(1), np.random.default_rng(2).permutation(6)
    signs, exponents = random.integers(-1, 2, (3, 6, 1, 1)), random.integers(-6, 3, (3, 6, 1, 1))
    signs[2] = 0
    layer = ShiftedSum(Tensor(signs), exponents=Tensor(exponents), rounding=rounding)
    circuit, type = Circuit(), TensorType((6,), x)
    outputs = RoundedShift.replacing(layer, type).unrolled(order, "xc7")
    assert outputs is not None
    circuit.output("y", outputs(circuit, circuit.input("x", x, 6)))
    values = random.integers(0, x.count, (200, 6)) * x.step + x.lo
    np.testing.assert_array_equal(circuit.evaluate(x=values[:, order])["y"], layer.evaluate(values))
    assert {wire.cell.name for wire in circuit.wires if wire.cell} <= {
        *("bit", "field", "dot", "join", "constant", "decode", "and"),
    }
