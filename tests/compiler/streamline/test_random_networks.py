"""Random small networks: what the integers mean is what the imported operators compute, sample by sample."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.sim.reference import run_graph
from tests.compiler.streamline.networks import streamlined
from tests.networks import Sample, networks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(networks(depth=5))
def test_random_networks_mean_what_the_model_computes(sample: Sample) -> None:
    ours, graph = streamlined(sample.proto, sample.formats).run(sample.feeds), import_onnx(sample.proto)
    for frame in range(len(sample.feeds["x"])):
        theirs = run_graph(graph, {name: x[frame : frame + 1] for name, x in sample.feeds.items()})
        for name, y in theirs.items():
            np.testing.assert_array_equal(ours[name][frame : frame + 1], y)
