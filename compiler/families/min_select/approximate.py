"""approximate-min-select: trained layers of products as min-select layers, and what that does to the results.

With mx = E|x| over calibration data and mw = E|w|, weights become w' = round(w mx / mw) (equation 12), and the sum of
products is taken to be gain * sum of mins(x, w') + offset; see `compiler.stand_in` for where the line goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mulfree.compiler.adaptation import Adaptation, names
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.stand_in import Site, replaced
from mulfree.ir import AnyArray, CompileError, Tensor


@dataclass(frozen=True, slots=True)
class ApproximatedLayer:
    """One layer: how much smaller its sums became, and how they correlate with the exact ones on the data."""

    name: str
    gain: float
    """Mean over the channels."""
    correlation: float

    def __str__(self) -> str:
        return (
            f"approximate-min-select: layer '{self.name}', gain {self.gain:.3g}, "
            f"correlation with the exact sums {self.correlation:.4f}"
        )


@dataclass(frozen=True)
class Approximated:
    """The model with layers replaced, and what became of its outputs on the calibration data."""

    model: QuantisedModel
    layers: tuple[ApproximatedLayer, ...]
    same_choice: Mapping[str, float]
    """By output: the share of samples whose largest element (of a single one: whose value) is the same."""


def approximate_min_select(
    model: QuantisedModel, x: Mapping[str, AnyArray], layers: Iterable[str] | None
) -> Approximated:
    """The model with the named layers of products, or all (None), as min-select; x are inputs of the model by name.

    Each layer is fitted to what it reads in the exact model. Raises CompileError for a name that is no layer of
    products, and for a layer whose approximation does not rise with it.
    """
    done = replaced(model, x, layers, "min-select", _min_select)
    described = tuple(ApproximatedLayer(n, float(s.gain.mean()), s.correlation) for n, s in done.layers.items())
    return Approximated(done.model, described, done.same_choice)


def _min_select(site: Site) -> MinSelect:
    mean_x = float(np.mean([np.abs(x).mean() for x, _ in site.observed()]))
    weights = site.layer.weights.array
    scaled = np.rint(weights * mean_x / max(np.abs(weights).mean(), 1e-9)).astype(np.int64)
    return MinSelect(Tensor(scaled), site.layer.window, site.layer.groups)


def _apply(model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel:
    if "layers" not in options:
        raise CompileError("approximate-min-select changes results: name the layers, layers=NAME,... or layers=all")
    done = approximate_min_select(model, x, **options)
    kept = [
        f"approximate-min-select: '{name}' chooses the same in {share:.2%}" for name, share in done.same_choice.items()
    ]
    return replace(done.model, notes=[*model.notes, *map(str, done.layers), *kept])


APPROXIMATE_MIN_SELECT = Adaptation("approximate-min-select", _apply, {"layers": names})
