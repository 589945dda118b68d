"""Sums of products whose weights a quantiser makes: dense, and convolutions in one and two dimensions.

Which quantiser decides the arithmetic that the compiler finds: `Binary` weights become popcounts, `PowerOfTwo` shifts,
`Uniform` of few bits popcounts of bit planes or shift-and-add.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from mulfree.train.onnx_nodes import OnnxAdd, OnnxConstant, OnnxNode
from mulfree.train.quantisers import Quantiser
from mulfree.train.windows import Windows


class Linear(nn.Linear):
    """y = x q(W)^T + b, for x (..., in_features); q is `weights`. Without b unless asked."""

    def __init__(self, in_features: int, out_features: int, bias: bool = False, *, weights: Quantiser) -> None:
        super().__init__(in_features, out_features, bias)
        self.has_bias = bias
        self.weights = weights

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weights(self.weight), self.bias)

    def exported(self) -> nn.Module:
        weights = OnnxConstant(self.weights(self.weight).T, self.weights.exported())
        product = OnnxNode("MatMul", [weights], shape=lambda shape: (*shape[:-1], self.out_features))
        return nn.Sequential(product, OnnxAdd(self.bias)) if self.has_bias else product


class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d with weights q(W), padded with zeros; q is `weights`. Without bias unless asked."""

    def __init__(self, *args: Any, weights: Quantiser, bias: bool = False, **options: Any) -> None:
        super().__init__(*args, **options | {"bias": bias})
        self.weights = weights
        Windows.of(self)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weights(self.weight), self.bias)

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


class Conv2d(nn.Conv2d):
    """PyTorch's Conv2d with weights q(W), padded with zeros; q is `weights`. Without bias unless asked."""

    def __init__(self, *args: Any, weights: Quantiser, bias: bool = False, **options: Any) -> None:
        super().__init__(*args, **options | {"bias": bias})
        self.weights = weights
        Windows.of(self)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weights(self.weight), self.bias)

    def exported(self) -> nn.Module:
        return _exported_convolution(self)


def _exported_convolution(layer: Conv1d | Conv2d) -> nn.Module:
    windows = Windows.of(layer)
    constants: list[Tensor | nn.Module] = [OnnxConstant(layer.weights(layer.weight), layer.weights.exported())]
    if layer.bias is not None:
        constants.append(layer.bias)
    attributes = {**windows.attributes(), "group": layer.groups}
    return OnnxNode("Conv", constants, attributes, windows.shape(layer.out_channels))
