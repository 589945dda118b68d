"""Convolutions by Fermat transforms in hardware beside bit planes and shift-add, by the cost model's stages.

    python bench/fermat_area.py [--target xc7]

Each layer alone, all in the same folding: look-up tables, block memories, cycles for a map; and tables times cycles as
a multiple of the transforms', without block memories and with them, each for as many tables as synthesis reckons. Below
1 the other is smaller at an equal rate. `x/product` is how many products of the layer one of spectra stands for.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from common import machine

from mulfree.compiler.alternatives import Alternative, alternative, price
from mulfree.compiler.families import Arithmetic
from mulfree.compiler.families.fermat import FermatTransformed
from mulfree.compiler.families.shift_add import digit_counts
from mulfree.compiler.folding import LayerFolding
from mulfree.compiler.registry import arithmetics_of
from mulfree.ir import IntRange, Tensor, TensorType
from mulfree.ir.fermat import sample_operations
from mulfree.ir.ops import MultiplyAccumulate, Window

RIVALS = ("and_popcount", "shift_add")


@dataclass(frozen=True)
class Layer:
    """Kernel, map, channels, outputs, bits of operands and of weights, lanes."""

    kernel: int
    size: int
    channels: int
    outputs: int
    bits: int
    weight_bits: int
    pe: int = 1
    simd: int = 1

    def __str__(self) -> str:
        return (
            f"{self.kernel}x{self.kernel} on {self.size}x{self.size}, {self.channels} -> {self.outputs}, "
            f"{self.bits} x {self.weight_bits} bits, pe {self.pe} simd {self.simd}"
        )

    @property
    def x(self) -> TensorType:
        return TensorType((self.channels, self.size, self.size), IntRange.unsigned(self.bits))

    @property
    def operator(self) -> MultiplyAccumulate:
        pad, peak = self.kernel // 2, (1 << self.weight_bits - 1) - 1
        shape = (self.outputs, self.channels, self.kernel, self.kernel)
        weights = np.random.default_rng(self.kernel).integers(-peak, peak + 1, shape)
        return MultiplyAccumulate(Tensor(weights), Window((self.kernel, self.kernel), pads=(pad, pad, pad, pad)))


LAYERS = [
    *(Layer(kernel, size, 8, 8, 4, 4) for kernel, size in ((3, 14), (5, 28), (7, 26), (11, 26), (15, 24), (21, 20))),
    *(Layer(kernel, size, 8, 8, 8, 8) for kernel, size in ((5, 28), (7, 26), (11, 26), (21, 20), (31, 16))),
    Layer(7, 26, 16, 16, 8, 8, pe=4, simd=4),
    Layer(21, 20, 16, 16, 8, 8, pe=4, simd=4),
    Layer(11, 22, 8, 8, 16, 16),
    Layer(21, 20, 8, 8, 16, 16),
]
"""Kernels up to those of networks with few, large ones."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="xc7")
    target = parser.parse_args().target
    print(machine())
    for layer in LAYERS:
        compare(layer, target)


def compare(layer: Layer, target: str) -> None:
    op, folding = layer.operator, LayerFolding(layer.pe, layer.simd)
    kinds = {kind.name: kind for kind in arithmetics_of(op)}
    arithmetics: list[Arithmetic] = [kinds[name].replacing(op, layer.x) for name in RIVALS]
    form = FermatTransformed.replacing(op, layer.x)
    ours, *rivals = (alternative(a, layer.x, folding, target) for a in (form, *arithmetics))
    counted = sample_operations(form.convolution, layer.channels, layer.outputs, layer.size, layer.size)
    products = op.operations().times(layer.size**2).multiplications
    rings = " ".join(f"F_{t}" for t in form.rings)
    print(f"\n{layer}: {rings}, length {form.length}, x/product {products / counted.multiplications:.1f}")
    for found in (ours, *rivals):
        logic, all_of_it = _logic(found) / _logic(ours), _whole(found, target) / _whole(ours, target)
        cost = found.cost
        row = f"{_tables(found):7.0f} LUT {cost.brams:5.0f} blocks {cost.ffs:6.0f} FF {found.cycles:9d} cycles"
        print(f"  {found.arithmetic.name:14s} {row}   logic {logic:5.2f}, with memory {all_of_it:5.2f}", flush=True)
    print(f"  {constants(form)}", flush=True)


def constants(form: FermatTransformed) -> str:
    """What the products alone would take with every constant in the logic: a sum for each digit of each word."""
    sums = luts = 0
    for ring, spectrum in zip(form.convolution.rings, form.convolution.kernel_spectra(form.weights.array), strict=True):
        digits = np.minimum(*(digit_counts(v) for v in (spectrum, ring.modulus - spectrum)))
        sums += int(digits.sum())
        luts += int(digits.sum()) * (ring.bits + 2)
    return f"products of constants in the logic, all points at once: {sums} sums, {luts} LUT"


def _tables(found: Alternative) -> float:
    return found.cost.luts + found.cost.lutram


def _logic(found: Alternative) -> float:
    return _tables(found) * found.cycles


def _whole(found: Alternative, target: str) -> float:
    return price(found.cost, target)[0] * found.cycles


if __name__ == "__main__":
    main()
