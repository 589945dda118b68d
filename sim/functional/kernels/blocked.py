"""The sweeps: bits or bytes in; integers, bits or levels out; blocks of two vectors or, narrow, of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mulfree.sim.functional.combine import byte_dot, xor_popcount
from mulfree.sim.functional.epilogue import to_bits, to_ints, to_levels
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.pack import NARROW
from mulfree.sim.functional.panel import panel
from mulfree.sim.functional.sweep import sweep
from mulfree.sim.functional.vector import as_words


@dataclass(frozen=True, slots=True)
class Sweeps:
    """One arithmetic with each way to end; parameters are `SweepParams`."""

    ints: Kernel
    bits: Kernel
    levels: Kernel
    ints_shift: bool = False
    """Whether `ints` ends in `to_shifted`, not in `to_ints`."""


_xor_ints = panel(xor_popcount, to_ints, 2)
_xor_bits = panel(xor_popcount, to_bits, 2)
_xor_levels = panel(xor_popcount, to_levels, 2)
_dot_ints = panel(byte_dot, to_ints, 2)
_dot_bits = panel(byte_dot, to_bits, 2)
_dot_levels = panel(byte_dot, to_levels, 2)
_xor_ints_narrow = panel(xor_popcount, to_ints, 1)
_xor_bits_narrow = panel(xor_popcount, to_bits, 1)
_xor_levels_narrow = panel(xor_popcount, to_levels, 1)
_dot_ints_narrow = panel(byte_dot, to_ints, 1)
_dot_bits_narrow = panel(byte_dot, to_bits, 1)
_dot_levels_narrow = panel(byte_dot, to_levels, 1)


def _bits_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_ints, params, x, out, n)


def _bits_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_bits, params, x, out, n)


def _bits_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_levels, params, x, out, n)


def _bytes_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_ints, params, as_words(x), out, n)


def _bytes_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_bits, params, as_words(x), out, n)


def _bytes_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_levels, params, as_words(x), out, n)


def _bits_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_ints_narrow, params, x, out, n)


def _bits_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_bits_narrow, params, x, out, n)


def _bits_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_xor_levels_narrow, params, x, out, n)


def _bytes_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_ints_narrow, params, as_words(x), out, n)


def _bytes_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_bits_narrow, params, as_words(x), out, n)


def _bytes_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_dot_levels_narrow, params, as_words(x), out, n)


_BIT = Sweeps(Kernel(_bits_to_ints), Kernel(_bits_to_bits), Kernel(_bits_to_levels))
_BYTE = Sweeps(Kernel(_bytes_to_ints), Kernel(_bytes_to_bits), Kernel(_bytes_to_levels))
_BIT_NARROW = Sweeps(Kernel(_bits_to_ints_narrow), Kernel(_bits_to_bits_narrow), Kernel(_bits_to_levels_narrow))
_BYTE_NARROW = Sweeps(Kernel(_bytes_to_ints_narrow), Kernel(_bytes_to_bits_narrow), Kernel(_bytes_to_levels_narrow))


def bit_sweeps(block: int) -> Sweeps:
    """XNOR-popcount, for blocks of this many output channels."""
    return _BIT_NARROW if block == NARROW else _BIT


def byte_sweeps(block: int) -> Sweeps:
    """Unsigned by signed bytes, for blocks of this many output channels."""
    return _BYTE_NARROW if block == NARROW else _BYTE
