"""Convolution by Fermat number transforms: see `mulfree.ir.fermat` for what is computed, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.families.fermat.choice import cheapest, is_promising, is_spatial, refusal
from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.fermat import FermatConvolution, FermatRing, sample_operations
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


SAME = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class FermatTransformed(Arithmetic):
    """y as products of spectra modulo the Fermat numbers F_t, t in `rings`, in tiles of `length` x `length`.

    Every sum is between -peak and peak of these rings, by the ranges of x and the weights themselves, so it is exact.
    """

    rings: tuple[int, ...] = field(kw_only=True)
    length: int = field(kw_only=True)

    name: ClassVar[str] = "fermat"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((2, 4, 4), IntRange(0, 3)), MultiplyAccumulate(_weights(-1, 1, 2, 2, 3, 3), Window((3, 3)))),
        (TensorType((2, 6, 5), IntRange(-8, 7)), MultiplyAccumulate(_weights(-8, 7, 2, 2, 3, 3), SAME)),
        (TensorType((1, 4, 6), IntRange(-128, 127)), MultiplyAccumulate(_weights(-99, 99, 2, 1, 3, 2), Window((3, 2)))),
        (TensorType((4, 5, 5), BIPOLAR), MultiplyAccumulate(_weights(-3, 3, 4, 2, 3, 3), Window((3, 3), (2, 2)), 2)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return is_spatial(layer, x) and refusal(layer, x) is None

    @classmethod
    def refusal(cls, layer: Contraction, x: TensorType) -> str | None:
        return refusal(layer, x) if is_spatial(layer, x) else None

    @classmethod
    def replacing(cls, layer: Contraction, x: TensorType) -> Self:
        own = {f.name: getattr(layer, f.name) for f in fields(layer)}
        form = cheapest(layer, x)
        rings = tuple(ring.t for ring in form.rings)
        return cls(**own, operand=layer.tap_range(x.range), rings=rings, length=form.length)

    @property
    def convolution(self) -> FermatConvolution:
        """The transforms, tiles and products that give y."""
        rings = tuple(FermatRing(t) for t in self.rings)
        return FermatConvolution(rings, self.length, self.window, self.groups)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return self.convolution.evaluate(x, self.weights.array)

    def gains_with(self, lanes: int) -> bool:
        return is_promising(self.convolution, self.operand, self.weights.array)

    def own_operations(self, x: TensorType) -> Mapping[str, int]:
        channels, height, width = x.shape
        return asdict(sample_operations(self.convolution, channels, self.weights.shape[0], height, width))

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        """Any exact way: what is outside the ring is the same."""
        from mulfree.sim.functional.kernels.contraction import build_contraction

        return build_contraction(planner, node)
