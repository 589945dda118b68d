"""Small blocks of the papers' networks in hardware: paths of different latency meet, and no token is late."""

from __future__ import annotations

import numpy as np
import pytest

import mulfree
from mulfree.networks import to_onnx
from mulfree.networks.blocks import block
from mulfree.sim.patterns import random_pattern
from tests.trained import onnxruntime_run

WIDTH, SIZE, FRAMES = 4, 6, 3


@pytest.mark.parametrize("name", ["ua-resnet", "reaf", "aw", "nasb", "ua-dense"])
def test_a_block_gives_what_onnxruntime_gives_in_the_cycles_of_the_model(name: str) -> None:
    model = to_onnx(block(name, WIDTH, SIZE), seed=1)
    x = np.random.default_rng(1).integers(0, 256, (FRAMES, 3, SIZE, SIZE)).astype(np.uint8)
    compiled = mulfree.compile(model)
    expected = onnxruntime_run(model.SerializeToString(), x)
    np.testing.assert_array_equal(compiled.simulate(x), expected)
    assert len(np.unique(expected)) > 2, "a constant result proves nothing"
    report = compiled.cosimulate(x, random_pattern(0.7, 1), random_pattern(0.6, 2))
    assert report.is_equal, str(report)
