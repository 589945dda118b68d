"""Batch normalisation whose inference is one multiplication and one addition, each rounded by itself."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.onnx_nodes import OnnxScale


class Norm(nn.Module):
    """Batch normalisation over axis 1, for (n, c), (n, c, l) and (n, c, h, w).

    In training that of PyTorch; in inference x * factor + offset with two constants per channel. Runtimes differ in
    the last bit of a BatchNormalization operator, but not in a product and a sum, and one bit decides a quantiser.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            known = (self.running_mean, self.running_var, self.weight, self.bias)
            return F.batch_norm(x, *known, True, self.momentum, self.eps)
        factor, offset = self.constants(x.ndim)
        return x * factor + offset

    def constants(self, rank: int) -> tuple[Tensor, Tensor]:
        """Factor and offset, shaped to be broadcast with an x of this rank."""
        factor = self.weight / torch.sqrt(self.running_var + self.eps)
        offset = self.bias - self.running_mean * factor
        shape = (-1, *(1,) * (rank - 2))
        return factor.reshape(shape), offset.reshape(shape)

    def exported(self) -> nn.Module:
        return _ExportedNorm(self)


class _ExportedNorm(nn.Module):
    """The constants for the rank of the operand, which only the trace knows."""

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        self.by_rank = nn.ModuleDict({str(rank): OnnxScale(*norm.constants(rank)) for rank in (2, 3, 4)})

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.by_rank[str(x.ndim)](x)
        return result
