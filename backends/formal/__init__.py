"""Proofs that what is printed is what is meant: every circuit of a design against the definition of its cells."""

from mulfree.backends.formal.equality import prove_equal
from mulfree.backends.formal.prove import (
    PROVEN,
    REFUTED,
    TIME_LIMIT_S,
    UNPROVEN,
    Proofs,
    UnitProof,
    prove,
    prove_units,
    units_of,
)
from mulfree.backends.formal.unit import Unit

__all__ = [
    "PROVEN",
    "REFUTED",
    "TIME_LIMIT_S",
    "UNPROVEN",
    "Proofs",
    "Unit",
    "UnitProof",
    "prove",
    "prove_equal",
    "prove_units",
    "units_of",
]
