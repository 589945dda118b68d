"""round-weights: trained layers of products with weights of fewer bits, and what that does to the results.

With t = 2^(bits - 1) - 1, weights become w' = round(w / s) within -t ... t (of one bit: their signs, 0 as +1), where
the step s is the one with the least sum of (w - s w')^2: of each output channel, if thresholds read the layer and so
take any gain in; else one whole number for the layer. See `compiler.stand_in` for what is fitted to data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mulfree.compiler.adaptation import Adaptation, names
from mulfree.compiler.least_squares import Floats
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.stand_in import Replaced, Site, StandIn, replaced
from mulfree.ir import AnyArray, CompileError, Tensor
from mulfree.ir.ops import MultiplyAccumulate

NAME = "round-weights"
MOST_BITS = 16
STEPS = 64
"""Tried for a channel, up to the one that its largest weight needs."""


def round_weights(
    model: QuantisedModel, x: Mapping[str, AnyArray], bits: int, layers: Iterable[str] | None
) -> Replaced:
    """The model with weights of so many bits in the named layers of products, or in all (None); x are inputs by name.

    A layer whose weights have no more bits stays as it is. Raises CompileError for bits that are not 1 to 16, for a
    name that is no layer of products, and for a layer whose rounded sums do not rise with the exact ones.
    """
    if not 1 <= bits <= MOST_BITS:
        raise CompileError(f"{NAME}: weights of {bits} bits; give 1 to {MOST_BITS}")
    return replaced(model, x, layers, NAME, lambda site: _rounded(site, bits))


def _rounded(site: Site, bits: int) -> MultiplyAccumulate:
    weights = site.layer.weights.array
    rows = weights.reshape(len(weights), -1).astype(np.float64)
    if np.abs(rows).max(initial=0) <= largest(bits) and (bits > 1 or rows.all()):
        return site.layer
    whole = _signs(rows) if bits == 1 else _in_steps(rows, largest(bits), site.is_absorbed)
    return replace(site.layer, weights=Tensor(whole.astype(np.int64).reshape(weights.shape)))


def largest(bits: int) -> int:
    """Magnitude of a weight; one bit says its sign."""
    return 2 ** (bits - 1) - 1 if bits > 1 else 1


def _signs(rows: Floats) -> Floats:
    return np.where(rows >= 0, 1.0, -1.0)


def _in_steps(rows: Floats, top: int, by_channel: bool) -> Floats:
    if by_channel:
        return np.stack([_nearest(row, top, np.linspace(0, np.abs(row).max() / top, STEPS + 1)[1:]) for row in rows])
    return _nearest(rows, top, np.arange(1.0, np.ceil(np.abs(rows).max() / top) + 1))


def _nearest(weights: Floats, top: int, steps: Floats) -> Floats:
    """The weights in the step, of these, with the least sum of squares of what is left."""
    if not weights.any():
        return weights
    rounded = [np.clip(np.rint(weights / step), -top, top) for step in steps]
    left = [float(((weights - step * whole) ** 2).sum()) for step, whole in zip(steps, rounded, strict=True)]
    best: Floats = rounded[int(np.argmin(left))]
    return best


def _described(name: str, stand_in: StandIn) -> str:
    now, was = (int(np.abs(layer.weights.array).max()) for layer in (stand_in.op, stand_in.layer))
    return (
        f"{NAME}: layer '{name}', largest weight {now} for {was}, gain {stand_in.gain.mean():.3g}, "
        f"correlation with the exact sums {stand_in.correlation:.4f}"
    )


def _apply(model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel:
    if "layers" not in options or "bits" not in options:
        raise CompileError(f"{NAME} changes results: say bits=BITS, and layers=NAME,... or layers=all")
    done = round_weights(model, x, **options)
    fitted = [_described(name, stand_in) for name, stand_in in done.layers.items()]
    kept = [f"{NAME}: '{name}' chooses the same in {share:.2%}" for name, share in done.same_choice.items()]
    return replace(done.model, notes=[*model.notes, *fitted, *kept])


ROUND_WEIGHTS = Adaptation(NAME, _apply, {"bits": int, "layers": names})
