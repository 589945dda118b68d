"""The windows that a convolution sees, in one and two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.onnx_nodes import Attributes, ShapeRule


@dataclass(frozen=True)
class Windows:
    """Kernel, stride, padding (zeros, the same at both ends) and dilation, for each axis of space."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @staticmethod
    def of(convolution: nn.Conv1d | nn.Conv2d) -> Windows:
        """Those of a convolution of PyTorch; raises ValueError for padding that is not zeros, or given as a word."""
        if isinstance(convolution.padding, str) or convolution.padding_mode != "zeros":
            raise ValueError(f"padding={convolution.padding!r}, {convolution.padding_mode}: pad with zeros, by number")
        return Windows(
            tuple(convolution.kernel_size),
            tuple(convolution.stride),
            tuple(convolution.padding),
            tuple(convolution.dilation),
        )

    def positions(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """How many windows fit along each axis of an image of these sizes."""
        axes = zip(sizes, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple((size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in axes)

    def columns(self, x: Tensor) -> Tensor:
        """x (n, c, *space) as (n, positions, c * taps): one row for each window, channel first."""
        if len(self.kernel) == 1:
            return self._with_height().columns(x[:, :, None])
        return F.unfold(x, self.kernel, self.dilation, self.padding, self.stride).transpose(1, 2)

    def _with_height(self) -> Windows:
        return Windows((1, *self.kernel), (1, *self.stride), (0, *self.padding), (1, *self.dilation))

    def image(self, rows: Tensor, sizes: Sequence[int]) -> Tensor:
        """Results (n, positions, m) as (n, m, *space), for an operand with these sizes in space."""
        return rows.transpose(1, 2).unflatten(2, self.positions(sizes))

    def attributes(self) -> Attributes:
        """In ONNX's words."""
        return {
            "dilations": list(self.dilation),
            "kernel_shape": list(self.kernel),
            "pads": [*self.padding, *self.padding],
            "strides": list(self.stride),
        }

    def shape(self, channels: int) -> ShapeRule:
        """The shape of the result, from that of the operand."""
        return lambda shape: (shape[0], channels, *self.positions(shape[2:]))
