"""Which choices a space has, and what is filled in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import mulfree
from mulfree.api import quantised
from mulfree.compiler.model import QuantisedModel
from mulfree.exploration import Choice, Space
from mulfree.exploration.defaults import RATES, filled
from mulfree.exploration.space import sampled

DIGITS = Path(mulfree.__file__).parent / "examples" / "digits.onnx"


@pytest.fixture(scope="module")
def digits() -> QuantisedModel:
    return quantised(DIGITS)


def test_every_way_to_fold_is_combined_with_every_alternative() -> None:
    space = Space(
        fps=[10.0, 5.0],
        luts=[500],
        foldings=["unrolled"],
        arithmetics=["cheapest", "and_popcount+shift_add"],
        adaptations=["none", "prune-sum-max:kept=9"],
        levels_per_stage=[None, 2],
        targets=["xc7", "asic"],
    )
    choices = space.choices("m.onnx")
    assert len(choices) == len(set(choices)) == 4 * 2 * 2 * 2 * 2
    assert [c.made_from() for c in choices[::16]] == ["fps 5", "fps 10", "luts 500", "unrolled"]
    assert {c.arithmetic for c in choices} == {(), ("and_popcount", "shift_add")}
    assert {c.adapt for c in choices} == {(), ("prune-sum-max:kept=9",)}


def test_the_default_goes_from_the_smallest_design_to_the_fastest(digits: QuantisedModel) -> None:
    rates = filled(Space(), digits).fps
    assert len(rates) == RATES
    assert list(rates) == sorted(rates)
    ratios = [b / a for a, b in pairwise(rates)]
    assert max(ratios) / min(ratios) < 1.1
    one_lane, fastest = (mulfree.compile(DIGITS, fps=fps).estimate().fps for fps in (1.0, rates[-1]))
    assert one_lane == pytest.approx(rates[0], rel=0.01)
    assert fastest >= rates[-1]
    with pytest.raises(mulfree.CompileError, match="cannot be reached"):
        mulfree.compile(DIGITS, fps=1.02 * rates[-1])


def test_the_default_has_every_arithmetic_that_is_exact_for_some_layer(digits: QuantisedModel) -> None:
    space = filled(Space(), digits)
    offered = mulfree.compile(DIGITS).alternatives()
    assert space.arithmetics[0] == "cheapest"
    assert {a.arithmetic.name for rows in offered.values() for a in rows} <= set(space.arithmetics)


def test_what_is_given_is_not_filled_in(digits: QuantisedModel) -> None:
    space = filled(Space(luts=[900], arithmetics=["shift_add"], targets=["asic"]), digits)
    assert (space.fps, space.arithmetics, space.targets) == ((), ["shift_add"], ["asic"])


def test_a_sample_is_drawn_by_its_seed() -> None:
    choices = [Choice(model="m", target="xc7", fps=float(i + 1)) for i in range(50)]
    drawn = sampled(choices, 5, seed=3)
    assert drawn == sampled(choices, 5, seed=3)
    assert drawn != sampled(choices, 5, seed=4)
    assert drawn == sorted(drawn, key=choices.index)
    assert sampled(choices, 50, seed=3) == sampled(choices, None, seed=3) == choices
