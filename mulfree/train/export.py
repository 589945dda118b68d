"""From a trained module to an ONNX file that onnxruntime runs and `mulfree.compile` takes."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.train.onnx_nodes import Exportable, OnnxNode
from mulfree.train.tidy import tidy

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 20
INPUT, OUTPUT = "input", "output"


def export_onnx(module: nn.Module, example: Tensor, path: str | Path) -> None:
    """Write what the module computes in inference as ONNX.

    Each layer of this package becomes one operator with constants: QONNX Quant and BipolarQuant for quantisers, the
    operators of domain `mulfree` for min-select, sum-max and shift layers. All of them carry function bodies made of
    standard operators, so that every ONNX runtime computes the file.

    Args:
        example: a batch of inputs; only its shape and type count, and the batch may be of any size in the file.

    Raises ValueError for a quantiser that has no scale yet, and whatever `torch.onnx.export` raises for the rest.
    """
    import onnx

    onnx.save(to_onnx(module, example), Path(path))


def to_onnx(module: nn.Module, example: Tensor) -> ModelProto:
    """The model that `export_onnx` writes; its nodes are called after the layers, as in `1.Conv`."""
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        inference_form(module),
        (example[:1].repeat(2, *(1,) * (example.ndim - 1)),),
        dynamo=True,
        # Optimising folds norms into weights, and sums that sit on a threshold would fall to the other side.
        optimize=False,
        verbose=False,
        opset_version=OPSET,
        dynamic_shapes=({0: batch},),
        input_names=[INPUT],
        output_names=[OUTPUT],
    )
    assert program is not None
    model = program.model_proto
    tidy(model, {name for name, _ in module.named_modules()})
    return attach_bodies(model)


def inference_form(module: nn.Module) -> nn.Module:
    """A copy for inference in which every layer that has a form of its own in ONNX is replaced by that form."""
    copy = deepcopy(module).eval()
    with torch.no_grad():
        return _replaced(copy).eval()


def _replaced(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.Flatten):
        return _flatten(module)
    if isinstance(module, Exportable):
        return module.exported()
    for name, child in module.named_children():
        setattr(module, name, _replaced(child))
    return module


def _flatten(module: nn.Flatten) -> nn.Module:
    """ONNX's own Flatten: PyTorch writes a Reshape to sizes computed from the batch."""
    if (module.start_dim, module.end_dim) != (1, -1):
        return module
    return OnnxNode("Flatten", (), {"axis": 1}, lambda shape: (shape[0], math.prod(shape[1:])))
