"""Kernel, stride, dilation and pads from a node's attributes, with auto_pad and ceil_mode resolved."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.limits import check_size
from mulfree.compiler.frontends.onnx.node import OnnxNode, Unsupported
from mulfree.compiler.frontends.real import Window

Sizes = tuple[int, ...]


def window_of(node: OnnxNode, spatial: Sizes, kernel: Sizes) -> Window:
    """The window over the spatial axes. Raises Unsupported if the attributes do not fit each other."""
    rank = len(kernel)
    stride, dilation = node.integers("strides", (1,) * rank), node.integers("dilations", (1,) * rank)
    pads = node.integers("pads", (0,) * (2 * rank))
    if not len(stride) == len(dilation) == rank == len(spatial) or len(pads) != 2 * rank:
        raise Unsupported(
            f"kernel {kernel}, strides {stride}, dilations {dilation} and pads {pads} do not fit {len(spatial)} "
            "spatial axes",
            "correct the attributes",
        )
    if min((*kernel, *stride, *dilation), default=1) < 1 or min(pads, default=0) < 0:
        raise Unsupported("a kernel, stride or dilation is below 1, or a pad is negative", "correct the attributes")
    mode = node.text("auto_pad", "NOTSET")
    return _bounded(_auto_padded(mode, Window(kernel, stride, dilation, pads), spatial), spatial)


def _bounded(window: Window, spatial: Sizes) -> Window:
    """The window. Raises Unsupported if the padded tensor is too large."""
    check_size(tuple(n + a + b for n, (a, b) in zip(spatial, window.edges, strict=True)))
    return window


def _auto_padded(mode: str, window: Window, spatial: Sizes) -> Window:
    """SAME pads so that the result has ceil(size / stride) positions; UPPER puts the odd one at the end."""
    if mode in ("NOTSET", "VALID"):
        return window if mode == "NOTSET" else _with_pads(window, (0,) * window.rank, (0,) * window.rank)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise Unsupported(f"auto_pad is '{mode}'", "use NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    rows = zip(spatial, window.extent, window.stride, strict=True)
    totals = [max(0, (-(-n // s) - 1) * s + e - n) for n, e, s in rows]
    small, large = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
    return _with_pads(window, small, large) if mode == "SAME_UPPER" else _with_pads(window, large, small)


def with_ceiling(window: Window, spatial: Sizes) -> tuple[Window, Sizes]:
    """The window with more pads at the ends, so that positions are rounded up; and how many were added per axis.

    A last position that would start beyond the tensor and its begin pad is dropped (ONNX, AveragePool, ceil_mode).
    """
    ends = [
        _ceiling_end(n, a, b, e, s)
        for n, (a, b), e, s in zip(spatial, window.edges, window.extent, window.stride, strict=True)
    ]
    overhang = tuple(max(0, end - b) for end, (_, b) in zip(ends, window.edges, strict=True))
    return _bounded(_with_pads(window, window.pads[: window.rank], tuple(ends)), spatial), overhang


def _ceiling_end(size: int, begin: int, end: int, extent: int, stride: int) -> int:
    positions = -(-(size + begin + end - extent) // stride) + 1
    if (positions - 1) * stride >= size + begin:
        positions -= 1
    return max(0, (positions - 1) * stride + extent - size - begin)


def _with_pads(window: Window, begins: Sizes, ends: Sizes) -> Window:
    return Window(window.kernel, window.stride, window.dilation, (*begins, *ends))
