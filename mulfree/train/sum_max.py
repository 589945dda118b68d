"""Sum-and-max layers: y = max_i (x_i + W+_i) + min_i (x_i + W-_i), without an activation behind them.

The gradient of a term is 1 to the x and the w of the entry that it selects, the first of equals, and 0 to all others.
A pruned entry is absent: it is never selected, and weighs -inf in W+ and +inf in W- of the exported file.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from mulfree.train.max_plus import MaxPlus
from mulfree.train.onnx_nodes import MULFREE, OnnxNode, ShapeRule
from mulfree.train.quantisers import Quantiser
from mulfree.train.windows import Windows

Rates = tuple[Tensor, Tensor]
"""For each entry of W+ and of W-, (outputs, entries), the share of windows in which it was selected."""


class SumMax(nn.Module):
    """Both terms over rows of entries; what dense layers and convolutions share.

    min_i (x_i + w_i) = -max_i (-x_i - w_i): `lower` is a max-plus too, and holds -W-.
    """

    def __init__(self, entries: int, outputs: int, weights: Quantiser | None, spread: float) -> None:
        super().__init__()
        self.upper = MaxPlus(entries, outputs, weights, spread)
        self.lower = MaxPlus(entries, outputs, weights, spread)

    @property
    def kept(self) -> int:
        """How many parameters are left in both terms."""
        return int(self.upper.keep.sum() + self.lower.keep.sum())

    def rows(self, x: Tensor) -> Tensor:
        """The layer's rule, for x (rows, entries)."""
        y: Tensor = self.upper(x) - self.lower(-x)
        return y

    def windows_as_rows(self, x: Tensor) -> Tensor:
        """What the layer sees of x, one row for each of its windows."""
        raise NotImplementedError

    def keep_only(self, upper: Tensor, lower: Tensor) -> None:
        """Leave only these entries, (outputs, entries) of booleans; an output without an entry is a ValueError."""
        self.upper.keep_only(upper)
        self.lower.keep_only(lower)

    def prune(self, rates: Rates, *, threshold: float | None = None, keep: int | None = None) -> None:
        """Drop entries by activation rate: those not above `threshold`, or all but the `keep` most active.

        The most active entry of each output and term always stays. Raises ValueError unless exactly one of the two is
        given, and if `keep` is less than one entry for each output and term.
        """
        if (threshold is None) == (keep is None):
            raise ValueError("give either threshold or keep")
        limit = threshold if threshold is not None else _limit(rates, keep or 0)
        self.keep_only(*(_above(rate, limit) for rate in rates))

    def _exported(self, operator: str, shape: tuple[int, ...], attributes: Any, result: ShapeRule) -> nn.Module:
        upper, lower = self.upper.effective(), -self.lower.effective()
        constants = [upper.reshape(shape), lower.reshape(shape)]
        return OnnxNode(f"{MULFREE}::{operator}", constants, attributes, result)


class SumMaxLinear(SumMax):
    """y[n, m] = max_k (x[n, k] + W+[m, k]) + min_k (x[n, k] + W-[m, k]), for x (n, in_features).

    Args:
        weights: quantiser of both matrices; its grid should be that of x.
        spread: weights start uniform in ±spread.
    """

    def __init__(
        self, in_features: int, out_features: int, *, weights: Quantiser | None = None, spread: float = 1.0
    ) -> None:
        super().__init__(in_features, out_features, weights, spread)
        self.in_features, self.out_features = in_features, out_features

    def forward(self, x: Tensor) -> Tensor:
        return self.rows(x)

    def windows_as_rows(self, x: Tensor) -> Tensor:
        return x

    def exported(self) -> nn.Module:
        shape = (self.out_features, self.in_features)
        return self._exported("SumMax", shape, None, lambda operand: (operand[0], self.out_features))


class _SumMaxConv(SumMax):
    """The same over windows of x (n, c, *space); the geometry is that of a convolution of PyTorch."""

    def __init__(self, convolution: nn.Conv1d | nn.Conv2d, weights: Quantiser | None, spread: float) -> None:
        entries = convolution.in_channels * math.prod(convolution.kernel_size)
        super().__init__(entries, convolution.out_channels, weights, spread)
        self.in_channels, self.out_channels = convolution.in_channels, convolution.out_channels
        self.windows = Windows.of(convolution)

    def forward(self, x: Tensor) -> Tensor:
        y = self.rows(self.windows_as_rows(x)).unflatten(0, (len(x), -1))
        return self.windows.image(y, x.shape[2:])

    def windows_as_rows(self, x: Tensor) -> Tensor:
        return self.windows.columns(x).flatten(0, 1)

    def exported(self) -> nn.Module:
        shape = (self.out_channels, self.in_channels, *self.windows.kernel)
        result = self.windows.shape(self.out_channels)
        return self._exported("SumMaxConv", shape, self.windows.attributes(), result)


class SumMaxConv1d(_SumMaxConv):
    """Sum-and-max over windows of x (n, c, l), padded with zeros; arguments as for PyTorch's Conv1d."""

    def __init__(self, *args: Any, weights: Quantiser | None = None, spread: float = 1.0, **options: Any) -> None:
        super().__init__(nn.Conv1d(*args, **options | {"bias": False}), weights, spread)


class SumMaxConv2d(_SumMaxConv):
    """Sum-and-max over windows of x (n, c, h, w), padded with zeros; arguments as for PyTorch's Conv2d."""

    def __init__(self, *args: Any, weights: Quantiser | None = None, spread: float = 1.0, **options: Any) -> None:
        super().__init__(nn.Conv2d(*args, **options | {"bias": False}), weights, spread)


@torch.no_grad()
def activation_rates(layer: SumMax, x: Tensor) -> Rates:
    """How often each entry of the layer is selected, over all windows of x, an operand of that layer."""
    rows = layer.windows_as_rows(x)
    return layer.upper.rates(rows), layer.lower.rates(-rows)


def _limit(rates: Rates, keep: int) -> float:
    """The rate above which `keep` entries lie, those counted that stay in any case."""
    outputs = sum(len(rate) for rate in rates)
    if keep < outputs:
        raise ValueError(f"keep={keep}, but {outputs} terms need one entry each")
    others = torch.cat([_without_greatest(rate).flatten() for rate in rates])
    if keep - outputs >= len(others):
        return -1.0
    return float(others.sort(descending=True).values[keep - outputs])


def _without_greatest(rate: Tensor) -> Tensor:
    return rate.scatter(1, rate.argmax(dim=1, keepdim=True), -1.0)


def _above(rate: Tensor, limit: float) -> Tensor:
    return (rate > limit).scatter(1, rate.argmax(dim=1, keepdim=True), True)
