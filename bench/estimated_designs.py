"""The designs whose estimates are compared with synthesis: trained networks, and a layer of every family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from common import model_path

import mulfree
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.families.piecewise.operator import PiecewiseMultiplyAccumulate
from mulfree.compiler.families.power_of_two.operator import ShiftedSum
from mulfree.compiler.families.shift import Shift
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import BIPOLAR, TERNARY, Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.forest import MAX, MIN
from mulfree.ir.ops import Affine, Contraction, MultiplyAccumulate, Threshold, Window
from mulfree.rtl import Design

SAME = Window((3, 3), pads=(1, 1, 1, 1))
CHANNELS, OUTPUTS, SIZE = 16, 24, 10
PE, SIMD = 3, 8
"""Lanes of a family's layer."""
FEW, NIBBLE = IntRange(0, 3), IntRange(0, 15)


def designs(target: str) -> dict[str, Callable[[], Design]]:
    """By name, each to be compiled for the target when it is asked for."""
    return {
        "TFC": lambda: _trained("TFC_1W1A", 20_000, target),
        "LFC": lambda: _trained("bnnpynq_lfcW1A1", 10_000, target),
        "CNV, small": lambda: _trained("bnnpynq_cnvW1A1", 100, target),
        "CNV, fast": lambda: _trained("bnnpynq_cnvW1A1", 1000, target),
        **{name: lambda layer=layer, name=name: _of_family(name, layer(), target) for name, layer in LAYERS.items()},  # type: ignore[misc]
        "shift": lambda: _shift(target),
        "logic trees": lambda: _logic_trees(target),
    }


def _trained(name: str, fps: float, target: str) -> Design:
    return mulfree.compile(model_path(name), fps=fps, target=target).hardware.design


def _random() -> np.random.Generator:
    return np.random.default_rng(3)


def _weights(range: IntRange) -> Tensor:
    drawn = _random().integers(0, range.count, (OUTPUTS, CHANNELS, 3, 3))
    return Tensor(range.lo + range.step * drawn)


def _sum_max() -> Contraction:
    all_kept = Tensor(np.ones((OUTPUTS, CHANNELS, 3, 3), np.int64))
    least = _weights(IntRange(-5, 5))
    return SumMax(_weights(IntRange(-7, 7)), SAME, w_min=least, kept=all_kept, kept_min=all_kept)


def _powers() -> Tensor:
    drawn = _random().integers(0, 4, (OUTPUTS, CHANNELS, 3, 3))
    return Tensor((1 << drawn) * _signs().array)


def _signs() -> Tensor:
    return Tensor(_random().choice([-1, 1], (OUTPUTS, CHANNELS, 3, 3)))


def _rounded() -> Contraction:
    exponents = Tensor(_random().integers(-2, 1, (OUTPUTS, CHANNELS, 3, 3)))
    return ShiftedSum(_signs(), SAME, exponents=exponents, rounding="half_up")


def _one_tap() -> Contraction:
    """A weight for each pair of channels, at one of the taps."""
    weights = np.zeros((OUTPUTS, CHANNELS, 9), np.int64)
    taps = _random().integers(0, 9, (OUTPUTS, CHANNELS, 1))
    values = _random().integers(1, 8, (OUTPUTS, CHANNELS, 1))
    np.put_along_axis(weights, taps, values, axis=2)
    return MultiplyAccumulate(Tensor(weights.reshape(OUTPUTS, CHANNELS, 3, 3)), SAME)


def _piecewise() -> Contraction:
    values = Tensor(np.array([0, 3, 7, 20]))
    return PiecewiseMultiplyAccumulate(_weights(IntRange(-2, 2)), SAME, values=values)


def _products(weights: IntRange) -> Contraction:
    return MultiplyAccumulate(_weights(weights), SAME)


LAYERS: Mapping[str, Callable[[], tuple[IntRange, Contraction]]] = {
    "xnor_popcount": lambda: (BIPOLAR, _products(BIPOLAR)),
    "and_popcount": lambda: (FEW, _products(TERNARY)),
    "shift_add": lambda: (NIBBLE, _products(IntRange(-7, 7))),
    "min_select_clamp": lambda: (NIBBLE, MinSelect(_weights(IntRange(-7, 7)), SAME)),
    "sum_max_compare": lambda: (IntRange(-8, 7), _sum_max()),
    "power_of_two": lambda: (NIBBLE, MultiplyAccumulate(_powers(), SAME)),
    "rounded_shift": lambda: (NIBBLE, _rounded()),
    "one_tap": lambda: (NIBBLE, _one_tap()),
    "piecewise_products": lambda: (FEW, _piecewise()),
    "fermat": lambda: (FEW, _products(IntRange(-3, 3))),
}
"""By the arithmetic."""


def _of_family(name: str, asked: tuple[IntRange, Contraction], target: str) -> Design:
    """A layer with its window, folded, and a threshold of two bits."""
    range, layer = asked
    graph = Graph[TensorType](name="network")
    y = graph.add(layer, graph.add_input("x", TensorType((CHANNELS, SIZE, SIZE), range)), name="layer")
    graph.outputs = [graph.add(_threshold(y.type), y, name="steps")]
    return _built(graph, target, name)


def _threshold(x: TensorType) -> Threshold:
    middle, spread = (x.range.lo + x.range.hi) // 2, (x.range.hi - x.range.lo) // 8
    rows: IntArray = np.sort(_random().integers(middle - spread, middle + spread, (x.shape[0], 3)), axis=1)
    return Threshold(Tensor(rows), Tensor(np.array([0])), Tensor(np.array([1])), FEW)


def _shift(target: str) -> Design:
    """Every channel moved by itself, then a product of channels."""
    graph = Graph[TensorType](name="network")
    x = graph.add_input("x", TensorType((CHANNELS, SIZE, SIZE), NIBBLE))
    moved = graph.add(Shift(Tensor(_random().integers(-1, 2, (CHANNELS, 2)))), x, name="moved")
    weights = Tensor(_random().integers(-7, 8, (OUTPUTS, CHANNELS, 1, 1)))
    y = graph.add(MultiplyAccumulate(weights), moved, name="layer")
    graph.outputs = [graph.add(_threshold(y.type), y, name="steps")]
    return _built(graph, target)


def _logic_trees(target: str) -> Design:
    graph = Graph[TensorType](name="network")
    units = Tensor(_random().integers(-31, 32, (40, 64, 1, 1)))
    sums = graph.add(MultiplyAccumulate(units), graph.add_input("x", TensorType((64,), NIBBLE)), name="layer")
    biased = graph.add(Affine(Tensor(np.array([1])), Tensor(_random().integers(-99, 99, 40))), sums, name="bias")
    codes = [code for first in (0, 10, 20, 30) for code in _tree(first, first + 10)]
    graph.outputs = [graph.add(MinMaxTrees(Tensor(np.array(codes))), biased, name="trees")]
    return _built(graph, target)


def _tree(first: int, end: int) -> Iterator[int]:
    if end == first + 1:
        return iter([first])
    middle = (first + end) // 2
    return iter([MAX if end - first > 4 else MIN, *_tree(first, middle), *_tree(middle, end)])


def _built(graph: Graph[TensorType], target: str, *prefer: str) -> Design:
    def folded(graph: Graph[TensorType]) -> dict[str, LayerFolding]:
        return {
            name: LayerFolding(_near(shape.pe_choices(), PE), _near(shape.simd_choices(), SIMD))
            for name, shape in foldable_layers(graph).items()
        }

    return to_hardware(graph, folded, prefer=prefer, target=target).design


def _near(choices: list[int], wanted: int) -> int:
    return max(choice for choice in choices if choice <= wanted)
