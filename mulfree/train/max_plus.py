"""One term of a sum-and-max layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mulfree.train.kernels import max_plus
from mulfree.train.quantisers import Quantiser

SPARSE = 4
"""A term that keeps fewer than one entry in so many is computed from the kept ones alone."""


class _MaxPlus(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        y, chosen = max_plus(x, w)
        ctx.save_for_backward(chosen)
        ctx.entries = w.shape[1]
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (chosen,), gradient = ctx.saved_tensors, gradients[0]
        to_x = gradient.new_zeros(len(gradient), ctx.entries).scatter_add_(1, chosen, gradient)
        to_w = gradient.new_zeros(gradient.shape[1], ctx.entries).scatter_add_(1, chosen.T, gradient.T)
        return to_x, to_w


class MaxPlus(nn.Module):
    """y[r, m] = max over the kept k of x[r, k] + q(W[m, k]), for x (rows, entries)."""

    keep: Tensor
    taps: Tensor | None

    def __init__(self, entries: int, outputs: int, weights: Quantiser | None, spread: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, entries).uniform_(-spread, spread))
        self.weights = weights
        self.register_buffer("keep", torch.ones(outputs, entries, dtype=torch.bool))
        self.register_buffer("taps", None, persistent=False)
        self.register_load_state_dict_post_hook(lambda module, _: module.keep_only(module.keep))

    def keep_only(self, keep: Tensor) -> None:
        """Leave only these entries, (outputs, entries); raises ValueError if an output is left without any."""
        if not keep.any(dim=1).all():
            raise ValueError(f"output {int(keep.any(dim=1).logical_not().nonzero()[0])} keeps no entry: leave it one")
        self.keep = keep.clone()
        most = int(keep.sum(dim=1).max())
        self.taps = keep.to(torch.int8).topk(most, dim=1).indices.sort(dim=1).values if self._is_sparse(most) else None

    def _is_sparse(self, most: int) -> bool:
        return most * SPARSE < int(self.keep.shape[1])

    def effective(self) -> Tensor:
        """The weights as they are used, -inf where an entry is absent."""
        return self._quantised(self.weight).masked_fill(~self.keep, -torch.inf)

    def _quantised(self, w: Tensor) -> Tensor:
        return w if self.weights is None else self.weights(w)

    def forward(self, x: Tensor) -> Tensor:
        if self.taps is None:
            y: Tensor = _MaxPlus.apply(x, self.effective())
            return y
        w = self._quantised(self.weight.gather(1, self.taps))
        return (x[:, self.taps] + w.masked_fill(~self.keep.gather(1, self.taps), -torch.inf)).max(dim=2).values

    def rates(self, x: Tensor) -> Tensor:
        """The share of the rows of x in which each entry is selected, (outputs, entries)."""
        _, chosen = max_plus(x, self.effective())
        counts = torch.zeros(self.keep.shape, dtype=torch.int64, device=x.device)
        return counts.scatter_add_(1, chosen.T, torch.ones_like(chosen.T)) / len(x)
