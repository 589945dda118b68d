"""Adaptations asked for in words."""

from __future__ import annotations

import pytest

from mulfree.compiler.adaptation import adapt
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.ir import CompileError
from tests.compiler.families.test_approximate import X, layers, model


def test_an_adaptation_is_applied_and_noted() -> None:
    exact = model()
    first, second = layers(exact)
    for request, expected in ((f"layers={second}", 1), (f"layers={first},{second}", 2), ("layers=all", 2)):
        found = adapt(exact, f"approximate-min-select:{request}", {"x": X})
        assert sum(isinstance(n.op, MinSelect) for n in found.graph.nodes) == expected
        assert len(found.notes) == len(exact.notes) + expected + 1


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("approximate", "'approximate' is no adaptation; choose from approximate-min-select, prune-sum-max, round"),
        ("approximate-min-select", "name the layers"),
        ("approximate-min-select:only=all", "'only=all' cannot be understood; write layers=..."),
        ("approximate-min-select:layers=pool", "'pool' is no layer of products"),
        ("prune-sum-max:kept=few", "'kept=few' cannot be understood; write threshold=..., kept=..., layers=..."),
        ("prune-sum-max", "give one of the two"),
        ("prune-sum-max:kept=9", "g has no sum-max layer"),
        ("round-weights:bits=4", "say bits=BITS, and layers=NAME,... or layers=all"),
        ("round-weights:bits=0:layers=all", "weights of 0 bits; give 1 to 16"),
        ("round-weights:bits=4:layers=pool", "'pool' is no layer of products"),
        ("round-activations:layers=all", "say bits=BITS"),
        ("round-activations:bits=17:layers=all", "activations of 17 bits; give 1 to 16"),
        ("round-activations:bits=2:layers=pool", "'pool' is no layer of thresholds"),
    ],
)
def test_what_cannot_be_done_says_what_can(request_: str, message: str) -> None:
    with pytest.raises(CompileError) as error:
        adapt(model(), request_, {"x": X})
    assert message in str(error.value)
