"""Convolution by Fermat number transforms against the dot product: thesis Table 2.2 and Table 2.1.

    python bench/fermat_exactness.py [--samples 2]

The five layers of the table in full, "same" pads: random operands, and all operands at their ends, so that sums are as
large and as small as they can be. Bytes modulo F_5, halfwords modulo F_4 F_5 (Chinese remainders), and for one output
channel modulo F_6. Then the operations of one direct layer and by transforms, as the table counts them.
"""

from __future__ import annotations

import argparse

import numpy as np
from common import Report, machine

from mulfree.ir import IntArray, Tensor
from mulfree.ir.fermat import (
    FermatConvolution,
    FermatRing,
    direct_operations,
    sample_operations,
    weight_operations,
)
from mulfree.ir.ops import MultiplyAccumulate, Window

LAYERS = [(11, 32, 3, 96), (7, 32, 96, 256), (5, 16, 256, 384), (5, 16, 384, 384), (3, 16, 384, 384)]
"""k, n + k - 1, f, f'."""
FORMATS = [(8, (5,), None), (16, (4, 5), None), (16, (6,), 1)]
"""Bits, rings, and how many output channels (None: all)."""
AT_ONCE = 16
"""Output channels whose spectra are in memory together."""


def operands(bits: int, shape: tuple[int, ...], weights: tuple[int, ...], samples: int) -> list[tuple[IntArray, ...]]:
    """Random maps with random weights, and both ends of x with the lowest weight."""
    lo, hi = -(1 << bits - 1), (1 << bits - 1) - 1
    rng = np.random.default_rng(bits)
    ends = np.stack([np.full(shape, lo), np.full(shape, hi)])
    drawn = rng.integers(lo, hi + 1, (samples, *shape)), rng.integers(lo, hi + 1, weights)
    return [drawn, (ends, np.full((1, *weights[1:]), lo))]


def mismatches(conv: FermatConvolution, x: IntArray, w: IntArray) -> tuple[int, int]:
    """Numbers that differ from the dot product, and all of them."""
    wrong = total = 0
    for first in range(0, len(w), AT_ONCE):
        part = w[first : first + AT_ONCE]
        expected = MultiplyAccumulate(Tensor(part), conv.window).evaluate(x)
        assert int(np.abs(expected).max()) <= conv.peak
        wrong += int(np.count_nonzero(conv.evaluate(x, part) != expected))
        total += expected.size
    return wrong, total


def compare(report: Report, layer: tuple[int, int, int, int], samples: int) -> None:
    kernel, length, channels, outputs = layer
    size, pad = length - kernel + 1, kernel // 2
    for bits, ts, few in FORMATS:
        conv = FermatConvolution(
            tuple(FermatRing(t) for t in ts), length, Window((kernel, kernel), pads=(pad, pad, pad, pad))
        )
        weights = (few or outputs, channels, kernel, kernel)
        with report.timed():
            found = [mismatches(conv, *pair) for pair in operands(bits, (channels, size, size), weights, samples)]
        wrong, total = (sum(counts) for counts in zip(*found, strict=True))
        name = " ".join(f"F_{t}" for t in ts)
        report.claim(wrong == 0, f"{layer} INT{bits} modulo {name}: {wrong} of {total} numbers differ")


def count(layer: tuple[int, int, int, int], batch: int = 128) -> None:
    kernel, length, channels, outputs = layer
    size, pad = length - kernel + 1, kernel // 2
    conv = FermatConvolution((FermatRing(5),), length, Window((kernel, kernel), pads=(pad, pad, pad, pad)))
    once = weight_operations(conv, channels, outputs)
    total = sample_operations(conv, channels, outputs, size, size).times(batch) + once
    direct = direct_operations(channels, outputs, size, kernel).times(batch).multiplications
    print(
        f"{layer!s:>20}  direct {direct:.3e}  multiplications {total.multiplications:.3e} "
        f"({direct / total.multiplications:.1f} times fewer)  transform additions "
        f"{total.additions - total.multiplications:.3e}  shifts {total.shifts:.3e}  nb_to_d-1 {total.to_diminished:.3e}"
        f"  d-1_to_nb {total.from_diminished:.3e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2, help="random maps per layer")
    samples = parser.parse_args().samples
    print(machine(), "\n")
    report = Report()
    for layer in LAYERS:
        compare(report, layer, samples)
    print("\noperations for 128 samples, of which the weights are transformed once")
    for layer in LAYERS:
        count(layer)
    report.finish()


if __name__ == "__main__":
    main()
