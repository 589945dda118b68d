"""Transforms of tiles of words, as a stage for every stage of butterflies or as one folded engine."""

from __future__ import annotations

import numpy as np

from mulfree.rtl.stages.fermat.butterflies import butterflies
from mulfree.rtl.stages.fermat.chain import Chain
from mulfree.rtl.stages.fermat.transform_engine import transform_engine
from mulfree.rtl.stages.fermat.word_order import Loops, WordOrder, with_first
from mulfree.rtl.stages.reorder import reorder


def transform_forward(chain: Chain, order: WordOrder, *, is_streaming: bool) -> Loops:
    """From words row after row to spectra; the order in which these leave, all channels of a point together."""
    if not is_streaming:
        chain.add(transform_engine, "forward", chain.stream, chain.transform, style=chain.style)
        return order.by_rows
    for axis, natural in (("c", order.by_rows), ("r", order.by_columns)):
        for level in range(chain.transform.levels):
            _butterflies(chain, order, axis, natural, level, is_inverse=False)
    _in_order(chain, "points", order, order.by_columns)
    return order.by_columns


def transform_back(chain: Chain, order: WordOrder, size: tuple[int, int], *, is_streaming: bool) -> None:
    """From spectra to words row after row; at least the first `size` points of every tile."""
    if not is_streaming:
        _in_order(chain, "sums", order, order.by_rows)
        options = {"size": size, "is_inverse": True, "style": chain.style}
        chain.add(transform_engine, "back", chain.stream, chain.transform, **options)
        return
    for axis, natural in (("r", order.by_columns), ("c", order.by_rows)):
        for level in reversed(range(chain.transform.levels)):
            _butterflies(chain, order, axis, natural, level, is_inverse=True)
    _in_order(chain, "tiled", order, order.by_rows)


def _butterflies(chain: Chain, order: WordOrder, axis: str, natural: Loops, level: int, *, is_inverse: bool) -> None:
    """Both words of every butterfly one after the other, and the butterflies."""
    bit = chain.transform.levels - 1 - level
    part = f"{'back' if is_inverse else 'forward'}_{'rows' if axis == 'c' else 'columns'}_{level}"
    _in_order(chain, f"{part}_order", order, with_first(natural, f"{axis}{bit}"))
    options = {"inner": order.folds, "is_inverse": is_inverse}
    chain.add(butterflies, part, chain.stream, chain.transform, level, **options)


def _in_order(chain: Chain, part: str, order: WordOrder, loops: Loops) -> None:
    """The same words in the order of the loops; nothing where that is the order in which they come."""
    x, wanted = chain.stream, order.elements(loops)
    if not np.array_equal(x.order, wanted):
        places = np.argsort(x.order)[wanted]
        chain.add(reorder, part, x, x.value, wanted, places, style=chain.style)
