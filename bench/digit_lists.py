"""Folded layers of few digits: a list of signed digits against rows of bit planes, estimated and by Yosys.

    python bench/digit_lists.py [--no-yosys]

Dense layers 256 -> 64 for xc7 with 8-bit inputs where weights have 8 bits and 4-bit inputs where they have 4, normal
weights of which a share is 0, in the same lanes. `size` is LUTs of logic and memory, a block memory counting as the
synthesis tool reckons, times cycles; the last column says what the list takes of what the planes take. Where no list is
offered, because there are too many digits, the line says so.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import machine

from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.compiler.alternatives import alternative, price
from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.families.shift_add import ShiftAdd
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.lower import lower
from mulfree.ir import Graph, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl.cost import Cost, total

OUTPUTS, INPUTS = 64, 256
FOLDINGS = (LayerFolding(4, 1), LayerFolding(4, 4), LayerFolding(4, 16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-yosys", action="store_true", help="estimates alone")
    options = parser.parse_args()
    print(machine())
    for bits in (4, 8):
        for zeros in (0.0, 0.5, 0.8, 0.95):
            for folding in FOLDINGS:
                compare(bits, zeros, folding, by_yosys=not options.no_yosys)


def compare(bits: int, zeros: float, folding: LayerFolding, *, by_yosys: bool) -> None:
    random, peak = np.random.default_rng(0), 2 ** (bits - 1) - 1
    weights = np.clip(np.rint(random.normal(0, peak / 3, (OUTPUTS, INPUTS, 1, 1))), -peak, peak).astype(np.int64)
    layer = MultiplyAccumulate(Tensor(weights * (random.random(weights.shape) >= zeros)))
    x = TensorType((INPUTS,), IntRange(0, 2**bits - 1))
    head = f"{bits} bits, {zeros:.0%} zeros, PE {folding.pe}, SIMD {folding.simd}:"
    listed, planes = ShiftAdd.replacing(layer, x), AndPopcount.replacing(layer, x)
    if listed.needs_constants:
        print(f"{head} no list")
        return
    ours, theirs = (_measured(a, x, folding, by_yosys) for a in (listed, planes))
    ratio = ours[0] * ours[1] / (theirs[0] * theirs[1])
    print(
        f"{head} list {ours[0]:.0f} LUTs, {ours[1]} cycles; planes {theirs[0]:.0f}, {theirs[1]}: {ratio:.2f}",
        flush=True,
    )


def _measured(arithmetic: Arithmetic, x: TensorType, folding: LayerFolding, by_yosys: bool) -> tuple[float, int]:
    found = alternative(arithmetic, x, folding, "xc7")
    cost = _synthesised(arithmetic, x, folding) if by_yosys else found.cost
    return price(cost, "xc7")[0], found.cycles


def _synthesised(arithmetic: Arithmetic, x: TensorType, folding: LayerFolding) -> Cost:
    graph: Graph[TensorType] = Graph(name="layer")
    graph.outputs.append(graph.add(arithmetic, graph.add_input("x", x), name="y"))
    design = lower(graph, dict.fromkeys(foldable_layers(graph), folding), target="xc7")
    return total([synthesise_stage(stage, "xc7").cost for stage in design.stages])


if __name__ == "__main__":
    main()
