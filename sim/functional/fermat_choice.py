"""Where transforms are the faster way to compute a convolution in software, by rates that were measured.

python bench/fermat_speed.py
"""

from __future__ import annotations

from collections.abc import Iterator

from mulfree.ir import IntRange
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.kernels.fermat import padded
from mulfree.sim.functional.planner import IntNode
from mulfree.sim.functional.ring_vector import BLOCK
from mulfree.sim.functional.storage import Kind, fits

PRODUCTS_PER_NS = {16: 40.0, 32: 20.0}
"""Products of spectra, by b."""
NS_PER_LEVEL = 0.45
"""Of one point of one channel's tile, at each level of its transform."""
DIRECT_PER_NS = {Kind.BYTE: 400.0, Kind.INT16: 200.0, Kind.INT64: 1.5}
"""Products of the direct kernels, by what they take."""
MARGIN = 1.2
"""How many times faster transforms must seem to be taken."""


def fermat_form(node: IntNode) -> FermatConvolution | None:
    """The transforms that take least time for a layer; None where the direct kernels are faster, or nothing fits."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if len(x.type.shape) != 3 or op.window.taps == 1 or op.groups > 1 or not fits(x.type.range, Kind.INT32):
        return None
    most = max(max(abs(r.lo), abs(r.hi)) for r in op.row_ranges(op.tap_range(x.type.range)))
    fitting = [(ns(form, node), form) for form in _forms(op) if form.peak >= most]
    fastest = min(fitting, key=lambda pair: pair[0], default=None)
    return fastest[1] if fastest and fastest[0] * MARGIN < direct_ns(node) else None


def ns(form: FermatConvolution, node: IntNode) -> float:
    """Nanoseconds for one sample of many."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    rows, columns = form.tiles(*x.type.shape[1:])
    channels, outputs = padded(op.weights.shape[1], BLOCK), padded(op.weights.shape[0], BLOCK)
    points, levels = rows.count * columns.count * form.length**2, form.length.bit_length() - 1
    moved = points * (channels + outputs) * levels * NS_PER_LEVEL
    return sum(moved + points * channels * outputs / PRODUCTS_PER_NS[ring.bits] for ring in form.rings)


def direct_ns(node: IntNode) -> float:
    """As `ns`, of the kernel that takes windows as they are."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    products = node.output.type.size * int(op.weights.array[0].size)
    return products / DIRECT_PER_NS[_direct_kind(op, x.type.range, node.output.type.range)]


def _direct_kind(op: Contraction, x: IntRange, y: IntRange) -> Kind:
    if not fits(y, Kind.INT32):
        return Kind.INT64
    kinds = ((kind, IntRange.signed_of(8 * kind.itemsize)) for kind in (Kind.BYTE, Kind.INT16))
    weights = op.weights.range
    return next((k for k, w in kinds if fits(x, k) and w.lo <= weights.lo and weights.hi <= w.hi), Kind.INT64)


def _forms(op: Contraction) -> Iterator[FermatConvolution]:
    """The rings that the kernels know, with lengths whose factors are shifts."""
    for ts in ((4,), (5,), (4, 5)):
        rings = tuple(FermatRing(t) for t in ts)
        for level in range(2, rings[0].t + 2):
            if 1 << level >= max(op.window.extent):
                yield FermatConvolution(rings, 1 << level, op.window)
