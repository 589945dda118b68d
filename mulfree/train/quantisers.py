"""Quantisers of weights and activations, with straight-through gradients."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from mulfree.train.onnx_nodes import QONNX, Attributes, OnnxNode
from mulfree.train.straight_through import rounded, sign


class Quantiser(nn.Module):
    """An element-wise map onto few values; the same for activations and for weights."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """The value of each x on the grid."""

    @abstractmethod
    def exported(self) -> nn.Module:
        """The QONNX quantiser that computes the same, and leaves values of the grid as they are."""


class Binary(Quantiser):
    """-1 where x < 0, else +1.

    Straight-through gradient, 1 where |x| <= 1, else 0. No scale: the norm that follows the layer takes it.
    """

    def forward(self, x: Tensor) -> Tensor:
        return sign(x)

    def exported(self) -> nn.Module:
        return OnnxNode(f"{QONNX}::BipolarQuant", [torch.tensor(1.0)])


class Uniform(Quantiser):
    """s * round(clamp(x / s, lo, hi)), half to even, with lo..hi the integers of so many bits.

    Gradients: 1 to x inside lo..hi, else 0; to the scale what the formula gives if rounding counts as the identity
    (that is round(x / s) - x / s inside, lo or hi outside, the learned step size of LSQ).

    Args:
        bits: 1..16; signed ones need 2 (for one bit take `Binary`).
        narrow: leave out the lowest integer, so that lo = -hi.
        scale: where s starts; without it, the first batch in training sets s to 2 * E|x| / sqrt(hi).
        learned: the optimiser moves s; otherwise it stays.
        power_of_two: s is the power of two nearest to what is learned (in the logarithm). All sums of products of
            such values are then exact in float32, so eager, exported and compiled networks agree to the bit.
    """

    scale_is_set: Tensor

    def __init__(
        self,
        bits: int,
        *,
        signed: bool = True,
        narrow: bool = False,
        scale: float | None = None,
        learned: bool = True,
        power_of_two: bool = True,
    ) -> None:
        super().__init__()
        if not (2 if signed else 1) <= bits <= 16:
            raise ValueError(f"bits={bits} with signed={signed}: take 2..16 signed, 1..16 unsigned, or Binary()")
        if scale is not None and not scale > 0:
            raise ValueError(f"scale={scale} is not positive")
        self.bits, self.signed, self.narrow, self.power_of_two = bits, signed, narrow, power_of_two
        self.low, self.high = _limits(bits, signed, narrow)
        self.log2_scale = nn.Parameter(torch.tensor(math.log2(scale or 1.0)), requires_grad=learned)
        self.register_buffer("scale_is_set", torch.tensor(scale is not None))

    @property
    def scale(self) -> Tensor:
        """s, as it is used."""
        return torch.exp2(rounded(self.log2_scale) if self.power_of_two else self.log2_scale)

    def forward(self, x: Tensor) -> Tensor:
        self._start(x)
        scale = self.scale.to(x.dtype)
        return rounded((x / scale).clamp(self.low, self.high)) * scale

    def _start(self, x: Tensor) -> None:
        if self.training and not self.scale_is_set:
            mean = x.detach().abs().mean().clamp(min=1e-8)
            self.log2_scale.data.copy_(torch.log2(2 * mean / math.sqrt(self.high)))
            self.scale_is_set.fill_(True)

    def exported(self) -> nn.Module:
        if not self.scale_is_set:
            raise ValueError("a Uniform quantiser has no scale yet: give one, or train at least one batch")
        constants = [self.scale.detach(), torch.tensor(0.0), torch.tensor(float(self.bits))]
        return quant_node(constants, self.signed, self.narrow)

    def extra_repr(self) -> str:
        return f"{self.bits}, signed={self.signed}, narrow={self.narrow}, scale={float(self.scale.detach()):.6g}"


def quant_node(constants: list[Tensor], signed: bool, narrow: bool) -> OnnxNode:
    """QONNX Quant with scale, zero point and bits."""
    attributes: Attributes = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": "ROUND"}
    return OnnxNode(f"{QONNX}::Quant", constants, attributes)


def _limits(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    high = 2 ** (bits - signed) - 1
    low = -high - 1 if signed else 0
    if not narrow:
        return low, high
    return (low + 1, high) if signed else (low, high - 1)
