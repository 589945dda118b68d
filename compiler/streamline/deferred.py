"""What a real tensor of the model stands for while it is streamlined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.expression import Expression, Floats, Integers, Step
from mulfree.ir import AnyArray, IntArray, RealOp, TensorType, Value

IntValue = Value[TensorType]


class Unsupported(Exception):
    """A node that cannot become integers; `streamline` collects all of them into one CompileError.

    It is the node at work, or the earlier `step` that is evaluated only now.
    """

    def __init__(self, why: str, remedy: str, step: Step | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.step = step


@dataclass(frozen=True, eq=False)
class HostInput:
    """A float input of the model, of which the host computes an expression; element i is input element source[i]."""

    name: str
    source: IntArray
    """Flat indices into a sample of the input, in the shape of the sample here."""


Base = IntValue | HostInput


@dataclass(frozen=True, eq=False)
class Deferred:
    """A real tensor = expression(base), element by element, both of `shape` (a sample, no batch axis)."""

    base: Base
    shape: tuple[int, ...]
    expression: Expression

    @property
    def integers(self) -> IntValue:
        assert isinstance(self.base, Value), "the host's part has no integers yet"
        return self.base

    @property
    def leaf(self) -> Integers:
        """The expression of a settled tensor: affine in the integers."""
        assert isinstance(self.expression, Integers), "the tensor is not settled"
        return self.expression

    @property
    def meaning(self) -> Affine:
        return Affine(self.leaf.scale, self.leaf.offset)


@dataclass(frozen=True, eq=False)
class Known:
    """A constant of the model."""

    array: AnyArray


@dataclass(frozen=True, eq=False)
class Tailed:
    """Operators that the host applies to the whole output after the expression: a last Softmax."""

    before: Deferred
    op: RealOp


@dataclass(frozen=True, eq=False)
class Failed:
    """A tensor whose node, or one before it, is already listed as unsupported."""


Meaning = Deferred | Known | Tailed | Failed


def on_integers(base: IntValue, meaning: Affine, dtype: str) -> Deferred:
    """The settled tensor with real = scale * base + offset."""
    return Deferred(base, base.type.shape, Integers(meaning.scale, meaning.offset, dtype))


def on_host(name: str, shape: tuple[int, ...], dtype: str) -> Deferred:
    """A model input that the host computes on."""
    return Deferred(HostInput(name, np.arange(int(np.prod(shape))).reshape(shape)), shape, Floats(dtype))
