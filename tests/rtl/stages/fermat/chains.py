"""Convolutions by Fermat transforms as designs whose every stream of words leaves, and what these words are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.ir import AnyArray, Graph, IntRange, Tensor, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import COLUMNS_FIRST, ROWS_FIRST, FermatConvolution, FermatRing
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.rtl import Design, Stage, Stream, stages
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.fermat import fermat_convolution, transform_engine
from mulfree.sim.cosim import CosimReport, cosimulate
from mulfree.sim.cycles import stepped, token_time
from mulfree.sim.patterns import Pattern
from mulfree.sim.verilator import StreamPort

NIBBLE = IntRange(-8, 7)


@dataclass(frozen=True)
class Layer:
    """A convolution (C, H, W) to M channels modulo F_t, in tiles of `length`, with lanes on the way there and back."""

    t: int
    length: int
    window: Window
    shape: tuple[int, int, int]
    outputs: int
    lanes: int = 1
    pe: int = 1
    groups: int = 1
    x: IntRange = NIBBLE
    most: int = 7
    """The largest weight."""

    @property
    def ring(self) -> DiminishedOne:
        return DiminishedOne(1 << self.t)

    @property
    def form(self) -> FermatConvolution:
        return FermatConvolution((FermatRing(self.t),), self.length, self.window, self.groups)

    @property
    def operator(self) -> MultiplyAccumulate:
        shape = (self.outputs, self.shape[0] // self.groups, *self.window.kernel)
        weights = np.random.default_rng(self.t).integers(-self.most, self.most + 1, shape)
        return MultiplyAccumulate(Tensor(weights), self.window, self.groups)

    @property
    def result(self) -> Value[TensorType]:
        return Value("conv", self.operator.infer(TensorType(self.shape, self.x)))

    def input(self) -> Stream:
        type = TensorType(self.shape, self.x)
        return Stream("x", Value("x", type), raster_order(self.shape), self.lanes, type)

    def stages(self, is_streaming: bool | None) -> list[Stage]:
        x, y, weights = self.input(), self.result, self.operator.weights.array
        return fermat_convolution("conv", x, y, self.form, weights, pe=self.pe, is_streaming=is_streaming)

    def samples(self, frames: int) -> AnyArray:
        """By chance, and both corners."""
        x = self.x.lo + self.x.step * np.random.default_rng(0).integers(0, self.x.count, (frames, *self.shape))
        x[0], x[1] = self.x.lo, self.x.hi
        return x

    def words(self, x: AnyArray) -> Iterator[AnyArray]:
        """Residues (batch, C, tiles, L, L) after every stage of butterflies and the products, by the definition."""
        (transform,), (spectrum,) = self.form.transforms, self.form.kernel_spectra(self.operator.weights.array)
        rows, columns = self.form.tiles(*x.shape[2:])
        tiles = np.moveaxis(rows.cut(columns.cut(x, -1), -3), 3, -2)
        residues = transform.ring.residues(tiles.reshape(*tiles.shape[:2], -1, self.length, self.length))
        points = residues
        for points in transform.forward_words(residues, ROWS_FIRST):
            yield points
        sums = self._products(points, spectrum)
        yield sums
        yield from transform.inverse_words(sums, COLUMNS_FIRST)

    def _products(self, points: AnyArray, spectrum: AnyArray) -> AnyArray:
        """Sums of products modulo F, term by term."""
        batch, channels, tiles, length, _ = points.shape
        grouped = points.reshape(batch, self.groups, channels // self.groups, tiles, -1).astype(object)
        terms: AnyArray = np.einsum("bgktp,pgkm->bgmtp", grouped, spectrum.astype(object), optimize=False)
        sums: AnyArray = (terms % self.ring.modulus).astype(points.dtype)
        return sums.reshape(batch, -1, tiles, length, length)


TRACED = ("butterflies", "spectrum_product")


def design_of(layer: Layer, is_streaming: bool | None = None) -> Design:
    """The chain as it is."""
    made = layer.stages(is_streaming)
    return Design("fermat", Graph(), made, list(made[0].inputs), list(made[-1].outputs))


def traced(layer: Layer) -> Design:
    """The streaming chain with a copy of every stream of words as an output, before the result."""
    result, outputs = list[Stage](), list[Stream]()
    for stage in layer.stages(is_streaming=True):
        if result and result[-1].module == "fork":
            stage = replace(stage, inputs=(result[-1].outputs[0],))
        result.append(stage)
        if stage.module in TRACED:
            copies = stages.fork(f"{stage.name}_copy", stage.outputs[0], 2)
            result.append(copies)
            outputs.append(copies.outputs[1])
    return Design("fermat", Graph(), result, list(result[0].inputs), [*outputs, *result[-1].outputs])


def cosimulated(design: Design, x: AnyArray, expected: list[AnyArray], source: Pattern, sink: Pattern) -> CosimReport:
    """Values and cycles of Verilator against what is expected and both cycle models."""
    sides = [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)]
    valid, ready = [source], [sink] * len(design.outputs)
    fast, slow = token_time(design, len(x), valid, ready), stepped(design, len(x), valid, ready)
    for stream in design.streams():
        np.testing.assert_array_equal(fast.of(stream.name), slow.of(stream.name))
    return cosimulate(design, to_verilog(design), top_name(design), sides, [x], expected, valid, ready)


def engine(layer: Layer, passes: int, *, is_inverse: bool) -> Design:
    """A transform's first passes by themselves, on words as they come from outside."""
    (transform,), channels = layer.form.transforms, layer.shape[0]
    type = TensorType((channels, 2, layer.length, layer.length), layer.ring.codes)
    x = Stream("x", Value("x", type), raster_order(type.shape), layer.lanes, type)
    made = transform_engine("engine", x, transform, is_inverse=is_inverse, passes=passes)
    return Design("fermat", Graph(), [made], [x], list(made.outputs))
