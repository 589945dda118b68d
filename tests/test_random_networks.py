"""The whole way on random networks: definition = fast = onnxruntime, and a sample of them = Verilator."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mulfree
from mulfree.api import CompiledModel
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers, unrolled
from mulfree.compiler.pipeline import IntGraph
from mulfree.ir import AnyArray
from mulfree.sim.functional import FastNetwork
from mulfree.sim.patterns import ALWAYS, Pattern, bursty_pattern, random_pattern
from mulfree.sim.reference import run_graph
from tests.networks import Sample, networks

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
# Building a simulator takes seconds: a failing network is shown as it was drawn, without shrinking it.
HARDWARE = settings(QUICK, max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate], derandomize=True)


def random_folding(graph: IntGraph, random: Random) -> Folding:
    """Any lanes for every layer; one in four designs is unrolled."""
    if random.random() < 0.25:
        return unrolled(graph)
    layers = foldable_layers(graph).items()
    return {name: LayerFolding(random.choice(s.pe_choices()), random.choice(s.simd_choices())) for name, s in layers}


def compiled(sample: Sample, random: Random) -> CompiledModel:
    plain = mulfree.compile(sample.proto, inputs=sample.formats)
    folding = random_folding(plain.hardware.graph, random)
    return mulfree.compile(sample.proto, inputs=sample.formats, folding=folding)


def executors_agree(sample: Sample, random: Random) -> CompiledModel:
    """All executors, on the graph before and after its arithmetic is chosen, give what onnxruntime gives."""
    design, expected = compiled(sample, random), sample.runtime()
    given = design.model.to_integers(sample.feeds)
    for graph in (design.model.graph, design.hardware.graph):
        fast = FastNetwork(graph).run([given[v.name] for v in graph.inputs])
        for result in (run_graph(graph, given), dict(zip((v.name for v in graph.outputs), fast, strict=True))):
            equal(design.model.from_integers(result), expected)
    return design


def equal(ours: dict[str, AnyArray], theirs: dict[str, AnyArray]) -> None:
    assert list(ours) == list(theirs)
    for name, y in theirs.items():
        assert (ours[name].dtype, ours[name].shape) == (y.dtype, y.shape)
        np.testing.assert_array_equal(ours[name], y, err_msg=name)


def hardware_agrees(sample: Sample, random: Random) -> None:
    report = executors_agree(sample, random).cosimulate(sample.feeds, random_side(random), random_side(random))
    assert report.is_equal, str(report)


def random_side(random: Random) -> Pattern:
    seed = random.getrandbits(31)
    return random.choice([ALWAYS, random_pattern(0.2 + 0.7 * random.random(), seed), bursty_pattern(4, 9, seed)])


@QUICK
@given(networks(depth=4), st.randoms(use_true_random=False))
def test_every_executor_gives_what_onnxruntime_gives(sample: Sample, random: Random) -> None:
    executors_agree(sample, random)


@HARDWARE
@given(networks(depth=2, size=4), st.randoms(use_true_random=False))
def test_verilog_gives_the_values_in_the_cycles_of_the_models(sample: Sample, random: Random) -> None:
    hardware_agrees(sample, random)


@pytest.mark.nightly
@settings(QUICK, max_examples=500, derandomize=False, print_blob=True)
@given(networks(depth=8), st.randoms(use_true_random=False))
def test_every_executor_gives_what_onnxruntime_gives_for_many(sample: Sample, random: Random) -> None:
    executors_agree(sample, random)


@pytest.mark.nightly
@settings(HARDWARE, max_examples=100, derandomize=False, print_blob=True)
@given(networks(depth=5), st.randoms(use_true_random=False))
def test_verilog_gives_the_values_in_the_cycles_of_the_models_for_many(sample: Sample, random: Random) -> None:
    hardware_agrees(sample, random)
