"""The operators of an imported model: `evaluate` is what ONNX (or QONNX) says, in the model's own number formats."""

from mulfree.compiler.frontends.real.constant import Constant
from mulfree.compiler.frontends.real.contraction import Conv, Gemm, MatMul
from mulfree.compiler.frontends.real.elementwise import Binary, Cast, Clip, LeakyRelu, Unary, Where
from mulfree.compiler.frontends.real.linear_quant import DequantizeLinear, QuantizeLinear
from mulfree.compiler.frontends.real.normalization import BatchNormalization, Softmax
from mulfree.compiler.frontends.real.number_format import integer_bounds, storage
from mulfree.compiler.frontends.real.pool import AveragePool, MaxPool
from mulfree.compiler.frontends.real.quant import BipolarQuant, MultiThreshold, Quant, Trunc
from mulfree.compiler.frontends.real.reduction import ArgMax, Reduce, TopK
from mulfree.compiler.frontends.real.rounding import ROUNDING
from mulfree.compiler.frontends.real.structure import Concat, Gather, Pad, Reshape, Slice, Transpose
from mulfree.compiler.frontends.real.window import Window

__all__ = [
    "ROUNDING",
    "ArgMax",
    "AveragePool",
    "BatchNormalization",
    "Binary",
    "BipolarQuant",
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "DequantizeLinear",
    "Gather",
    "Gemm",
    "LeakyRelu",
    "MatMul",
    "MaxPool",
    "MultiThreshold",
    "Pad",
    "Quant",
    "QuantizeLinear",
    "Reduce",
    "Reshape",
    "Slice",
    "Softmax",
    "TopK",
    "Transpose",
    "Trunc",
    "Unary",
    "Where",
    "Window",
    "integer_bounds",
    "storage",
]
