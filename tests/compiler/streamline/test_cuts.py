"""Comparisons in the place of the host's first quantiser, against the steps of the model themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mulfree.compiler.streamline.cuts import GREATEST_FLOAT, Cuts, cuts_of
from mulfree.compiler.streamline.expression import Lanes
from mulfree.compiler.streamline.host import Quantiser
from mulfree.compiler.streamline.thresholds import code_function
from mulfree.ir import AnyArray
from tests.compiler.streamline.networks import Net, f, streamlined

Chain = Callable[[Net], str]
CHAINS: dict[str, Chain] = {
    "sign after an affine step": lambda net: net.bipolar(net("Sub", net("Mul", "x", f(2.0)), f(1.0))),
    "falling sign": lambda net: net.bipolar(net("Mul", "x", f(-0.3))),
    "ternary": lambda net: net.quant("x", f(0.7), 2, narrow=1),
    "two bits": lambda net: net.quant("x", f(0.1), 2, signed=0),
    "asymmetric": lambda net: net.quant("x", f(0.3), 2, 1.0),
}


def quantiser(chain: Chain) -> Quantiser:
    net = Net((4,))
    weights = np.ones((2, 4), np.float32)
    prologue = streamlined(net.proto(net("Gemm", chain(net), weights, transB=1))).inputs[0].prologue
    assert isinstance(prologue, Quantiser)
    return prologue


def floats(cuts: Cuts) -> AnyArray:
    """Of every magnitude, the extremes, and the neighbours of every cut."""
    bits = np.random.default_rng(0).integers(0, 2**32, 10_000, dtype=np.uint32)
    drawn = bits.view(np.float32)
    ends = np.array([GREATEST_FLOAT, 0], np.uint32).view(np.float32)
    near = [np.nextafter(cuts.at, np.float32(end)) for end in (-np.inf, np.inf)]
    x = np.concatenate([drawn[np.isfinite(drawn)], ends, -ends, cuts.at, *near]).astype(np.float32)
    return x[: len(x) // 4 * 4].reshape(-1, 4)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("name", CHAINS)
def test_cuts_give_the_codes_of_the_steps(name: str) -> None:
    prologue = quantiser(CHAINS[name])
    cuts = cuts_of(prologue.step, prologue.levels)
    assert cuts
    x = floats(cuts)
    steps = code_function(prologue.step, prologue.levels, Lanes.of(prologue.step, (4,)))
    np.testing.assert_array_equal(cuts(x), steps(x))
    np.testing.assert_array_equal(prologue(x), steps(x))
    assert len(np.unique(cuts(x))) == len(cuts.at) + 1


def test_many_levels_and_channels_of_their_own_are_computed_step_by_step() -> None:
    chains: list[Chain] = [
        lambda net: net.quant("x", f(0.1), 8),
        lambda net: net.bipolar(net("Sub", "x", f(1.0, 2.0, 3.0, 4.0))),
    ]
    for chain in chains:
        prologue = quantiser(chain)
        assert cuts_of(prologue.step, prologue.levels) is None
        assert prologue(np.array([[1.0, 1.0, 3.5, 3.5]], np.float32)).shape == (1, 4)


def test_what_is_no_number_is_left_to_the_steps() -> None:
    prologue = quantiser(CHAINS["ternary"])
    with pytest.raises(ValueError, match="no number"):
        prologue(np.full((1, 4), np.nan, np.float32))
