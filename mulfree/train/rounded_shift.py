"""Layers whose weights are powers of two and whose products are rounded, each by itself, as a right shift does it.

    x = s k                                     the operand, by the layer's own quantiser, k integers
    y = s * sum sgn(w) round(k 2^e)             w = q(W) = sgn(W) 2^e; round is `floor` or `half_up`

`half_up` is floor(v + 1/2), also below 0. Hardware then keeps words of k's own width, whatever the exponents are. The
gradient is that of the exact products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.onnx_nodes import MULFREE, Attributes, OnnxConstant, OnnxNode, ShapeRule
from mulfree.train.power_of_two import PowerOfTwo
from mulfree.train.quantisers import Uniform
from mulfree.train.straight_through import Product, with_gradient_of
from mulfree.train.windows import Windows

Rounding = Literal["floor", "half_up"]


class RoundedProducts(nn.Module):
    """The quantisers of x and W, and how a product is rounded.

    Args:
        inputs: quantiser of the operand, whose scale is the unit in which products are rounded.
        weights: quantiser of the weights; negative exponents are what rounds.
    """

    def __init__(self, inputs: Uniform, weights: PowerOfTwo, rounding: Rounding) -> None:
        super().__init__()
        if rounding not in ("floor", "half_up"):
            raise ValueError(f"rounding={rounding!r}: take 'floor' or 'half_up'")
        self.inputs, self.weights, self.rounding = inputs, weights, rounding

    def forward(self, x: Tensor, w: Tensor, product: Product) -> Tensor:
        """y of the layer, for the sum of products that it stands for."""
        return with_gradient_of(product, self._rounded(product), self.inputs(x), self.weights(w))

    def _rounded(self, product: Product) -> Product:
        """The sum of rounded products: for each exponent the sum of what is rounded for it."""

        def value(x: Tensor, w: Tensor) -> Tensor:
            scale = self.inputs.scale.detach().to(x.dtype)
            codes, exponents = torch.round(x / scale), self.weights.exponents(w)
            levels = [float(e) for e in torch.unique(exponents)]
            parts = [product(self._shifted(codes, e), torch.sign(w) * (exponents == e)) for e in levels]
            return scale * torch.stack(parts).sum(0)

        return value

    def _shifted(self, codes: Tensor, exponent: float) -> Tensor:
        return torch.floor(codes * 2.0**exponent + (0.5 if self.rounding == "half_up" else 0.0))

    def exported(
        self,
        operator: str,
        w: Tensor,
        layout: Callable[[Tensor], Tensor],
        attributes: Attributes,
        shape: ShapeRule,
    ) -> nn.Module:
        """The operand's quantiser and the ONNX node; `layout` lays the weights out as the node wants them."""
        exponents = self.weights.exponents(self.weights(w)).to(torch.int64)
        constants = [self.inputs.scale, layout(torch.sign(self.weights(w))), layout(exponents)]
        details = {**attributes, "rounding": self.rounding}
        node = OnnxNode(f"{MULFREE}::{operator}", [OnnxConstant(c) for c in constants], details, shape)
        return nn.Sequential(self.inputs.exported(), node)


class PowerOfTwoLinear(nn.Linear):
    """y[n, m] = s * sum_k sgn(w) round(k[n, k] 2^e[m, k]), for x (n, in_features); q is `weights`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        inputs: Uniform,
        weights: PowerOfTwo,
        rounding: Rounding = "floor",
    ) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.products = RoundedProducts(inputs, weights, rounding)

    def forward(self, input: Tensor) -> Tensor:
        return self.products(input, self.weight, F.linear)

    def exported(self) -> nn.Module:
        shape: ShapeRule = lambda shape: (shape[0], self.out_features)  # noqa: E731
        return self.products.exported("PowerOfTwoMatMul", self.weight, lambda w: w.T, {}, shape)


class PowerOfTwoConv1d(nn.Conv1d):
    """The same over windows of x (n, c, l); arguments as for PyTorch's Conv1d, without bias."""

    def __init__(
        self, *args: Any, inputs: Uniform, weights: PowerOfTwo, rounding: Rounding = "floor", **options: Any
    ) -> None:
        super().__init__(*args, **options | {"bias": False})
        Windows.of(self)
        self.products = RoundedProducts(inputs, weights, rounding)

    def forward(self, input: Tensor) -> Tensor:
        return self.products(input, self.weight, lambda x, w: self._conv_forward(x, w, None))

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


class PowerOfTwoConv2d(nn.Conv2d):
    """The same over windows of x (n, c, h, w); arguments as for PyTorch's Conv2d, without bias."""

    def __init__(
        self, *args: Any, inputs: Uniform, weights: PowerOfTwo, rounding: Rounding = "floor", **options: Any
    ) -> None:
        super().__init__(*args, **options | {"bias": False})
        Windows.of(self)
        self.products = RoundedProducts(inputs, weights, rounding)

    def forward(self, input: Tensor) -> Tensor:
        return self.products(input, self.weight, lambda x, w: self._conv_forward(x, w, None))

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


def _exported_convolution(layer: PowerOfTwoConv1d | PowerOfTwoConv2d) -> nn.Module:
    windows = Windows.of(layer)
    attributes = {**windows.attributes(), "group": layer.groups}
    shape = windows.shape(layer.out_channels)
    return layer.products.exported("PowerOfTwoConv", layer.weight, lambda w: w, attributes, shape)
