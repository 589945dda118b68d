"""Operators that treat each element alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import (
    NARROW,
    broadcast,
    common_dtype,
    float_dtype,
    is_integer,
    number_dtype,
    storage,
)
from mulfree.ir import AnyArray, RealOp, RealType


def _sigmoid(x: AnyArray) -> AnyArray:
    one = x.dtype.type(1)
    e = np.exp(-np.abs(x))  # exp of a negative number only: no overflow
    y: AnyArray = np.where(x >= 0, one / (one + e), e / (one + e))
    return y


UNARY: Mapping[str, Callable[[AnyArray], Any]] = {
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "sign": np.sign,
    "neg": np.negative,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,  # half to even
    "sqrt": np.sqrt,
    "reciprocal": lambda x: x.dtype.type(1) / x,
    "exp": np.exp,
    "log": np.log,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
    "not": np.logical_not,
    "identity": lambda x: x,
}
"""What each kind of Unary computes; the result has the operand's type."""

FLOAT_ONLY = {"floor", "ceil", "round", "sqrt", "reciprocal", "exp", "log", "sigmoid", "tanh", "softplus"}


def _divide(a: AnyArray, b: AnyArray) -> Any:
    """Integer quotients are truncated towards zero."""
    if not is_integer(a.dtype.name):
        return a / b
    return np.where(b == 0, 0, (np.sign(a) * np.sign(b)) * (np.abs(a) // np.maximum(np.abs(b), 1))).astype(a.dtype)


def _power(a: AnyArray, b: AnyArray) -> Any:
    """Of integers, a negative exponent gives a fraction, which is cut off."""
    if is_integer(a.dtype.name) and is_integer(b.dtype.name) and (b < 0).any():
        a, dtype = a.astype(np.float64), a.dtype
        return np.power(a, b).astype(dtype)
    return np.power(a, b).astype(a.dtype)


ARITHMETIC: Mapping[str, Callable[[AnyArray, AnyArray], Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _divide,
    "pow": _power,
    "min": np.minimum,
    "max": np.maximum,
}
"""Kinds of Binary whose result has the type of the first operand."""

LOGIC: Mapping[str, Callable[[AnyArray, AnyArray], Any]] = {
    "less": np.less,
    "less_or_equal": np.less_equal,
    "greater": np.greater,
    "greater_or_equal": np.greater_equal,
    "equal": np.equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
}
"""Kinds of Binary whose result is bool."""

BINARY = {**ARITHMETIC, **LOGIC}
BOOL_ONLY = {"and", "or", "xor"}


def _check_bool(*operands: RealType) -> None:
    if any(x.dtype != "bool" for x in operands):
        raise ValueError(f"operands are {' and '.join(x.dtype for x in operands)}; bool is needed")


@dataclass(frozen=True, slots=True)
class Unary(RealOp):
    """y = f(x) with f the row `kind` of UNARY, rounded once to the operand's type."""

    kind: str

    name: ClassVar[str] = "unary"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if self.kind == "not":
            _check_bool(x)
        elif self.kind != "identity":
            (float_dtype if self.kind in FLOAT_ONLY else number_dtype)(x)
        return x

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        with np.errstate(all="ignore"):
            return np.asarray(UNARY[self.kind](x))


@dataclass(frozen=True, slots=True)
class Binary(RealOp):
    """y = f(a, b) with f the row `kind` of ARITHMETIC or LOGIC; the shapes broadcast, the types are equal.

    Only `pow` takes an exponent of another type.
    """

    kind: str

    name: ClassVar[str] = "binary"

    def infer(self, *operands: RealType) -> RealType:
        a, b = operands
        if self.kind in BOOL_ONLY:
            _check_bool(a, b)
        elif self.kind != "equal":
            number_dtype(a)
            number_dtype(b)
        dtype = a.dtype if self.kind == "pow" else common_dtype(a, b)
        return RealType(broadcast(a, b), "bool" if self.kind in LOGIC else dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        with np.errstate(all="ignore"):
            return np.asarray(BINARY[self.kind](*operands))


@dataclass(frozen=True, slots=True)
class LeakyRelu(RealOp):
    """y = x where x >= 0, alpha * x elsewhere; alpha is rounded to the operand's type first."""

    alpha: float

    name: ClassVar[str] = "leaky_relu"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        float_dtype(x)
        return x

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return np.where(x >= 0, x, x.dtype.type(self.alpha) * x)


@dataclass(frozen=True, slots=True)
class Clip(RealOp):
    """y = min(max(x, lo), hi) of the operands (x, lo, hi); lo and hi are scalars of x's type.

    A bound that the model leaves out is imported as -inf or +inf (the type's ends for integers).
    """

    name: ClassVar[str] = "clip"

    def infer(self, *operands: RealType) -> RealType:
        x, lo, hi = operands
        if lo.size != 1 or hi.size != 1:
            raise ValueError(f"the bounds have shapes {lo.shape} and {hi.shape}; scalars are needed")
        return RealType(x.shape, number_dtype(x, lo, hi))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, lo, hi = operands
        return np.asarray(np.minimum(np.maximum(x, lo.reshape(())), hi.reshape(())))


@dataclass(frozen=True, slots=True)
class Cast(RealOp):
    """y = x in another number format; a fraction is cut off towards zero, integers wrap around."""

    dtype: str

    name: ClassVar[str] = "cast"

    def infer(self, *operands: RealType) -> RealType:
        return RealType(operands[0].shape, self.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        with np.errstate(all="ignore"):
            y = np.asarray(operands[0].astype(storage(self.dtype)))
        if self.dtype in NARROW:
            lo, hi = NARROW[self.dtype]
            y = (y.astype(np.int16) - lo) % (hi - lo + 1) + lo
        return y.astype(storage(self.dtype))


@dataclass(frozen=True, slots=True)
class Where(RealOp):
    """y = a where the condition holds, b elsewhere; operands (condition, a, b) broadcast."""

    name: ClassVar[str] = "where"

    def infer(self, *operands: RealType) -> RealType:
        condition, a, b = operands
        if condition.dtype != "bool":
            raise ValueError(f"the condition is {condition.dtype}, not bool")
        return RealType(broadcast(*operands), common_dtype(a, b))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        condition, a, b = operands
        return np.where(condition, a, b)
