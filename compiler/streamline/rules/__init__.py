"""One rule per operator of an imported model: what its result stands for, given what its operands stand for."""

from __future__ import annotations

from collections.abc import Mapping

from mulfree.compiler.frontends import real
from mulfree.compiler.streamline.rules.elementwise import elementwise
from mulfree.compiler.streamline.rules.layers import conv, gemm, matmul
from mulfree.compiler.streamline.rules.movement import concat, move, pad
from mulfree.compiler.streamline.rules.pools import average_pool, max_pool, reduce
from mulfree.compiler.streamline.rules.rule import Rule
from mulfree.compiler.streamline.rules.selection import arg_max, softmax, top_k
from mulfree.ir import RealOp

RULES: Mapping[type[RealOp], Rule] = {
    real.Unary: elementwise,
    real.Binary: elementwise,
    real.LeakyRelu: elementwise,
    real.Clip: elementwise,
    real.Cast: elementwise,
    real.Where: elementwise,
    real.BatchNormalization: elementwise,
    real.Quant: elementwise,
    real.BipolarQuant: elementwise,
    real.Trunc: elementwise,
    real.MultiThreshold: elementwise,
    real.QuantizeLinear: elementwise,
    real.DequantizeLinear: elementwise,
    real.Conv: conv,
    real.MatMul: matmul,
    real.Gemm: gemm,
    real.Reshape: move,
    real.Transpose: move,
    real.Slice: move,
    real.Gather: move,
    real.Concat: concat,
    real.Pad: pad,
    real.MaxPool: max_pool,
    real.AveragePool: average_pool,
    real.Reduce: reduce,
    real.ArgMax: arg_max,
    real.TopK: top_k,
    real.Softmax: softmax,
}
