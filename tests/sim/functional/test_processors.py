"""The kernels on processors other than this one, as far as code for them runs here."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from tests.sim.functional.layers import binary_cnn, binary_mlp, check
from tests.sim.functional.test_sum_max_listed import check_cases
check_cases()
check(binary_mlp(100, 40, 33, 10), 9)
check(binary_cnn(40, 64, 50, 10), 2)
"""
PROCESSORS = ["generic", "haswell", "skylake-avx512"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the processors named here are x86-64")
@pytest.mark.parametrize("processor", PROCESSORS)
def test_networks_are_exact_on(processor: str, tmp_path: Path) -> None:
    """With no features named, LLVM emits what every processor of this name runs."""
    if not _runs_here(processor):
        pytest.skip(f"this machine does not run code for {processor}")
    steered = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **steered}, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def _runs_here(processor: str) -> bool:
    needed = {"haswell": "avx2", "skylake-avx512": "avx512f"}.get(processor)
    flags = Path("/proc/cpuinfo")
    return needed is None or (flags.exists() and needed in flags.read_text().split())
