"""Table 2.1 of the thesis (Fermat transforms), and the counts of the sum-and-max paper."""

from __future__ import annotations

from math import log2

import numpy as np

from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.ir import AnyArray, Tensor
from mulfree.ir.fermat import (
    FermatConvolution,
    FermatRing,
    RingOperations,
    direct_operations,
    sample_operations,
    weight_operations,
)
from mulfree.ir.ops import MultiplyAccumulate, Operations, Window
from mulfree.networks import Architecture, Role, sam
from mulfree.networks.sum_max import mac
from mulfree.tables import printed
from mulfree.tables.comparison import PaperTable
from mulfree.tables.reasons import entries

BATCH, CHANNELS, OUTPUTS, KERNEL, LENGTH = 128, 96, 256, 7, 32
"""The example of section 2.5: (k, n + k - 1, f, f') = (7, 32, 96, 256), 128 samples."""
SIZE = LENGTH - KERNEL + 1


def printed_formulas() -> printed.Rows:
    """The formulas of Table 2.1 for the example, with s, f', f, n', k as there."""
    pairs, maps = OUTPUTS * CHANNELS, BATCH * (CHANNELS + OUTPUTS) + CHANNELS * OUTPUTS
    transforms = 2 * LENGTH**2 * int(log2(LENGTH)) * maps
    products = BATCH * pairs * LENGTH**2
    direct = BATCH * pairs * SIZE**2 * KERNEL**2
    values = {
        "direct: multiplications": direct,
        "direct: additions": direct,
        "d-1_to_nb": SIZE**2 * BATCH * OUTPUTS,
        "nb_to_d-1": SIZE**2 * BATCH * CHANNELS + KERNEL**2 * pairs,
        "multiplications d-1": products,
        "shifts d-1": transforms,
        "additions d-1": transforms + products,
    }
    return {row: (str(value),) for row, value in values.items()}


def table_2_1() -> PaperTable:
    pad = KERNEL // 2
    window = Window((KERNEL, KERNEL), pads=(pad, pad, pad, pad))
    conv = FermatConvolution((FermatRing(5),), LENGTH, window)
    once = weight_operations(conv, CHANNELS, OUTPUTS)
    every = sample_operations(conv, CHANNELS, OUTPUTS, SIZE, SIZE).times(BATCH)
    direct = direct_operations(CHANNELS, OUTPUTS, SIZE, KERNEL).times(BATCH)
    computed = {row: (count,) for row, count in _by_row(direct, once + every).items()}
    rule = (
        "counted over the butterflies; the printed formulas are evaluated for k = 7, n' = 26, f = 96, f' = 256, s = 128"
    )
    rows = entries("thesis 2.1", ("operations",), printed_formulas(), computed)
    return PaperTable("thesis 2.1", "operations of a convolution, direct and by transforms, of 128 samples", rule, rows)


def _by_row(direct: Operations, ring: RingOperations) -> dict[str, int]:
    return {
        "direct: multiplications": direct.multiplications,
        "direct: additions": direct.additions,
        "d-1_to_nb": ring.from_diminished,
        "nb_to_d-1": ring.to_diminished,
        "multiplications d-1": ring.multiplications,
        "shifts d-1": ring.shifts,
        "additions d-1": ring.additions,
    }


SIGNALS, HIDDEN_MAC, HIDDEN_SAM = 512, 307, 1024
KEPT_MAC, KEPT_SAM = 80_000, 5_500
"""Parameters that the paper keeps at an accuracy of 0.90; how many is the training's doing, the operations are not."""


def table_sum_max() -> PaperTable:
    products = MultiplyAccumulate(Tensor(_spread(KEPT_MAC, HIDDEN_MAC))).operations()
    kept = Tensor(_spread(KEPT_SAM // 2, HIDDEN_SAM))
    zeros = Tensor(np.zeros(kept.shape, np.int64))
    pruned = SumMax(zeros, w_min=zeros, kept=kept, kept_min=kept).operations()
    computed = {
        "A, hidden layer pruned": (products.multiplications, products.additions + HIDDEN_MAC),
        "B, hidden layer pruned": (pruned.multiplications, pruned.additions + pruned.comparisons),
    }
    columns = ("multiplications", "additions and comparisons")
    rule = "operations of the definition, the biases' too, on as many parameters as the paper keeps"
    rows = entries("sum-and-max I", columns, printed.SUM_MAX_TABLE, computed)
    return PaperTable("sum-and-max I", "the hidden layer of both configurations, pruned", rule, rows)


def table_sum_max_text() -> PaperTable:
    before, after = (_by_layer(network) for network in (mac(), sam()))
    computed = {
        "A, hidden layer: weights": (before[0][0],),
        "A, hidden layer: biases": (before[0][1],),
        "A, output layer: parameters": (sum(before[1]),),
        "B, hidden layer: parameters": (sum(after[0]),),
        "B, output layer: parameters": (sum(after[1]),),
    }
    rows = entries("sum-and-max III", ("parameters",), printed.SUM_MAX_TEXT, computed)
    return PaperTable(
        "sum-and-max III", "parameters of both configurations before pruning (in the text)", "weights and biases", rows
    )


def _by_layer(network: Architecture) -> list[tuple[int, int]]:
    """Weights and biases of every layer that has any."""
    layers = [layer for layer in network.layers if layer.weights]
    return [
        (sum(w.count for w in a.weights), sum(p.count for p in a.parameters if p.role is Role.BIAS)) for a in layers
    ]


def _spread(count: int, outputs: int) -> AnyArray:
    """(outputs, 512) with so many ones, over all outputs as evenly as can be."""
    each = np.full(outputs, count // outputs) + (np.arange(outputs) < count % outputs)
    return (np.arange(SIGNALS) < each[:, None]).astype(np.int64)
