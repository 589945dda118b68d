"""Convolutions that keep one tap for each pair of output and input channel (Shift Attention, algorithm 1).

    training:   W_A = q(W) * softmax(A / sd(A) / T), convolved with x
    inference:  y[d, l] = sum_c w[d, c] x[c, l + s[d, c]], the tap s of the greatest score, w = q(W) there

Both W and A learn by back-propagation; `cool` lowers T after each step.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from mulfree.train.attention import START, Choice
from mulfree.train.layers import Conv1d, Conv2d
from mulfree.train.onnx_nodes import MULFREE, OnnxConstant, OnnxNode
from mulfree.train.quantisers import Quantiser
from mulfree.train.windows import Windows


class ShiftAttentionConv1d(Conv1d):
    """Arguments as for PyTorch's Conv1d, without bias; q is `weights`."""

    def __init__(self, *args: Any, weights: Quantiser, temperature: float = START, **options: Any) -> None:
        super().__init__(*args, weights=weights, **options)
        self.choice = _choice(self, temperature)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weights(self.weight) * self.choice().view_as(self.weight), None)

    def exported(self) -> nn.Module:
        return _exported(self)


class ShiftAttentionConv2d(Conv2d):
    """Arguments as for PyTorch's Conv2d, without bias; q is `weights`."""

    def __init__(self, *args: Any, weights: Quantiser, temperature: float = START, **options: Any) -> None:
        super().__init__(*args, weights=weights, **options)
        self.choice = _choice(self, temperature)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weights(self.weight) * self.choice().view_as(self.weight), None)

    def exported(self) -> nn.Module:
        return _exported(self)


def _choice(layer: Conv1d | Conv2d, temperature: float) -> Choice:
    if layer.bias is not None:
        raise ValueError("this layer has no bias")
    return Choice((*layer.weight.shape[:2], math.prod(layer.kernel_size)), temperature)


def _exported(layer: ShiftAttentionConv1d | ShiftAttentionConv2d) -> nn.Module:
    """ShiftAttentionConv of the values kept (d, c / groups) and of their taps, in raster order of the kernel."""
    windows = Windows.of(layer)
    taps = layer.choice.chosen()
    kept = layer.weights(layer.weight).flatten(2).gather(2, taps[..., None])[..., 0]
    constants = [OnnxConstant(kept, layer.weights.exported()), OnnxConstant(taps)]
    attributes = {**windows.attributes(), "group": layer.groups}
    return OnnxNode(f"{MULFREE}::ShiftAttentionConv", constants, attributes, windows.shape(layer.out_channels))
