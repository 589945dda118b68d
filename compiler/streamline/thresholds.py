"""A step that quantises, with all that comes before it, as thresholds on the integer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import add, sub

import numpy as np

from mulfree.compiler.frontends.real import (
    BatchNormalization,
    Binary,
    BipolarQuant,
    Cast,
    Clip,
    DequantizeLinear,
    LeakyRelu,
    MultiThreshold,
    Quant,
    QuantizeLinear,
    Trunc,
    Unary,
    Where,
)
from mulfree.compiler.streamline.expression import (
    Integers,
    Lanes,
    Step,
    evaluate,
    leaf_of,
    parameters_of,
    steps,
    with_leaf,
)
from mulfree.compiler.streamline.levels import Levels
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.search import Codes, Found, check_monotone, find_thresholds
from mulfree.ir import AnyArray, IntArray, IntRange, Tensor
from mulfree.ir.ops import Threshold

SUM_ERROR = Fraction(1, 2**22)
"""Of the largest sum: how far off a float32 sum is taken to be."""
MAX_JUMP = 16


@dataclass(frozen=True)
class Derived:
    """The thresholds, and how many of them rounding decides.

    `decided_by_rounding` lie elsewhere if the steps compute in double precision; `decided_by_order` may lie
    elsewhere if the sum before the steps is rounded to float32 on the way, in whatever order.
    """

    op: Threshold
    decided_by_rounding: int
    decided_by_order: int


def derive(step: Step, levels: Levels, x: IntRange, shape: tuple[int, ...]) -> Derived:
    """The Threshold equal to `step` for every integer of x, in every channel (axis 0 of the sample).

    Raises ValueError if the step neither rises nor falls, has too many levels, or gives what is no number.
    """
    lanes = _lanes(step, shape)
    codes = code_function(step, levels, lanes)
    if not is_monotone(step):
        check_monotone(codes, x, lanes.count)
    found = find_thresholds(codes, x, lanes.count, levels.step)
    exact = code_function(step, levels, lanes, wide=True)
    nudged = [code_function(s, levels, lanes) for s in _nudged(step, x)]
    op = threshold_operator(found, levels.step, x)
    by_rounding, by_order = (_differences(codes, others, found.thresholds, x) for others in ([exact], nudged))
    return Derived(op, by_rounding, by_order)


def code_function(step: Step, levels: Levels, lanes: Lanes, wide: bool = False) -> Codes:
    """Integers (rows, lanes) to the codes of what `step` gives for them."""
    scale, offset = (_floats(p, lanes) for p in (levels.meaning.scale, levels.meaning.offset))

    def codes(x: IntArray) -> IntArray:
        y = evaluate(step, x, lanes, wide).astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError("it gives infinities or what is no number")
        return np.rint((y - offset) / scale).astype(np.int64)

    return codes


def is_monotone(step: Step) -> bool:
    """Whether every node on the way is known to rise or fall, rounding included, whatever its constants."""
    return all(_rises_or_falls(s) for s in steps(step))


def _rises_or_falls(step: Step) -> bool:
    if len(step.reads) != 1:
        return False
    match step.op:
        case Unary(kind=kind):
            return kind in ("relu", "sign", "neg", "floor", "ceil", "round", "identity", "not")
        case Binary(kind="div"):
            return isinstance(step.operands[1], Parameter)
        case Binary(kind=kind):
            return kind not in ("pow", "equal", "xor")
        case LeakyRelu(alpha=alpha):
            return alpha >= 0
        case Cast(dtype=dtype):
            return dtype in ("float16", "float32", "float64", "int32", "int64", "bool")
        case Clip() | BatchNormalization() | DequantizeLinear() | MultiThreshold():
            return True
        case Quant() | BipolarQuant() | QuantizeLinear() | Trunc():
            return True
        case Where():
            return not isinstance(step.operands[0], Parameter)
        case _:
            return False


def _lanes(step: Step, shape: tuple[int, ...]) -> Lanes:
    is_uniform = all(p.is_uniform for p in parameters_of(step))
    lanes = Lanes((), False) if is_uniform else Lanes.of(step, shape)
    assert not lanes.by_element or len(shape) < 2, "constants along axis 0 are expected"
    return lanes


def _floats(parameter: Parameter, lanes: Lanes) -> AnyArray:
    return np.asarray(lanes.constants(parameter)).astype(np.float64)


def threshold_operator(found: Found, spacing: int, x: IntRange) -> Threshold:
    """The operator, with no more levels than occur. A channel that never changes has a threshold above every x."""
    thresholds = found.thresholds
    if not thresholds.shape[1]:
        thresholds = np.full((len(found.first), 1), x.hi + x.step)
    ends = np.concatenate([found.first, found.last])
    lo, hi = int(ends.min()), int(ends.max())
    jump = _jump(found, spacing, lo)
    step = jump * spacing * np.where(found.direction == 0, 1, found.direction)
    levels = IntRange(lo, max(hi, lo + jump * spacing), jump * spacing)
    return Threshold(Tensor(thresholds[:, ::jump]), Tensor(found.first), Tensor(step), levels)


def _jump(found: Found, spacing: int, lo: int) -> int:
    """How many levels every channel always passes at once: 2 for a sign whose argument is never 0."""
    lanes, count = found.thresholds.shape
    for jump in range(min(count, MAX_JUMP), 1, -1):
        starts_agree = not ((np.concatenate([found.first, found.last]) - lo) % (jump * spacing)).any()
        if count % jump == 0 and starts_agree:
            together = found.thresholds.reshape(lanes, -1, jump)
            if bool((together == together[..., :1]).all()):
                return jump
    return 1


def _differences(codes: Codes, others: Sequence[Codes], thresholds: IntArray, x: IntRange) -> int:
    """Thresholds at or just below which one of the others differs from `codes`."""
    table = thresholds.T
    if not table.size:
        return 0
    at, below = np.clip(table, x.lo, x.hi), np.clip(table - x.step, x.lo, x.hi)
    differs = [(codes(p) != other(p)) & (table <= x.hi) for other in others for p in (at, below)]
    return int(np.any(differs, axis=0).sum()) if differs else 0


def _nudged(step: Step, x: IntRange) -> list[Step]:
    """The step on a sum that is a rounding error of float32 too small and too large; none if such sums are exact."""
    leaf = leaf_of(step)
    if not isinstance(leaf, Integers) or leaf.dtype != "float32" or _is_exact(leaf, x):
        return []
    size = combine(lambda s, o: max(abs(s * x.lo + o), abs(s * x.hi + o)) * SUM_ERROR, leaf.scale, leaf.offset)
    offsets = [combine(op, leaf.offset, size) for op in (sub, add)]
    nudged = [with_leaf(step, Integers(leaf.scale, offset, leaf.dtype)) for offset in offsets]
    return [s for s in nudged if isinstance(s, Step)]


def _is_exact(leaf: Integers, x: IntRange) -> bool:
    """Whether float32 holds every multiple of the scale up to the largest sum."""
    a, b, d = leaf.ratios
    peak = max(abs(int(p)) * max(abs(x.lo), abs(x.hi)) for p in a.used) + max(abs(int(q)) for q in b.used)
    powers = [int(v) & -int(v) for p in (a, b) for v in p.used if v]
    is_dyadic = all(int(v) & (int(v) - 1) == 0 for v in d.used)
    return is_dyadic and peak < 2**24 * min(powers, default=1)
