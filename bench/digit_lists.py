"""Folded layers of few digits: lists of weights, of digits and of shared digits against rows of bit planes.

    python bench/digit_lists.py [--no-yosys] [--only TEXT]

Layers for xc7 with 8-bit inputs (4-bit ones where weights have 4): dense ones, K -> M, and a 3x3 convolution on a map
of 8x8; normal weights, or signs where they have 2 bits, of which a share is 0; all in the same lanes. `size` is LUTs of
logic and memory, a block memory counting as the synthesis tool reckons, times cycles; each form is followed by what its
size is of that of the planes. `digits` are those of the rows, `shared` those that are left where sums of two inputs are
made once; a column is empty where there is no such list, since too little is 0 or no sums would be in time. `*` marks
what the compiler takes by its own estimate; where little is 0, it looks at lists on request alone. `--only` keeps the
lines that contain the text.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from common import machine

from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.compiler.alternatives import Alternative, alternative, price, rank
from mulfree.compiler.families.and_popcount import AndPopcount, AndPopcountKept
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.families.shared_digits import SharedDigits
from mulfree.compiler.families.shift_add import ShiftAdd, digit_counts
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.lower import lower
from mulfree.ir import Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.rtl.cost import Cost, total

FORMS: tuple[type[Arithmetic], ...] = (AndPopcount, AndPopcountKept, ShiftAdd, SharedDigits)
FOLDINGS = (LayerFolding(4, 1), LayerFolding(4, 4), LayerFolding(16, 1))
SHAPES = ((64, 256, 1), (256, 256, 1), (64, 64, 3))


@dataclass(frozen=True)
class Case:
    """A layer of M outputs, K inputs and a kernel of k x k, in a folding."""

    bits: int
    zeros: float
    shape: tuple[int, int, int]
    folding: LayerFolding

    def __str__(self) -> str:
        (outputs, inputs, kernel), folding = self.shape, self.folding
        kind = "dense" if kernel == 1 else "conv"
        return f"{kind} {inputs} -> {outputs}, {self.bits} bits, {self.zeros:.0%} zeros, {folding.pe} x {folding.simd}"

    @property
    def x(self) -> TensorType:
        shape = self.shape[1:2] if self.shape[2] == 1 else (self.shape[1], 8, 8)
        return TensorType(shape, IntRange(0, 15 if self.bits == 4 else 255))

    @property
    def weights(self) -> IntArray:
        random, peak = np.random.default_rng(0), 2 ** (self.bits - 1) - 1
        shape = (*self.shape, self.shape[2])
        normal = random.choice([-1, 1], shape) if self.bits == 2 else random.normal(0, peak / 3, shape)
        weights: IntArray = np.clip(np.rint(normal), -peak, peak).astype(np.int64) * (
            random.random(shape) >= self.zeros
        )
        return weights

    @property
    def layer(self) -> MultiplyAccumulate:
        window = Window() if self.shape[2] == 1 else Window((3, 3), pads=(1, 1, 1, 1))
        return MultiplyAccumulate(Tensor(self.weights), window)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-yosys", action="store_true", help="estimates alone")
    parser.add_argument("--only", default="", help="lines that contain this")
    options = parser.parse_args()
    print(machine())
    print("| layer | digits | shared | planes | list of weights | of digits | of shared digits |")
    print("|---|---|---|---|---|---|---|")
    for case in cases():
        if options.only in str(case):
            print(line(case, by_yosys=not options.no_yosys), flush=True)


def cases() -> list[Case]:
    return [
        Case(bits, zeros, shape, folding)
        for shape in SHAPES
        for bits in (2, 4, 8)
        for zeros in (0.0, 0.5, 0.8, 0.95)
        for folding in FOLDINGS
    ]


def line(case: Case, *, by_yosys: bool) -> str:
    found = {form: _alternative(form, case) for form in FORMS}
    offered = [a for a in found.values() if a]
    taken = min((a for a in offered if a.arithmetic.gains(is_unrolled=False)), key=lambda a: rank(a, "xc7"))
    sizes = {form: _size(a, case, by_yosys) for form, a in found.items() if a}
    base = sizes[AndPopcount][0] * sizes[AndPopcount][1]
    cells = [
        f"{luts:.0f} x {cycles}: {luts * cycles / base:.2f}{'*' if found[form] is taken else ''}"
        for form, (luts, cycles) in sizes.items()
    ]
    return " | ".join(["", str(case), *_digits(case), *_padded(cells, list(sizes)), ""]).strip()


def _padded(cells: list[str], forms: list[type[Arithmetic]]) -> list[str]:
    by_form = dict(zip(forms, cells, strict=True))
    return [by_form.get(form, "") for form in FORMS]


def _alternative(form: type[Arithmetic], case: Case) -> Alternative | None:
    """None where it is not offered, or has no sums to make."""
    if not form.accepts(case.layer, case.x):
        return None
    arithmetic, folding = form.replacing(case.layer, case.x), case.folding
    if form is SharedDigits and not arithmetic.after_sums(case.x, folding.pe, folding.simd):
        return None
    if isinstance(arithmetic, ShiftAdd) and not arithmetic.is_listed:
        return None
    return alternative(arithmetic, case.x, folding, "xc7")


def _digits(case: Case) -> tuple[str, str]:
    """Of the rows, and with sums."""
    sums = SharedDigits.replacing(case.layer, case.x).after_sums(case.x, case.folding.pe, case.folding.simd)
    left = str(digit_counts(sums.rest.weights.array).sum()) if sums else ""
    return str(digit_counts(case.weights).sum()), left


def _size(found: Alternative, case: Case, by_yosys: bool) -> tuple[float, int]:
    cost = _synthesised(found.arithmetic, case) if by_yosys else found.cost
    return price(cost, "xc7")[0], found.cycles


def _synthesised(arithmetic: Arithmetic, case: Case) -> Cost:
    graph: Graph[TensorType] = Graph(name="layer")
    graph.outputs.append(graph.add(arithmetic, graph.add_input("x", case.x), name="y"))
    design = lower(graph, dict.fromkeys(foldable_layers(graph), case.folding), target="xc7")
    return total([synthesise_stage(stage, "xc7").cost for stage in design.stages])


if __name__ == "__main__":
    main()
