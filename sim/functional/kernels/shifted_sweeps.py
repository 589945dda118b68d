"""The sweeps of shifted sums: bytes that are masked, or raised and masked, and halfwords that are shifted."""

from __future__ import annotations

from typing import Any

from mulfree.sim.functional.combine import masked_dot, raised_dot, shifted_halves
from mulfree.sim.functional.epilogue import to_bits, to_ints, to_levels, to_shifted
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.blocked import Sweeps
from mulfree.sim.functional.pack import NARROW
from mulfree.sim.functional.panel import panel
from mulfree.sim.functional.sweep import sweep
from mulfree.sim.functional.vector import as_words

_masked_ints = panel(masked_dot, to_shifted, 2, parts=2)
_masked_ints_narrow = panel(masked_dot, to_shifted, 1, parts=2)
_masked_bits = panel(masked_dot, to_bits, 2, parts=2)
_masked_bits_narrow = panel(masked_dot, to_bits, 1, parts=2)
_masked_levels = panel(masked_dot, to_levels, 2, parts=2)
_masked_levels_narrow = panel(masked_dot, to_levels, 1, parts=2)
_raised_ints = panel(raised_dot, to_shifted, 2, parts=3)
_raised_ints_narrow = panel(raised_dot, to_shifted, 1, parts=3)
_raised_bits = panel(raised_dot, to_bits, 2, parts=3)
_raised_bits_narrow = panel(raised_dot, to_bits, 1, parts=3)
_raised_levels = panel(raised_dot, to_levels, 2, parts=3)
_raised_levels_narrow = panel(raised_dot, to_levels, 1, parts=3)
_shifted_ints = panel(shifted_halves, to_ints, 2, parts=3)
_shifted_ints_narrow = panel(shifted_halves, to_ints, 1, parts=3)
_shifted_bits = panel(shifted_halves, to_bits, 2, parts=3)
_shifted_bits_narrow = panel(shifted_halves, to_bits, 1, parts=3)
_shifted_levels = panel(shifted_halves, to_levels, 2, parts=3)
_shifted_levels_narrow = panel(shifted_halves, to_levels, 1, parts=3)


def _masked_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_ints, params, as_words(x), out, n)


def _masked_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_ints_narrow, params, as_words(x), out, n)


def _masked_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_bits, params, as_words(x), out, n)


def _masked_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_bits_narrow, params, as_words(x), out, n)


def _masked_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_levels, params, as_words(x), out, n)


def _masked_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_levels_narrow, params, as_words(x), out, n)


def _raised_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_ints, params, as_words(x), out, n)


def _raised_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_ints_narrow, params, as_words(x), out, n)


def _raised_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_bits, params, as_words(x), out, n)


def _raised_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_bits_narrow, params, as_words(x), out, n)


def _raised_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_levels, params, as_words(x), out, n)


def _raised_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_raised_levels_narrow, params, as_words(x), out, n)


def _shifted_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_ints, params, as_words(x), out, n)


def _shifted_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_ints_narrow, params, as_words(x), out, n)


def _shifted_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_bits, params, as_words(x), out, n)


def _shifted_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_bits_narrow, params, as_words(x), out, n)


def _shifted_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_levels, params, as_words(x), out, n)


def _shifted_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_shifted_levels_narrow, params, as_words(x), out, n)


_MASKED = Sweeps(Kernel(_masked_to_ints), Kernel(_masked_to_bits), Kernel(_masked_to_levels), ints_shift=True)
_MASKED_NARROW = Sweeps(
    Kernel(_masked_to_ints_narrow), Kernel(_masked_to_bits_narrow), Kernel(_masked_to_levels_narrow), ints_shift=True
)
_RAISED = Sweeps(Kernel(_raised_to_ints), Kernel(_raised_to_bits), Kernel(_raised_to_levels), ints_shift=True)
_RAISED_NARROW = Sweeps(
    Kernel(_raised_to_ints_narrow), Kernel(_raised_to_bits_narrow), Kernel(_raised_to_levels_narrow), ints_shift=True
)
_SHIFTED = Sweeps(Kernel(_shifted_to_ints), Kernel(_shifted_to_bits), Kernel(_shifted_to_levels))
_SHIFTED_NARROW = Sweeps(
    Kernel(_shifted_to_ints_narrow), Kernel(_shifted_to_bits_narrow), Kernel(_shifted_to_levels_narrow)
)


def masked_sweeps(block: int) -> Sweeps:
    """Of weights and masks, for blocks of this many output channels."""
    return _MASKED_NARROW if block == NARROW else _MASKED


def raised_sweeps(block: int) -> Sweeps:
    """Of weights, masks and what is added before them."""
    return _RAISED_NARROW if block == NARROW else _RAISED


def shifted_sweeps(block: int) -> Sweeps:
    """Of weights, shifts and masks, in halfwords."""
    return _SHIFTED_NARROW if block == NARROW else _SHIFTED
