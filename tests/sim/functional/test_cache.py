"""Machine code that several processes left in numba's cache is the right one in the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = """
import sys
import numpy as np
from mulfree.ir import IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Threshold
from tests.sim.functional.layers import chain, check
layer = MultiplyAccumulate(Tensor(np.arange(-18, 18).reshape(9, 4, 1, 1)))
signs = Threshold(Tensor(np.array([[3]])), Tensor(np.array([0])), Tensor(np.array([1])), IntRange(0, 1))
networks = {"around": (signs,), "integers": (layer,), "bits": (layer, signs)}
for name in sys.argv[1:]:
    check(chain(TensorType((4,), IntRange(-100, 100)), *networks[name]), 40)
"""


def run(cache: Path, *networks: str) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": "."}
    subprocess.run([sys.executable, "-c", RUN, *networks], env=environment, check=True, cwd=Path(__file__).parents[3])


def test_kernels_cached_apart_work_together(tmp_path: Path) -> None:
    """A layer that ends in integers and one that ends in bits, each the first that its process compiles."""
    run(tmp_path, "around")
    run(tmp_path, "integers")
    run(tmp_path, "bits")
    run(tmp_path, "integers", "bits")
    run(tmp_path, "bits", "integers")
