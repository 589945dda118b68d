"""A convolution by Fermat number transforms as a chain of stages: tiles, words, transforms, products, a map again."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.ir.fermat import FermatConvolution, Tiles
from mulfree.ir.ops import Window
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import map_shape, raster_order
from mulfree.rtl.stages.fermat.chain import Chain
from mulfree.rtl.stages.fermat.spectrum_product import DIGIT_BITS, spectrum_product
from mulfree.rtl.stages.fermat.transforms import transform_back, transform_forward
from mulfree.rtl.stages.fermat.word_order import Loops, WordOrder
from mulfree.rtl.stages.fermat.words import from_words, to_words
from mulfree.rtl.stages.reorder import reorder
from mulfree.rtl.stages.sliding_window import sliding_window


def fermat_convolution(
    name: str,
    x: Stream,
    value: Value[TensorType],
    form: FermatConvolution,
    weights: IntArray,
    *,
    pe: int,
    is_streaming: bool | None = None,
    style: str = "auto",
    location: Location | None = None,
) -> list[Stage]:
    """`value` = the convolution of the map x, in raster order, by `form`, which has one ring, and weights (M, C, ...).

    A value whose range is the ring's codes is given as words; of any other the results are integers that are known to
    belong to it. Names of the stages begin with `name`; the last is called so. x.lanes, which divide the channels of a
    group, are transformed forward at a time, and `pe`, which divides the outputs of a group, back. Every stage in
    between carries words of the ring as its own value (channels, tiles, length, length): see `WordOrder`, and
    `FermatTransform.forward_words` for what they are.

    Transforms are streaming, with a stage for each stage of butterflies and a word of every lane a cycle, or folded:
    one memory and one butterfly of every lane for all of them. By default they are folded where products take longer.
    """
    (transform,), (spectrum,) = form.transforms, form.kernel_spectra(weights)
    rows, columns = form.tiles(*map_shape(x)[1:])
    chain = Chain(name, transform, location, style)
    order = _cut(chain, x, rows, columns)
    inputs, outputs = spectrum.shape[2] // x.lanes, spectrum.shape[3] // pe
    forward, back = (streams_pay(chain, folds) if is_streaming is None else is_streaming for folds in (outputs, inputs))
    loops = transform_forward(chain, order, is_streaming=forward)
    order = _multiply(chain, order, loops, spectrum, pe)
    own = (rows.outputs, columns.outputs)
    transform_back(chain, order, own, is_streaming=back)
    _join(chain, value, rows, columns, form.window.stride)
    return chain.stages


def streams_pay(chain: Chain, folds: int) -> bool:
    """Whether a folded transform, of so many passes, takes longer than products do for `folds` folds of each word."""
    return 2 * chain.transform.levels + 2 > folds * chain.ring.bits // DIGIT_BITS


def _cut(chain: Chain, x: Stream, rows: Tiles, columns: Tiles) -> WordOrder:
    """Tiles as windows of the map, their points row after row, as words."""
    length = chain.transform.length
    pads = (rows.before, columns.before, _end(rows), _end(columns))
    window = Window((length, length), (rows.outputs, columns.outputs), pads=pads)
    order = WordOrder(map_shape(x)[0], x.lanes, rows.count * columns.count, chain.transform.levels)
    chain.add(sliding_window, "tiles", x, window, style=chain.style)
    value = chain.value("words", order.shape)
    chain.add(to_words, "words", chain.stream, value, order.elements(order.by_rows), chain.ring)
    return order


def _end(tiles: Tiles) -> int:
    """Zeros behind the map, so that the last tile is whole."""
    return tiles.outputs * (tiles.count - 1) + tiles.length - tiles.before - tiles.size


def _multiply(chain: Chain, order: WordOrder, loops: Loops, spectrum: IntArray, pe: int) -> WordOrder:
    """`spectrum` (points, groups, K, M / groups) as `FermatConvolution.kernel_spectra` gives it, by rows."""
    _, groups, _, outputs = spectrum.shape
    after = WordOrder(groups * outputs, pe, order.tiles, order.levels)
    # In the order in which the points come.
    factors = np.swapaxes(spectrum, 2, 3)[WordOrder(1, 1, 1, order.levels).elements(loops)]
    value, options = chain.value("products", after.shape), {"ring": chain.ring, "factors": factors, "pe": pe}
    chain.add(spectrum_product, "products", chain.stream, value, after.elements(loops), **options, style=chain.style)
    return after


def _join(chain: Chain, value: Value[TensorType], rows: Tiles, columns: Tiles, stride: tuple[int, int]) -> None:
    """Integers, unless words are asked for; then of every tile the results that are its own, side by side."""
    held = TensorType(chain.stream.value.type.shape, value.type.range)
    if held.range != chain.ring.codes:
        chain.add(from_words, "tile_sums", chain.stream, Value(chain.named("tile_sums"), held), chain.ring)
    channels, _, down, right = held.shape
    tiles = np.arange(held.size).reshape(channels, rows.count, columns.count, down, right)
    own = tiles[..., : rows.outputs, : columns.outputs].swapaxes(2, 3)
    whole = own.reshape(channels, rows.count * rows.outputs, columns.count * columns.outputs)
    asked = np.s_[:, : rows.results : stride[0], : columns.results : stride[1]]
    if whole[asked].shape == whole.shape:
        _select(chain, "", value, whole)
        return
    _select(chain, "beside", Value(chain.named("beside"), TensorType(whole.shape, held.range)), whole)
    _select(chain, "", value, np.arange(whole.size).reshape(whole.shape)[asked])


def _select(chain: Chain, part: str, value: Value[TensorType], source: IntArray) -> None:
    """`value`, of which every element is an element of what comes, in raster order."""
    x, order = chain.stream, raster_order(value.type.shape)
    places = np.argsort(x.order)[source.ravel()[order]]
    if np.array_equal(places, np.arange(len(x.order))):
        chain.rename(part, value, order)
    else:
        chain.add(reorder, part, x, value, order, places, style=chain.style)
