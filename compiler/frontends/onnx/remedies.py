"""What to do about operators that have no rule."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.node import OnnxNode, Unsupported

_CONTROL_FLOW = "export the model without data-dependent control flow, for one fixed shape"
_ACTIVATION = "train with Relu, LeakyRelu or Clip instead"
_RECURRENT = "recurrent layers have no streaming form here; unroll the network over a fixed number of steps"
_RESIZE = "replace it by a strided convolution, a pool or a reshape"
_NORM = "use BatchNormalization, which becomes constants at inference"

REMEDIES = {
    **dict.fromkeys(("If", "Loop", "Scan"), _CONTROL_FLOW),
    **dict.fromkeys(
        ("Elu", "Selu", "Celu", "Gelu", "Erf", "Mish", "HardSwish", "Swish", "ThresholdedRelu"), _ACTIVATION
    ),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("Resize", "Upsample", "ConvTranspose", "GridSample", "RoiAlign", "MaxUnpool"), _RESIZE),
    **dict.fromkeys(
        ("LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN", "LpNormalization"), _NORM
    ),
    "DynamicQuantizeLinear": "quantise with fixed scales: QuantizeLinear with constants, from a calibration",
    "FloatQuant": "quantise to integers: Quant",
    "BatchNorm": "use BatchNormalization",
}


def unknown_operator(node: OnnxNode) -> Unsupported:
    """The reason and the remedy for a node whose operator no rule knows."""
    place = f" of domain {node.domain}" if node.domain else ""
    general = "replace it by supported operators, or attach a function body made of them to the model"
    return Unsupported(f"operator {node.op_type}{place} is not supported", REMEDIES.get(node.op_type, general))
