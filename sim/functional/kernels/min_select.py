"""Min-select: bytes or halfwords clamped to the magnitude of the weights, then a dot product with their signs.

For values v = b - 128 of stored bytes b, clamp(v, -|w|, |w|) = clamp(b, 128 - |w|, 128 + |w|) - 128.
Where no value is negative the stored bytes are the values, and clamping is the smaller of two bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.combine import clamped_dot, clamped_halves, least_dot
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

LARGEST = {Kind.BYTE: 127, Kind.INT16: 2**15 - 1}
"""The largest magnitude of a weight, beside operands of each kind."""


def build_min_select(planner: Planner, node: IntNode) -> bool:
    """In bytes or halfwords, else left to the definition; weights beyond every x select as the largest x does."""
    node = planner.unflattened(node)
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    peak = max(abs(x.type.range.lo), abs(x.type.range.hi))
    weights = np.clip(expanded(op.weights.array, op.groups), -peak, peak)
    largest = int(np.abs(weights).max(initial=0))
    kind = next((k for k, most in LARGEST.items() if fits(x.type.range, k) and largest <= most), None)
    if kind is None or not fits(node.output.type.range, Kind.INT32):
        return False
    finish(planner, node, _accumulation(planner, node, weights, kind), fusable(planner, node))
    return True


def _accumulation(planner: Planner, node: IntNode, weights: IntArray, kind: Kind) -> Accumulation:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    stored = planner.operand(x, kind)
    bias = stored.storage.bias
    source, elements = in_border(planner, stored, x.type, op.window, fill=-bias)
    geometry = elements.in_words(4 // kind.itemsize)
    packed = _packed(weights, bias, elements.pitch, "int8" if kind is Kind.BYTE else "int16")
    return Accumulation(
        sweeps=_sweeps(kind, bias < 0, packed.shape[-1]),
        source=source,
        geometry=geometry,
        words=geometry.words,
        weights=packed,
        constants=(bias * np.sign(weights).sum(axis=(1, 2, 3)))[None],
        classes=np.zeros(geometry.positions, np.int64),
        factor=1,
        divisor=1,
    )


def _packed(weights: IntArray, bias: int, pitch: int, dtype: str) -> AnyArray:
    """(blocks, words, channels of a block): the signs, and the upper ends to which stored operands are clamped."""
    signs, ends = (byte_weights(part, pitch, dtype) for part in (np.sign(weights), np.abs(weights) - bias))
    blocks, words, channels = signs.shape
    return np.stack([signs, ends], axis=2).reshape(blocks, 2 * words, channels)


_clamped_ints = panel(clamped_dot, to_ints, 2, parts=2)
_clamped_ints_narrow = panel(clamped_dot, to_ints, 1, parts=2)
_clamped_bits = panel(clamped_dot, to_bits, 2, parts=2)
_clamped_bits_narrow = panel(clamped_dot, to_bits, 1, parts=2)
_clamped_levels = panel(clamped_dot, to_levels, 2, parts=2)
_clamped_levels_narrow = panel(clamped_dot, to_levels, 1, parts=2)
_halves_ints = panel(clamped_halves, to_ints, 2, parts=2)
_halves_ints_narrow = panel(clamped_halves, to_ints, 1, parts=2)
_halves_bits = panel(clamped_halves, to_bits, 2, parts=2)
_halves_bits_narrow = panel(clamped_halves, to_bits, 1, parts=2)
_halves_levels = panel(clamped_halves, to_levels, 2, parts=2)
_halves_levels_narrow = panel(clamped_halves, to_levels, 1, parts=2)
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


def _halves_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_ints, params, as_words(x), out, n)


def _halves_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_ints_narrow, params, as_words(x), out, n)


def _halves_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_bits, params, as_words(x), out, n)


def _halves_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_bits_narrow, params, as_words(x), out, n)


def _halves_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_levels, params, as_words(x), out, n)


def _halves_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_halves_levels_narrow, params, as_words(x), out, n)


_CLAMPED = Sweeps(Kernel(_clamped_to_ints), Kernel(_clamped_to_bits), Kernel(_clamped_to_levels))
_CLAMPED_NARROW = Sweeps(
    Kernel(_clamped_to_ints_narrow), Kernel(_clamped_to_bits_narrow), Kernel(_clamped_to_levels_narrow)
)
_LEAST = Sweeps(Kernel(_least_to_ints), Kernel(_least_to_bits), Kernel(_least_to_levels))
_LEAST_NARROW = Sweeps(Kernel(_least_to_ints_narrow), Kernel(_least_to_bits_narrow), Kernel(_least_to_levels_narrow))


_HALVES = Sweeps(Kernel(_halves_to_ints), Kernel(_halves_to_bits), Kernel(_halves_to_levels))
_HALVES_NARROW = Sweeps(
    Kernel(_halves_to_ints_narrow), Kernel(_halves_to_bits_narrow), Kernel(_halves_to_levels_narrow)
)


def _sweeps(kind: Kind, is_signed: bool, block: int) -> Sweeps:
    """For blocks of this many output channels."""
    if kind is Kind.INT16:
        return _HALVES_NARROW if block == NARROW else _HALVES
    if block == NARROW:
        return _CLAMPED_NARROW if is_signed else _LEAST_NARROW
    return _CLAMPED if is_signed else _LEAST
