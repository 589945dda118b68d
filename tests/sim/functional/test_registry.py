from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.ir import AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Clamp, MultiplyAccumulate
from mulfree.sim.functional import register
from mulfree.sim.functional.kernels.elementwise import build_clamp
from mulfree.sim.functional.registry import builder_of
from tests.sim.functional.layers import IntOp, chain, check, kernels_of

X = TensorType((40,), IntRange(-9, 9))


@dataclass(frozen=True, slots=True)
class Negate(IntOp):
    name: ClassVar[str] = "negate"

    def infer(self, *operands: TensorType) -> TensorType:
        return TensorType(operands[0].shape, -operands[0].range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return -operands[0]


@dataclass(frozen=True, slots=True)
class OtherClamp(Clamp):
    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.where(operands[0] < 0, self.lo, self.hi)


@dataclass(frozen=True, slots=True)
class SameClamp(Clamp):
    pass


class OtherDot(MultiplyAccumulate):
    def dot(self, taps: AnyArray) -> AnyArray:
        return -MultiplyAccumulate.dot(self, taps)


def test_an_operator_without_a_kernel_is_evaluated_between_kernels() -> None:
    kernels = kernels_of(check(chain(X, Clamp(-5, 7), Negate(), Clamp(-2, 9)), 700))
    assert kernels == ["_load_ints", "_clamp", "_convert", "negate", "_clamp", "_store"]


def test_a_subclass_with_a_meaning_of_its_own_is_not_taken_for_its_base() -> None:
    assert kernels_of(check(chain(X, OtherClamp(-5, 7)))) == ["_load_ints", "clamp", "_store"]
    assert kernels_of(check(chain(X, SameClamp(-5, 7)))) == ["_load_ints", "_clamp", "_store"]
    assert builder_of(OtherDot(Tensor(np.ones((2, 40, 1, 1), np.int64)))) is None


def test_a_family_brings_its_own_builder() -> None:
    @dataclass(frozen=True, slots=True)
    class Rectifier(OtherClamp):
        def evaluate(self, *operands: AnyArray) -> AnyArray:
            return np.clip(operands[0], self.lo, self.hi)

    assert builder_of(Rectifier(0, 9)) is None
    register(Rectifier, build_clamp)
    assert kernels_of(check(chain(X, Rectifier(0, 9)))) == ["_load_ints", "_clamp", "_store"]
