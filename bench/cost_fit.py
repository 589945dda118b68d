"""Weights of least squared relative error, and how far off they are on what they were not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mulfree.rtl.cost import TARGETS, Calibration, Cost, Error, Terms
from mulfree.rtl.cost.calibration import Weights, with_tables
from mulfree.rtl.cost.gates import AREAS

HELD_OUT = 3
ROUNDS = 4
"""Of weighing the stages anew by how far off they are."""
SMALL = 8.0
"""Counts below this are compared absolutely: one LUT more or less is not 50 % of anything that matters."""
EXPECTED = {
    "carry_outs": 0.5,
    "logic_bits": 0.7,
    "constant_logic_bits": 0.3,
    "handshakes": 2.0,
}
"""LUTs that one of a term should take by its construction; a bit of anything else takes 1."""
EXPECTED_GATES = {"ffs": AREAS["DFF"], "gates": 1.0}
"""Gates of the same; those of anything else are not known."""
APART = {"luts": {"chains"}, "carries": {"tables", "chain_tables"}}
"""Amounts that a resource takes none of: targets differ in how many tables stand beside a carry."""
PULL = 0.01
"""How much a weight far from what is expected counts against a relative error: it decides where terms go together."""
FAR = 0.15
"""A relative error from which a stage counts less: one that synthesis finds something special in is not to bend all."""
MOST_OF_A_BIT = {"luts": 4.0, "carries": 2.0, "gates": 16.0}
"""The most that one bit of anything may weigh: what a few small stages suggest must not be stretched to large ones."""
MOST_OF_A_HANDSHAKE = {"luts": 6.0, "carries": 1.0, "gates": 24.0}
"""A handshake is of a few tables; every stage has one, so it would take what the other terms leave over."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One stage on one target: what it is, what the model sees, and what Yosys counted."""

    name: str
    terms: Terms
    counted: Cost


def resources(target: str) -> tuple[str, ...]:
    """What synthesis decides, the main one first."""
    return ("luts", "carries") if TARGETS[target].is_fpga else ("gates",)


def is_held_out(index: int) -> bool:
    """Of a kind, in the order of the sweep."""
    return index % HELD_OUT == 1


def fitted(target: str, points: Sequence[Point], memory: Weights, shared: Weights) -> dict[str, Any]:
    """A row of the table; the weights of constant memories are given, and those that all kinds have on average.

    These stand in for what no stage of the kind's sweep has.
    """
    fit = [p for i, p in enumerate(points) if not is_held_out(i)]
    held = [p for i, p in enumerate(points) if is_held_out(i)]
    unseen = {r: _unseen(points, shared.get(r, {})) for r in resources(target)}
    weights = {r: unseen[r] | weighed(fit, r, memory.get(r, {}), shared.get(r, {})) for r in resources(target)}
    model = Calibration(with_tables(weights, memory or weights), Error(0, 0, 0))
    row = stated(target, weights, memory or weights, held)
    return {
        **row,
        "points": len(points),
        "fit_error": _typical(model, fit, resources(target)[0]),
        "register_error": _typical(model, points, "ffs"),
    }


def _unseen(points: Sequence[Point], shared: Mapping[str, float]) -> dict[str, float]:
    """Weights of terms that none of the points has."""
    seen = {name for p in points for name, amount in p.terms.weighed.items() if amount}
    return {name: weight for name, weight in shared.items() if name not in seen and name != "ffs"}


def stated(target: str, weights: Weights, memory: Weights, held: Sequence[Point]) -> dict[str, Any]:
    """A row of given weights, with their errors on points that they were not fitted to."""
    model, main = Calibration(with_tables(weights, memory), Error(0, 0, 0)), resources(target)[0]
    off = [(_off(model, p, main), p.name) for p in held]
    worst, where = max(off, key=lambda found: abs(found[0]))
    return {
        "weights": {r: {n: round(w, 4) for n, w in terms.items()} for r, terms in weights.items()},
        "error": {"typical": _typical(model, held, main), "worst": round(worst, 4), "points": len(held)},
        "worst_stage": where,
        "points": len(held),
        "register_error": _typical(model, held, "ffs"),
        **({"carry_error": _typical(model, held, "carries")} if main == "luts" else {}),
    }


def _typical(model: Calibration, points: Sequence[Point], resource: str) -> float:
    return round(float(np.sqrt(np.mean([_off(model, p, resource) ** 2 for p in points]))), 4)


def _off(model: Calibration, point: Point, resource: str) -> float:
    estimated, counted = getattr(model.cost(point.terms), resource), getattr(point.counted, resource)
    return float((estimated - counted) / max(counted, SMALL))


def weighed(
    points: Sequence[Point], resource: str, memory: Mapping[str, float], shared: Mapping[str, float]
) -> dict[str, float]:
    """Bounded weights of least relative error, near those that are shared where that decides nothing.

    After P. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35, 1964.
    """
    amounts = [{**p.terms.weighed, **({"ffs": p.terms.known.ffs} if resource == "gates" else {})} for p in points]
    given = np.array([sum(memory.get(name, 0.0) * amount for name, amount in row.items()) for row in amounts])
    names = sorted(
        {name for row in amounts for name, amount in row.items() if amount} - memory.keys() - APART.get(resource, set())
    )
    counted = np.array([getattr(p.counted, resource) for p in points])
    given = given + np.array([getattr(p.terms.known, resource) for p in points])
    scale = 1 / np.maximum(counted, SMALL)
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in amounts]) * scale[:, None]
    pull = np.sqrt(PULL * (matrix**2).sum(axis=0))
    expected = np.array([shared.get(name, _expected(name, resource)) for name in names])
    most = np.array([_most(name, resource) for name in names])
    wanted = (counted - given) * scale
    solution = expected
    for _ in range(ROUNDS):
        trust = np.sqrt(np.minimum(1, FAR / np.maximum(np.abs(matrix @ solution - wanted), FAR)))
        rows = np.vstack([matrix * trust[:, None], np.diag(pull)])
        solution = _bounded(rows, np.concatenate([wanted * trust, pull * expected]), most)
    return {name: float(w) for name, w in zip(names, solution, strict=True) if w > 1e-4}


def _most(name: str, resource: str) -> float:
    if name == "handshakes":
        return MOST_OF_A_HANDSHAKE[resource]
    return MOST_OF_A_BIT[resource] if name.endswith("_bits") else np.inf


def _expected(name: str, resource: str) -> float:
    if resource == "luts":
        return EXPECTED.get(name, 1.0)
    return EXPECTED_GATES.get(name, 0.0) if resource == "gates" else 0.0


def _bounded(matrix: Floats, wanted: Floats, most: Floats) -> Floats:
    """Least squares over weights from 0 to `most`, coordinate by coordinate."""
    gram, right = matrix.T @ matrix, matrix.T @ wanted
    norms = np.maximum(gram.diagonal(), 1e-12)
    weights = np.zeros(len(right))
    for _ in range(20000):
        before = weights.copy()
        for i in range(len(weights)):
            weights[i] = min(most[i], max(0.0, weights[i] + (right[i] - gram[i] @ weights) / norms[i]))
        if np.abs(weights - before).max(initial=0) < 1e-9:
            break
    return weights
