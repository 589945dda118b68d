"""Spatial shifts: each channel moves by its own offset (ShiftNet), given or learned."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.attention import START, Choice
from mulfree.train.onnx_nodes import MULFREE, OnnxNode

Offsets = Sequence[tuple[int, int]]


class Shift2d(nn.Module):
    """y[n, c, i, j] = x[n, c, i + dy_c, j + dx_c], and 0 outside the image.

    Args:
        offsets: (dy, dx) for each channel; without them, the positions of the kernel are dealt out to the channels
            evenly, in raster order.
        kernel_size: odd; offsets lie within half of it.
        learned: the offset of each channel is chosen in training among the kernel's positions, as `Choice` says.
    """

    given: Tensor

    def __init__(
        self,
        channels: int,
        kernel_size: int = 3,
        *,
        offsets: Offsets | None = None,
        learned: bool = False,
        temperature: float = START,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size={kernel_size} is not odd")
        if learned and offsets is not None:
            raise ValueError("offsets are either given or learned")
        self.channels, self.reach = channels, kernel_size // 2
        self.choice = Choice((channels, kernel_size**2), temperature) if learned else None
        self.register_buffer("given", None if learned else self._given(offsets))

    def _given(self, offsets: Offsets | None) -> Tensor:
        positions = (2 * self.reach + 1) ** 2
        if offsets is None:
            return torch.arange(self.channels) * positions // self.channels
        if len(offsets) != self.channels or any(max(abs(dy), abs(dx)) > self.reach for dy, dx in offsets):
            raise ValueError(f"offsets must be {self.channels} pairs within ±{self.reach}")
        return torch.tensor([self._position(dy, dx) for dy, dx in offsets])

    def _position(self, dy: int, dx: int) -> int:
        return (dy + self.reach) * (2 * self.reach + 1) + dx + self.reach

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """(dy, dx) of each channel, as inference uses them."""
        positions: Tensor = self.given if self.choice is None else self.choice.chosen()
        side = 2 * self.reach + 1
        return [(p // side - self.reach, p % side - self.reach) for p in positions.tolist()]

    def forward(self, x: Tensor) -> Tensor:
        side = 2 * self.reach + 1
        kernel = self._kernel().to(x.dtype).reshape(self.channels, 1, side, side)
        return F.conv2d(x, kernel, padding=self.reach, groups=self.channels)

    def _kernel(self) -> Tensor:
        if self.choice is not None:
            kernel: Tensor = self.choice()
            return kernel
        return F.one_hot(self.given, (2 * self.reach + 1) ** 2)

    def exported(self) -> nn.Module:
        flat = [step for offset in self.offsets for step in offset]
        return OnnxNode(f"{MULFREE}::Shift", (), {"offsets": flat})
