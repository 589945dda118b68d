"""Toggles of the words of streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.rtl import Stream


@dataclass(frozen=True, slots=True)
class Toggles:
    """Changes of `bits` bits over words that follow each other."""

    changes: int
    bits: int
    words: int
    """Words seen; the first has nothing before it."""

    def rate(self, cycles: float) -> float:
        """Changes of a bit in a cycle, where the words took so many cycles."""
        return self.changes / (self.bits * cycles) if self.bits and cycles else 0.0


def toggles_of(words: IntArray, width: int) -> Toggles:
    """Of stored words (words, elements) of `width` bits each: bits in which neighbours along axis 0 differ."""
    masked = np.asarray(words).astype(np.uint64) & np.uint64((1 << width) - 1)
    changes = int(np.bitwise_count(masked[1:] ^ masked[:-1]).sum()) if len(masked) > 1 else 0
    return Toggles(changes, masked.shape[1] * width, len(masked))


def stream_toggles(stream: Stream, values: Mapping[str, AnyArray]) -> Toggles | None:
    """Toggles of the stream's data over all frames, one after the other; `values` by name, batch first.

    None where the stream carries words that are no value of the graph.
    """
    if stream.value.name not in values:
        return None
    words = tokens_of(stream, values[stream.value.name])
    return toggles_of(words, stream.element_bits)


def tokens_of(stream: Stream, values: AnyArray) -> IntArray:
    """Stored words (tokens of all frames, lanes)."""
    words: IntArray = stream.elements(values).reshape(-1, stream.lanes)
    return words
