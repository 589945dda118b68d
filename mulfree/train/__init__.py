"""Layers of PyTorch that train networks without multiplications, logic trees, and their way out as ONNX.

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

Logic trees have no gradient and need no PyTorch:

    trees = train.LogicTrees.fit(x / 255, targets)
    train.export_trees(trees, "trees.onnx", input_scale=1 / 255)
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mulfree.train.attention import cool
    from mulfree.train.export import export_onnx, to_onnx
    from mulfree.train.layers import Conv1d, Conv2d, Linear
    from mulfree.train.logic_trees import Growth, LogicTrees
    from mulfree.train.min_select import MinSelectConv1d, MinSelectConv2d, MinSelectLinear
    from mulfree.train.norm import Norm
    from mulfree.train.piecewise import PiecewiseActivation, PiecewiseWeights
    from mulfree.train.power_of_two import PowerOfTwo
    from mulfree.train.quantisers import Binary, Quantiser, Uniform
    from mulfree.train.rounded_shift import PowerOfTwoConv1d, PowerOfTwoConv2d, PowerOfTwoLinear
    from mulfree.train.shift import Shift2d
    from mulfree.train.shift_attention import ShiftAttentionConv1d, ShiftAttentionConv2d
    from mulfree.train.sum_max import SumMaxConv1d, SumMaxConv2d, SumMaxLinear, activation_rates
    from mulfree.train.tree_export import export_trees, trees_to_onnx

_HOMES = {
    "Binary": "quantisers",
    "Conv1d": "layers",
    "Conv2d": "layers",
    "Growth": "logic_trees",
    "Linear": "layers",
    "LogicTrees": "logic_trees",
    "MinSelectConv1d": "min_select",
    "MinSelectConv2d": "min_select",
    "MinSelectLinear": "min_select",
    "Norm": "norm",
    "PiecewiseActivation": "piecewise",
    "PiecewiseWeights": "piecewise",
    "PowerOfTwo": "power_of_two",
    "PowerOfTwoConv1d": "rounded_shift",
    "PowerOfTwoConv2d": "rounded_shift",
    "PowerOfTwoLinear": "rounded_shift",
    "Quantiser": "quantisers",
    "Shift2d": "shift",
    "ShiftAttentionConv1d": "shift_attention",
    "ShiftAttentionConv2d": "shift_attention",
    "SumMaxConv1d": "sum_max",
    "SumMaxConv2d": "sum_max",
    "SumMaxLinear": "sum_max",
    "Uniform": "quantisers",
    "activation_rates": "sum_max",
    "cool": "attention",
    "export_onnx": "export",
    "export_trees": "tree_export",
    "to_onnx": "export",
    "trees_to_onnx": "tree_export",
}
_WITHOUT_TORCH = ("logic_trees", "tree_export")

__all__ = [
    "Binary",
    "Conv1d",
    "Conv2d",
    "Growth",
    "Linear",
    "LogicTrees",
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
    "export_trees",
    "to_onnx",
    "trees_to_onnx",
]


def __getattr__(name: str) -> Any:
    """Nothing is imported before it is used: trees need no PyTorch, and loading that takes seconds."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mulfree.train' has no attribute '{name}'")
    if _HOMES[name] not in _WITHOUT_TORCH and not find_spec("torch"):
        raise ImportError(f"mulfree.train.{name} needs PyTorch: pip install 'mulfree[train]'")
    return getattr(import_module(f"mulfree.train.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
