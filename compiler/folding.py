"""Folding: how many multiply-free lanes each layer gets, and so how many cycles a frame takes.

A contraction of M outputs and K inputs per group with `pe` output and `simd` input lanes takes
positions x groups x (M / pe) x (K / simd) cycles per frame. The default folding is the least hardware that
reaches `DEFAULT_FPS` at `DEFAULT_CLOCK_MHZ`, or the fastest reachable if that is slower.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.layer_shape import LayerShape
from mulfree.compiler.registry import shapes
from mulfree.ir import CompileError, Graph, Node, TensorType
from mulfree.ir.ops import Contraction, Pool, as_map

DEFAULT_FPS = 1000.0
DEFAULT_CLOCK_MHZ = 100.0
MOST_LEVELS = 1000
DEFAULT_LEVELS = 4
"""Counters of a heap, or cells, in a row before a register: about 5 ns on AMD 7 series, as Yosys reckons unplaced."""

IntNode = Node[TensorType]


@dataclass(frozen=True, slots=True)
class LayerFolding:
    """Output lanes, input lanes and weight memory ("auto", "distributed" or "block") of one layer.

    `levels` of logic at most stand between two registers. None: `DEFAULT_LEVELS` where all of the layer is computed at
    once; elsewhere no registers divide the lanes.
    """

    pe: int = 1
    simd: int = 1
    memory: str = "auto"
    levels: int | None = None

    @property
    def levels_at_once(self) -> int:
        """Levels between registers if all of the layer is computed at once."""
        return self.levels or DEFAULT_LEVELS


Folding = Mapping[str, LayerFolding]
"""By the layer's name, as `layer_names` gives it."""


def foldable_layers(graph: Graph[TensorType]) -> dict[str, LayerShape]:
    """The layers that take a folding, by name, in order."""
    names = layer_names(graph)
    return {names[node.output]: shape_of(node) for node in graph.nodes if _is_foldable(node)}


def _is_foldable(node: IntNode) -> bool:
    return isinstance(node.op, Contraction | Pool) or type(node.op) in shapes()


def shape_of(node: IntNode) -> LayerShape:
    """Raises CompileError if the node's operand is neither a vector nor a map."""
    if shape := shapes().get(type(node.op)):
        return shape(node)
    channels, _, _ = as_map(node.inputs[0].type.shape)
    outputs, rows, columns = as_map(node.output.type.shape)
    match node.op:
        case Contraction(window=window, groups=groups):
            listed = node.op.listed_steps
            return LayerShape(rows * columns, groups, window.taps, channels // groups, outputs // groups, listed)
        case Pool(window=window):
            return LayerShape(rows * columns, channels, window.taps, 1, 1)
        case _:
            raise CompileError(f"{node.op.name} takes no folding", node.location)


def carried_over(folding: Folding, before: Graph[TensorType], after: Graph[TensorType]) -> dict[str, LayerFolding]:
    """The folding of a graph's layers for the same layers after a pass, which may have named their results anew."""
    return dict(zip(foldable_layers(after), (folding[name] for name in foldable_layers(before)), strict=True))


def unrolled(graph: Graph[TensorType]) -> dict[str, LayerFolding]:
    """Every layer with all its lanes: one position per cycle where no window has to be walked."""
    return {name: _fastest(shape) for name, shape in foldable_layers(graph).items()}


def folding_for(graph: Graph[TensorType], interval_cycles: int) -> dict[str, LayerFolding]:
    """The fewest lanes with which every layer takes at most so many cycles per frame.

    Raises CompileError naming the slowest layer and the reachable interval if there is none.
    """
    layers = foldable_layers(graph)
    reachable, slowest = reachable_interval(layers)
    if reachable > interval_cycles:
        raise CompileError(
            f"{interval_cycles} cycles per frame cannot be reached: layer '{slowest}' takes {reachable} "
            f"with all its lanes; ask for at least {reachable} cycles"
        )
    return {name: _cheapest(shape, interval_cycles) for name, shape in layers.items()}


def folding_for_fps(graph: Graph[TensorType], fps: float, clock_mhz: float) -> dict[str, LayerFolding]:
    """As `folding_for`. Raises CompileError that says which rate is reachable at this clock."""
    interval = int(clock_mhz * 1e6 / fps)
    reachable, slowest = reachable_interval(foldable_layers(graph))
    if reachable > interval:
        raise CompileError(
            f"{fps:g} frames per second at {clock_mhz:g} MHz cannot be reached: layer '{slowest}' takes {reachable} "
            f"cycles per frame with all its lanes, which is {clock_mhz * 1e6 / reachable:.0f} frames per second"
        )
    return folding_for(graph, interval)


def default_folding(graph: Graph[TensorType]) -> dict[str, LayerFolding]:
    """The least hardware for `DEFAULT_FPS` at `DEFAULT_CLOCK_MHZ`, or the fastest reachable."""
    reachable, _ = reachable_interval(foldable_layers(graph))
    return folding_for(graph, max(reachable, int(DEFAULT_CLOCK_MHZ * 1e6 / DEFAULT_FPS)))


def folding_within(graph: Graph[TensorType], luts: int, price: Callable[[Folding], int]) -> dict[str, LayerFolding]:
    """The fastest folding whose price is within the budget, by bisection over the interval.

    Raises CompileError with the price of the smallest design if even that is too large.
    """
    layers = foldable_layers(graph)
    smallest = {name: LayerFolding() for name in layers}
    if price(smallest) > luts:
        raise CompileError(f"{luts} LUTs cannot be kept: the smallest folding takes {price(smallest)}")
    fast, slow = reachable_interval(layers)[0], max(shape.interval(1, 1) for shape in layers.values())
    while slow > fast * 1.02 + 1:
        middle = (fast + slow) // 2
        fits = price(folding_for(graph, middle)) <= luts
        fast, slow = (fast, middle) if fits else (middle, slow)
    return folding_for(graph, slow)


def reachable_interval(layers: Mapping[str, LayerShape]) -> tuple[int, str]:
    """The fewest cycles per frame with all lanes, and the layer that needs them."""
    fastest = {name: shape.interval(_fastest(shape).pe, _fastest(shape).simd) for name, shape in layers.items()}
    slowest = max(fastest, key=fastest.__getitem__, default="")
    return fastest.get(slowest, 1), slowest


def _fastest(shape: LayerShape) -> LayerFolding:
    return LayerFolding(shape.pe_choices()[-1], shape.simd_choices()[-1])


def _cheapest(shape: LayerShape, interval_cycles: int) -> LayerFolding:
    """Fewest lanes; among equals the widest input, since a popcount is cheaper than an accumulator."""
    fitting = [(pe * simd, -simd, pe) for pe, simd in _choices(shape) if shape.interval(pe, simd) <= interval_cycles]
    _, simd, pe = min(fitting)
    return LayerFolding(pe, -simd)


def _choices(shape: LayerShape) -> Iterable[tuple[int, int]]:
    return ((pe, simd) for pe in shape.pe_choices() for simd in shape.simd_choices())


def save_folding(folding: Folding) -> str:
    """JSON text that `load_folding` reads: one object per layer with pe, simd, memory and levels (or null)."""
    return json.dumps({name: asdict(layer) for name, layer in folding.items()}, indent=2) + "\n"


def load_folding(path: Path, graph: Graph[TensorType]) -> dict[str, LayerFolding]:
    """Read and check a folding file. Raises CompileError naming the file and the layer that is wrong."""
    try:
        entries = json.loads(path.read_text())
        folding = {name: LayerFolding(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CompileError(f"{path}: not a folding file ({error}); `mulfree compile` writes one") from error
    check_folding(folding, graph, str(path))
    return folding


def check_folding(folding: Folding, graph: Graph[TensorType], source: str) -> None:
    """Raise CompileError unless every layer is folded by divisors of its lanes."""
    layers = foldable_layers(graph)
    for name in [*layers.keys() - folding.keys(), *folding.keys() - layers.keys()]:
        raise CompileError(f"{source}: layer '{name}' is {'missing' if name in layers else 'unknown'}")
    for name, shape in layers.items():
        _check_layer(f"{source}: layer '{name}'", folding[name], shape)


def _check_layer(place: str, layer: LayerFolding, shape: LayerShape) -> None:
    for lanes, value, choices in (("pe", layer.pe, shape.pe_choices()), ("simd", layer.simd, shape.simd_choices())):
        if value not in choices:
            raise CompileError(f"{place}: {lanes} = {value} is not one of {choices}")
    if layer.memory not in ("auto", "distributed", "block"):
        raise CompileError(f"{place}: memory = '{layer.memory}' is not auto, distributed or block")
    if layer.levels is not None and layer.levels not in range(1, MOST_LEVELS + 1):
        raise CompileError(f"{place}: levels = {layer.levels} is not one of 1 to {MOST_LEVELS}, or null")
