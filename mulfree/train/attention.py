"""The choice of one position out of several, soft in training and hard at the end (Shift Attention, algorithm 1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

START = 6.7
"""The paper's first temperature; its last is 0.02."""


class Choice(nn.Module):
    """One of the last axis' positions for every slice of scores A.

    In training softmax(A / sd(A) / T), which sums to 1; in inference 1 at the greatest score and 0 elsewhere.
    (The paper prints softmax(T A), which would grow flatter as T falls.)
    """

    temperature: Tensor

    def __init__(self, shape: tuple[int, ...], temperature: float = START) -> None:
        super().__init__()
        if shape[-1] < 2:
            raise ValueError("there is only one position to choose")
        self.scores = nn.Parameter(torch.rand(shape))
        self.register_buffer("temperature", torch.tensor(temperature))

    def forward(self) -> Tensor:
        if self.training:
            return torch.softmax(self.scores / self.scores.std(dim=-1, keepdim=True) / self.temperature, dim=-1)
        return F.one_hot(self.chosen(), self.scores.shape[-1]).to(self.scores.dtype)

    def chosen(self) -> Tensor:
        """The index of the greatest score of each slice."""
        return self.scores.argmax(dim=-1)


def cool(module: nn.Module, factor: float) -> None:
    """T <- factor * T in every layer of the module that chooses positions; call it once after each step."""
    for part in module.modules():
        if isinstance(part, Choice):
            part.temperature.mul_(factor)
