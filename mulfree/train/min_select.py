"""Layers that select the smaller magnitude where others multiply (MinConvNets).

    mins(a, b) = sgn(a) sgn(b) min(|a|, |b|)
    mx = E|x|, mw = E|w|                              x clipped to ±c mx, w to ±c mw, c = 3
    y = mw * sum mins(x, q(w mx / mw))                (eq. 9 to 14)

In training mx is that of the batch and its moving mean is kept; in inference that mean takes its place, so what is
compared with x is a constant (eq. 12). The gradient is that of the exact sum of products of the clipped operands
(eq. 15); mx and mw count as constants. The paper does not say what c is: 3 costs the correlation with the product
nothing, 2 costs it 0.01. Where the mean gain of the product matters (1.946 for normal operands), a norm takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.kernels import sum_of_mins
from mulfree.train.onnx_nodes import MULFREE, OnnxConstant, OnnxNode, OnnxScale
from mulfree.train.quantisers import Quantiser
from mulfree.train.straight_through import Product, with_gradient_of
from mulfree.train.windows import Windows

CLIP = 3.0
TINY = 1e-12


class Balance(nn.Module):
    """Brings weights to the magnitude of the operand, and quantises them there.

    Args:
        weights: quantiser of what is compared with x; a grid as fine as that of x loses nothing.
        momentum: how much of each batch's E|x| goes into the moving mean; the first batch sets it.
    """

    mean_x: Tensor

    def __init__(self, weights: Quantiser, clip: float = CLIP, momentum: float = 0.1) -> None:
        super().__init__()
        self.weights, self.clip, self.momentum = weights, clip, momentum
        self.register_buffer("mean_x", torch.zeros(()))

    def forward(self, x: Tensor, w: Tensor, product: Product, mins: Product) -> Tensor:
        """y of the layer, for the exact sum of products and that of mins."""
        mean_x, mean_w = self._mean(x), mean_magnitude(w)
        # Clipped weights never select an x beyond its own bound: inference need not clip it.
        clipped = _clip(x, self.clip * mean_x) if self.training else x
        compared = self.compared(w, mean_x)
        return mean_w * with_gradient_of(lambda a, b: product(a, b / mean_x), mins, clipped, compared)

    def compared(self, w: Tensor, mean_x: Tensor | None = None) -> Tensor:
        """The weights that x is compared with: q(clip(w) mx / mw)."""
        mean_w = mean_magnitude(w)
        ratio = (self.mean_x if mean_x is None else mean_x) / mean_w
        return self.weights(_clip(w, self.clip * mean_w) * ratio)

    def _mean(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.mean_x
        mean = mean_magnitude(x)
        self.mean_x.copy_(torch.where(self.mean_x == 0, mean, torch.lerp(self.mean_x, mean, self.momentum)))
        return mean

    def exported(self, operator: str, w: Tensor, constant: Callable[[Tensor], Tensor], **details: Any) -> nn.Module:
        """The ONNX node, and mw behind it; `constant` lays the weights out as the node wants them."""
        if not self.mean_x:
            raise ValueError("a min-select layer knows no E|x| yet: train at least one batch")
        weights = OnnxConstant(constant(self.compared(w)), self.weights.exported())
        node = OnnxNode(f"{MULFREE}::{operator}", [weights], **details)
        return nn.Sequential(node, OnnxScale(mean_magnitude(w)))


def mean_magnitude(x: Tensor) -> Tensor:
    """E|x|, a constant for gradients, and never 0."""
    return x.detach().abs().mean().clamp(min=TINY)


def _clip(x: Tensor, limit: Tensor) -> Tensor:
    return torch.clamp(x, -limit, limit)


class MinSelectLinear(nn.Linear):
    """y[n, m] = mw * sum_k mins(x[n, k], q(W[m, k] mx / mw)), for x (n, in_features); q is `weights`."""

    def __init__(self, in_features: int, out_features: int, *, weights: Quantiser, clip: float = CLIP) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.balance = Balance(weights, clip)

    def forward(self, input: Tensor) -> Tensor:
        return self.balance(input, self.weight, F.linear, sum_of_mins)

    def exported(self) -> nn.Module:
        return self.balance.exported(
            "MinSelectMatMul", self.weight, lambda w: w.T, shape=lambda shape: (shape[0], self.out_features)
        )


class MinSelectConv1d(nn.Conv1d):
    """The same over windows of x (n, c, l); arguments as for PyTorch's Conv1d, without bias."""

    def __init__(self, *args: Any, weights: Quantiser, clip: float = CLIP, **options: Any) -> None:
        super().__init__(*args, **options | {"bias": False})
        Windows.of(self)
        self.balance = Balance(weights, clip)

    def forward(self, input: Tensor) -> Tensor:
        return self.balance(input, self.weight, lambda x, w: self._conv_forward(x, w, None), _mins_of(self))

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


class MinSelectConv2d(nn.Conv2d):
    """The same over windows of x (n, c, h, w); arguments as for PyTorch's Conv2d, without bias."""

    def __init__(self, *args: Any, weights: Quantiser, clip: float = CLIP, **options: Any) -> None:
        super().__init__(*args, **options | {"bias": False})
        Windows.of(self)
        self.balance = Balance(weights, clip)

    def forward(self, input: Tensor) -> Tensor:
        return self.balance(input, self.weight, lambda x, w: self._conv_forward(x, w, None), _mins_of(self))

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


def _mins_of(layer: nn.Conv1d | nn.Conv2d) -> Product:
    """Sums of mins over windows, sample by sample so that few columns are in memory."""
    windows = Windows.of(layer)

    def rows(sample: Tensor, w: Tensor) -> Tensor:
        columns = windows.columns(sample[None])[0].chunk(layer.groups, dim=1)
        return torch.cat(
            [sum_of_mins(*pair) for pair in zip(columns, w.flatten(1).chunk(layer.groups), strict=True)], 1
        )

    def mins(x: Tensor, w: Tensor) -> Tensor:
        return windows.image(torch.stack([rows(sample, w) for sample in x]), x.shape[2:])

    return mins


def _exported_convolution(layer: MinSelectConv1d | MinSelectConv2d) -> nn.Module:
    windows = Windows.of(layer)
    return layer.balance.exported(
        "MinSelectConv",
        layer.weight,
        lambda w: w,
        attributes={**windows.attributes(), "group": layer.groups},
        shape=windows.shape(layer.out_channels),
    )
