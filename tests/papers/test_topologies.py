"""What the papers say of the networks' shapes."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb

import pytest

from mulfree.networks import Architecture, Role, aw_resnet, bi_real_resnet, caln, depth, parameters, resnet, ua_resnet
from mulfree.networks.dense import binary_densenet, ua_densenet
from mulfree.networks.grouped import reaf_order
from mulfree.networks.logic_trees import balanced

DEEP = (6, 8, 12, 6)


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        (bi_real_resnet(depth=18), 18),
        (bi_real_resnet(depth=34), 34),
        (resnet(depth=50), 50),
        (resnet(depth=101), 101),
        (ua_resnet(columns=3), 21),
        (ua_resnet(columns=4), 37),
        (ua_resnet(columns=5), 69),
        (ua_resnet(columns=3, blocks=(2, 2, 3, 2)), 41),
        (ua_resnet(columns=5, blocks=(2, 2, 3, 2)), 149),
        (binary_densenet(), 51),
        (binary_densenet(blocks=DEEP, transitions=(136, 196, 241)), 69),
        (ua_densenet(blocks=DEEP), 69),
    ],
    ids=lambda value: value.name if isinstance(value, Architecture) else str(value),
)
def test_a_network_is_as_deep_as_its_name_says(network: Architecture, layers: int) -> None:
    assert depth(network) == layers


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_a_fractal_has_so_many_convolutions(columns: int) -> None:
    network = ua_resnet(columns=columns, blocks=(1,), width=4)
    convolutions = [layer for layer in network.layers if any(w.role is Role.BINARY for w in layer.weights)]
    assert len(convolutions) == 2**columns - 1


def test_resnet_has_the_parameters_that_everyone_counts() -> None:
    counts = parameters(resnet(size=224, classes=1000))
    assert sum(count for role, count in counts.items() if role is not Role.SETTING) == 11_689_512


@pytest.mark.parametrize(("groups", "merged"), [(4, 3), (5, 2), (3, 1), (4, 4)])
def test_group_l_of_reaf_reads_the_lth_combination(groups: int, merged: int) -> None:
    order = reaf_order(2 * groups, groups, merged)
    width = 2 * merged
    for index, chosen in enumerate(combinations(range(groups), merged)):
        assert {channel // 2 for channel in order[index * width : (index + 1) * width]} == set(chosen)
    assert len(order) == comb(groups, merged) * width


@pytest.mark.parametrize(("reduction", "parts"), [(1, 2), (16, 1)])
def test_attention_adds_the_parameters_of_the_equation(reduction: int, parts: int) -> None:
    """Equation 7.9 with C1 = C2 = C and r_C1 = C / parts."""
    stages = ((64, 3), (128, 4), (256, 6), (512, 3))
    added = sum(blocks * attention_parameters(width, reduction, width // parts) for width, blocks in stages)
    with_it, without = aw_resnet(depth=50, reduction=reduction, parts=parts), resnet(depth=50)
    assert _total(with_it) - _total(without) == added


def attention_parameters(c: int, r: int, shared: int) -> Fraction:
    """P = C1^2 C2^2 / (r r_C1^2) + C1^2 C2 / (r r_C1) + 2 C1 C2 (1 / r + 1) / r_C1."""
    scale = Fraction(c, shared)
    return scale**2 * c**2 / r + scale * c**2 / r + 2 * scale * c * (Fraction(1, r) + 1)


def _total(network: Architecture) -> int:
    return sum(count for role, count in parameters(network).items() if role is not Role.SETTING)


@pytest.mark.parametrize("units", [1, 2, 5, 8])
def test_a_tree_holds_every_unit_once(units: int) -> None:
    codes = balanced(3, units)
    assert sorted(code for code in codes if code >= 0) == list(range(3, 3 + units))
    assert len(codes) == 2 * units - 1


def test_caln_has_the_convolutions_of_its_backbone() -> None:
    convolutions = [layer for layer in caln().layers if layer.operator == "Conv"]
    assert len([layer for layer in convolutions if "downsample" not in layer.name]) == 13
