"""Min-select: bytes clamped to the magnitude of the weights, then a dot product with their signs.

For values v = b - 128 of stored bytes b, clamp(v, -|w|, |w|) = clamp(b, 128 - |w|, 128 + |w|) - 128.
Where no value is negative the stored bytes are the values, and clamping is the smaller of two bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.combine import clamped_dot, least_dot
from mulfree.sim.functional.epilogue import to_bits, to_ints, to_levels
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.accumulation import Accumulation, expanded
from mulfree.sim.functional.kernels.blocked import Sweeps
from mulfree.sim.functional.kernels.contraction import finish, fusable
from mulfree.sim.functional.pack import NARROW, byte_weights
from mulfree.sim.functional.panel import panel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.sweep import sweep
from mulfree.sim.functional.vector import as_words

MOST = 127
"""The largest magnitude of a weight in a signed byte."""


def build_min_select(planner: Planner, node: IntNode) -> bool:
    """Bytes against weights of bytes; weights beyond every x select as the largest x does."""
    node = planner.unflattened(node)
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    peak = max(abs(x.type.range.lo), abs(x.type.range.hi))
    weights = np.clip(expanded(op.weights.array, op.groups), -peak, peak)
    is_short = fits(x.type.range, Kind.BYTE) and bool(np.abs(weights).max() <= MOST)
    if not (is_short and fits(node.output.type.range, Kind.INT32)):
        return False
    finish(planner, node, _accumulation(planner, node, weights), fusable(planner, node))
    return True


def _accumulation(planner: Planner, node: IntNode, weights: IntArray) -> Accumulation:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    stored = planner.operand(x, Kind.BYTE)
    source, bytes_ = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    geometry = bytes_.in_words
    packed = _packed(weights, stored.storage.bias, bytes_.pitch)
    return Accumulation(
        sweeps=_sweeps(stored.storage.bias < 0, packed.shape[-1]),
        source=source,
        geometry=geometry,
        words=geometry.words,
        weights=packed,
        constants=(stored.storage.bias * np.sign(weights).sum(axis=(1, 2, 3)))[None],
        classes=np.zeros(geometry.positions, np.int64),
        factor=1,
        divisor=1,
    )


def _packed(weights: IntArray, bias: int, pitch: int) -> AnyArray:
    """(blocks, words, channels of a block): the signs, and the upper ends to which stored bytes are clamped."""
    signs, ends = (byte_weights(part, pitch) for part in (np.sign(weights), np.abs(weights) - bias))
    blocks, words, channels = signs.shape
    return np.stack([signs, ends], axis=2).reshape(blocks, 2 * words, channels)


_clamped_ints = panel(clamped_dot, to_ints, 2, parts=2)
_clamped_ints_narrow = panel(clamped_dot, to_ints, 1, parts=2)
_clamped_bits = panel(clamped_dot, to_bits, 2, parts=2)
_clamped_bits_narrow = panel(clamped_dot, to_bits, 1, parts=2)
_clamped_levels = panel(clamped_dot, to_levels, 2, parts=2)
_clamped_levels_narrow = panel(clamped_dot, to_levels, 1, parts=2)
_least_ints = panel(least_dot, to_ints, 2, parts=2)
_least_ints_narrow = panel(least_dot, to_ints, 1, parts=2)
_least_bits = panel(least_dot, to_bits, 2, parts=2)
_least_bits_narrow = panel(least_dot, to_bits, 1, parts=2)
_least_levels = panel(least_dot, to_levels, 2, parts=2)
_least_levels_narrow = panel(least_dot, to_levels, 1, parts=2)


def _clamped_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_ints, params, as_words(x), out, n)


def _clamped_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_ints_narrow, params, as_words(x), out, n)


def _clamped_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_bits, params, as_words(x), out, n)


def _clamped_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_bits_narrow, params, as_words(x), out, n)


def _clamped_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_levels, params, as_words(x), out, n)


def _clamped_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_clamped_levels_narrow, params, as_words(x), out, n)


def _least_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_ints, params, as_words(x), out, n)


def _least_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_ints_narrow, params, as_words(x), out, n)


def _least_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_bits, params, as_words(x), out, n)


def _least_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_bits_narrow, params, as_words(x), out, n)


def _least_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_levels, params, as_words(x), out, n)


def _least_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_least_levels_narrow, params, as_words(x), out, n)


_CLAMPED = Sweeps(Kernel(_clamped_to_ints), Kernel(_clamped_to_bits), Kernel(_clamped_to_levels))
_CLAMPED_NARROW = Sweeps(
    Kernel(_clamped_to_ints_narrow), Kernel(_clamped_to_bits_narrow), Kernel(_clamped_to_levels_narrow)
)
_LEAST = Sweeps(Kernel(_least_to_ints), Kernel(_least_to_bits), Kernel(_least_to_levels))
_LEAST_NARROW = Sweeps(Kernel(_least_to_ints_narrow), Kernel(_least_to_bits_narrow), Kernel(_least_to_levels_narrow))


def _sweeps(is_signed: bool, block: int) -> Sweeps:
    """For blocks of this many output channels."""
    if block == NARROW:
        return _CLAMPED_NARROW if is_signed else _LEAST_NARROW
    return _CLAMPED if is_signed else _LEAST
