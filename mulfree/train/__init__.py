"""Layers of PyTorch that train networks without multiplications, and their way out as ONNX.

    import torch
    from mulfree import train

    net = torch.nn.Sequential(
        train.Uniform(5, signed=False, scale=1.0),
        train.Conv2d(1, 16, 3, padding=1, weights=train.Binary()),
        train.Norm(16),
        train.Uniform(2, signed=False),
        torch.nn.Flatten(),
        train.Linear(1024, 10, weights=train.PowerOfTwo()),
    )
    ...                                            # train it like any other module
    train.export_onnx(net, example, "net.onnx")    # mulfree.compile and onnxruntime take the file

Layers only: data, losses, optimisers and loops are PyTorch's own. Needs the extra: `pip install 'mulfree[train]'`.
"""

try:
    import torch as _torch
except ImportError as error:
    raise ImportError("mulfree.train needs PyTorch: pip install 'mulfree[train]'") from error

from mulfree.train.attention import cool
from mulfree.train.export import export_onnx, to_onnx
from mulfree.train.layers import Conv1d, Conv2d, Linear
from mulfree.train.min_select import MinSelectConv1d, MinSelectConv2d, MinSelectLinear
from mulfree.train.norm import Norm
from mulfree.train.piecewise import PiecewiseActivation, PiecewiseWeights
from mulfree.train.power_of_two import PowerOfTwo
from mulfree.train.quantisers import Binary, Quantiser, Uniform
from mulfree.train.rounded_shift import PowerOfTwoConv1d, PowerOfTwoConv2d, PowerOfTwoLinear
from mulfree.train.shift import Shift2d
from mulfree.train.shift_attention import ShiftAttentionConv1d, ShiftAttentionConv2d
from mulfree.train.sum_max import SumMaxConv1d, SumMaxConv2d, SumMaxLinear, activation_rates

del _torch

__all__ = [
    "Binary",
    "Conv1d",
    "Conv2d",
    "Linear",
    "MinSelectConv1d",
    "MinSelectConv2d",
    "MinSelectLinear",
    "Norm",
    "PiecewiseActivation",
    "PiecewiseWeights",
    "PowerOfTwo",
    "PowerOfTwoConv1d",
    "PowerOfTwoConv2d",
    "PowerOfTwoLinear",
    "Quantiser",
    "Shift2d",
    "ShiftAttentionConv1d",
    "ShiftAttentionConv2d",
    "SumMaxConv1d",
    "SumMaxConv2d",
    "SumMaxLinear",
    "Uniform",
    "activation_rates",
    "cool",
    "export_onnx",
    "to_onnx",
]
