"""One module, three executors: PyTorch, onnxruntime on the exported file, and the compiled network."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto
from torch import Tensor, nn

import mulfree
from mulfree import train
from mulfree.compiler.registry import forms
from mulfree.ir import AnyArray
from mulfree.train import Uniform
from tests.trained import onnxruntime_run


def eager(net: nn.Module, x: Tensor) -> AnyArray:
    with torch.no_grad():
        return np.asarray(net.eval()(x).numpy())


def runtime(model: ModelProto, x: Tensor) -> AnyArray:
    onnx.checker.check_model(model, full_check=True)
    return onnxruntime_run(bytes(model.SerializeToString()), x.numpy())


def check_everywhere(net: nn.Module, x: Tensor) -> None:
    """The module, onnxruntime and the compiled network give the same; skipped where a family is missing."""
    model = train.to_onnx(net, x)
    unknown = {(n.domain, n.op_type) for n in model.graph.node if n.domain == "mulfree"} - forms().keys()
    if unknown:
        pytest.skip(f"the compiler has no family with the form {', '.join(name for _, name in unknown)}")
    expected = runtime(model, x)
    np.testing.assert_array_equal(eager(net, x), expected)
    np.testing.assert_array_equal(mulfree.compile(model).simulate(x.numpy()), expected)


def signal(*shape: int) -> Tensor:
    return torch.randint(0, 16, shape, generator=torch.Generator().manual_seed(4)).float()


def pixels() -> Uniform:
    return Uniform(4, signed=False, scale=1.0, learned=False)


def warmed(net: nn.Module, x: Tensor) -> nn.Module:
    """After one batch of training: scales and means have seen data."""
    net.train()(x)
    return net.eval()
