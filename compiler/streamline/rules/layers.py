"""Convolution, matrix product and Gemm with constant weights."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mulfree.compiler.frontends.real import Conv, Gemm
from mulfree.compiler.frontends.real import Window as RealWindow
from mulfree.compiler.streamline.builder import to_front
from mulfree.compiler.streamline.deferred import Deferred, Failed, Known, Unsupported, on_integers
from mulfree.compiler.streamline.linear import Layer, contract, quantised_weights
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.rules.rule import Skip, Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped, transposed
from mulfree.ir import AnyArray
from mulfree.ir.ops import Window


def conv(work: Work) -> Deferred:
    op = work.op(Conv)
    weights = work.constant(1, "the weights")
    bias = work.constant(2, "the bias values") if len(work.operands) == 3 else None
    window = map_window(op.window)
    kernels = weights.reshape(*weights.shape[:2], *window.kernel)
    x = _checked(work, kernels)
    layer = Layer(kernels, bias, window, op.groups, work.dtype, work.name)
    return reshaped(work.builder, contract(work.builder, as_map(work, x), layer), work.sample)


def gemm(work: Work) -> Deferred:
    """y = alpha * x @ w + beta * c: alpha scales what the integers mean."""
    op = work.op(Gemm)
    if op.transpose_a:
        raise Unsupported("it transposes the activation, and with it the batch axis", "leave transA at 0")
    weights = work.constant(1, "the weights")
    rows = weights if op.transpose_b else weights.T
    bias = np.broadcast_to(work.constant(2, "the bias values"), (1, len(rows)))[0] if len(work.operands) == 3 else None
    x = _checked(work, rows)
    y = contract(work.builder, x, Layer(rows[:, :, None, None], None, dtype=work.dtype, name=work.name))
    meaning = y.meaning.times(Parameter.scalar(_attribute(op.alpha)))
    if bias is not None:
        beta = _attribute(op.beta)
        meaning = meaning.plus(combine(lambda b: b * beta, Parameter.of(np.ascontiguousarray(bias), 1).exact()))
    return on_integers(y.integers, meaning, work.dtype)


def matmul(work: Work) -> Deferred:
    """The axis of x that is summed over becomes the channel; the others stay where they are."""
    if all(not isinstance(o, Known) for o in work.operands):
        if any(isinstance(o, Failed) for o in work.operands):
            raise Skip
        raise Unsupported("it multiplies two activations", "only products with constant weights are built")
    is_left = isinstance(work.operands[0], Known)
    weights = work.constant(0 if is_left else 1, "the weights")
    rows = _matrix(weights if is_left else np.swapaxes(np.atleast_2d(weights.T).T, -1, -2))
    x = _checked(work, rows, index=1 if is_left else 0)
    axis = len(x.shape) - (2 if is_left else 1)
    if axis < 0:
        raise Unsupported("it sums over the batch axis", "put the batch first")
    return reshaped(work.builder, _along(work, x, axis, rows), work.sample)


def _along(work: Work, x: Deferred, axis: int, rows: AnyArray) -> Deferred:
    """rows (M, K) times x along that axis, which has K elements."""
    builder, rank = work.builder, len(x.shape)
    layer = Layer(rows[:, :, None, None], dtype=work.dtype, name=work.name)
    if rank == 1:
        return contract(builder, x, layer)
    front = to_front(axis, rank)
    turned = transposed(builder, x, front)
    flat = reshaped(builder, turned, (turned.shape[0], 1, int(np.prod(turned.shape[1:]))))
    y = contract(builder, flat, layer)
    apart = reshaped(builder, y, (len(rows), *turned.shape[1:]))
    return transposed(builder, apart, tuple(int(i) for i in np.argsort(front)))


def _matrix(weights: AnyArray) -> AnyArray:
    """(M, K), leading axes of length 1 dropped."""
    if weights.ndim < 2 or any(n != 1 for n in weights.shape[:-2]):
        raise Unsupported(f"its weights have shape {weights.shape}", "use one matrix")
    return weights.reshape(weights.shape[-2:])


def _checked(work: Work, rows: AnyArray, index: int = 0) -> Deferred:
    """The settled operand. Weights are looked at even if an earlier node failed: every bad layer is listed."""
    try:
        quantised_weights(rows)
    except Unsupported as problem:
        _add_activation(work, index, problem)
        raise
    return settle(work.builder, work.activation(index))


def _add_activation(work: Work, index: int, problem: Unsupported) -> None:
    """Say what is wrong with the activation, too."""
    try:
        settle(work.builder, work.activation(index))
    except Unsupported as other:
        problem.why += f"; {other.why}"
        problem.remedy += f"; {other.remedy}"
    except Skip:
        pass


def as_map(work: Work, x: Deferred) -> Deferred:
    """(C, L) as (C, 1, L). Raises Unsupported for more than two spatial axes."""
    if len(x.shape) == 2:
        return reshaped(work.builder, x, (x.shape[0], 1, x.shape[1]))
    if len(x.shape) != 3:
        raise Unsupported(f"it slides over {len(x.shape) - 1} axes", "one and two are built")
    return x


def map_window(window: RealWindow) -> Window:
    """A window over one or two axes as one over rows and columns."""
    if window.rank > 2:
        raise Unsupported(f"it slides over {window.rank} axes", "one and two are built")
    if window.rank == 1:
        begin, end = window.pads
        return Window((1, *window.kernel), (1, *window.stride), (1, *window.dilation), (0, begin, 0, end))  # type: ignore[arg-type]
    return Window(window.kernel, window.stride, window.dilation, window.pads)  # type: ignore[arg-type]


def _attribute(value: float) -> Fraction:
    return Fraction(float(np.float32(value)))
