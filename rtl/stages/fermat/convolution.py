"""A convolution by Fermat number transforms as a chain of stages: tiles, words, transforms, products, a map again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatConvolution, FermatTransform, Tiles
from mulfree.ir.ops import Window
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import map_shape, raster_order
from mulfree.rtl.stages.fermat.butterflies import butterflies
from mulfree.rtl.stages.fermat.spectrum_product import spectrum_product
from mulfree.rtl.stages.fermat.word_order import Loops, WordOrder, with_first
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
    style: str = "auto",
    location: Location | None = None,
) -> list[Stage]:
    """`value` = the convolution of the map x, in raster order, by `form`, which has one ring, and weights (M, C, ...).

    A value whose range is the ring's codes is given as words; of any other the results are integers that are known to
    belong to it. Names of the stages begin with `name`; the last is called so. x.lanes, which divide the channels of a
    group, are transformed forward at a time, and `pe`, which divides the outputs of a group, back. Every stage in
    between carries words of the ring as its own value (channels, tiles, length, length): see `WordOrder`, and
    `FermatTransform.forward_words` for what they are.
    """
    (transform,), (spectrum,) = form.transforms, form.kernel_spectra(weights)
    chain = _Chain(name, transform, location)
    rows, columns = form.tiles(*map_shape(x)[1:])
    order = chain.cut(x, rows, columns)
    order = chain.transform_forward(order)
    order = chain.multiply(order, spectrum, pe, style)
    order = chain.transform_back(order)
    chain.join(order, value, rows, columns, form.window.stride)
    return chain.stages


@dataclass(slots=True)
class _Chain:
    """Stages so far. Every step gives the order that words have then."""

    name: str
    transform: FermatTransform
    location: Location | None
    stages: list[Stage] = field(default_factory=list[Stage])

    @property
    def ring(self) -> DiminishedOne:
        return DiminishedOne(self.transform.ring.bits)

    @property
    def stream(self) -> Stream:
        return self.stages[-1].outputs[0]

    def named(self, part: str) -> str:
        return f"{self.name}_{part}"

    def words(self, part: str, order: WordOrder) -> Value[TensorType]:
        return Value(self.named(part), TensorType(order.shape, self.ring.codes))

    def cut(self, x: Stream, rows: Tiles, columns: Tiles) -> WordOrder:
        """Tiles as windows of the map, their points row after row, as words."""
        window = Window(
            (self.transform.length, self.transform.length),
            (rows.outputs, columns.outputs),
            pads=(rows.before, columns.before, _end(rows), _end(columns)),
        )
        order = WordOrder(map_shape(x)[0], x.lanes, rows.count * columns.count, self.transform.levels)
        self.stages.append(sliding_window(self.named("tiles"), x, window, location=self.location))
        elements, value = order.elements(order.by_rows), self.words("words", order)
        self.stages.append(
            to_words(self.named("words"), self.stream, value, elements, self.ring, location=self.location)
        )
        return order

    def transform_forward(self, order: WordOrder) -> WordOrder:
        """Rows, then columns; at the end all channels of a point come together."""
        levels = range(self.transform.levels)
        for axis, natural in (("c", order.by_rows), ("r", order.by_columns)):
            for level in levels:
                self._butterflies(order, axis, natural, level, is_inverse=False)
        self._order("points", order, order.by_columns)
        return order

    def transform_back(self, order: WordOrder) -> WordOrder:
        for axis, natural in (("r", order.by_columns), ("c", order.by_rows)):
            for level in reversed(range(self.transform.levels)):
                self._butterflies(order, axis, natural, level, is_inverse=True)
        self._order("sums", order, order.by_rows)
        return order

    def multiply(self, order: WordOrder, spectrum: IntArray, pe: int, style: str) -> WordOrder:
        """`spectrum` (points, groups, K, M / groups) as `FermatConvolution.kernel_spectra` gives it, by rows."""
        _, groups, _, outputs = spectrum.shape
        after = WordOrder(groups * outputs, pe, order.tiles, order.levels)
        one = WordOrder(1, 1, 1, order.levels)
        # The points come column after column.
        factors = np.swapaxes(spectrum, 2, 3)[one.elements(one.by_columns)]
        self.stages.append(
            spectrum_product(
                self.named("products"),
                self.stream,
                self.words("products", after),
                after.elements(after.by_columns),
                ring=self.ring,
                factors=factors,
                pe=pe,
                style=style,
                location=self.location,
            )
        )
        return after

    def join(
        self, order: WordOrder, value: Value[TensorType], rows: Tiles, columns: Tiles, stride: tuple[int, int]
    ) -> None:
        """Integers, unless words are asked for; then of every tile the results that are its own, side by side."""
        held = TensorType(order.shape, value.type.range)
        if held.range != self.ring.codes:
            sums = Value(self.named("tile_sums"), held)
            self.stages.append(from_words(sums.name, self.stream, sums, self.ring, location=self.location))
        tiles = np.arange(held.size).reshape(order.channels, rows.count, columns.count, order.length, order.length)
        own = tiles[..., : rows.outputs, : columns.outputs].swapaxes(2, 3)
        whole = own.reshape(order.channels, rows.count * rows.outputs, columns.count * columns.outputs)
        asked = np.s_[:, : rows.results : stride[0], : columns.results : stride[1]]
        if whole[asked].shape == whole.shape:
            self._select(self.name, value, whole)
            return
        beside = Value(self.named("beside"), TensorType(whole.shape, value.type.range))
        self._select(beside.name, beside, whole)
        self._select(self.name, value, np.arange(whole.size).reshape(whole.shape)[asked])

    def _select(self, name: str, value: Value[TensorType], source: IntArray) -> None:
        """`value`, of which every element is an element of what comes, in raster order."""
        order = raster_order(value.type.shape)
        places = np.argsort(self.stream.order)[source.ravel()[order]]
        self.stages.append(reorder(name, self.stream, value, order, places, location=self.location))

    def _butterflies(self, order: WordOrder, axis: str, natural: Loops, level: int, *, is_inverse: bool) -> None:
        """Both words of every butterfly one after the other, and the butterflies."""
        bit = self.transform.levels - 1 - level
        way = "back" if is_inverse else "forward"
        part = f"{way}_{'rows' if axis == 'c' else 'columns'}_{level}"
        self._order(f"{part}_order", order, with_first(natural, f"{axis}{bit}"))
        self.stages.append(
            butterflies(
                self.named(part),
                self.stream,
                self.transform,
                level,
                inner=order.folds,
                is_inverse=is_inverse,
                location=self.location,
            )
        )

    def _order(self, part: str, order: WordOrder, loops: Loops) -> None:
        """The same words in the order of the loops; nothing where that is the order in which they come."""
        x, wanted = self.stream, order.elements(loops)
        if np.array_equal(x.order, wanted):
            return
        places = np.argsort(x.order)[wanted]
        self.stages.append(reorder(self.named(part), x, x.value, wanted, places, location=self.location))


def _end(tiles: Tiles) -> int:
    """Zeros behind the map, so that the last tile is whole."""
    return tiles.outputs * (tiles.count - 1) + tiles.length - tiles.before - tiles.size
