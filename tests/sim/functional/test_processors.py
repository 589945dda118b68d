"""The kernels on processors other than this one, as far as code for them runs here: bit-equal on every path."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numba.core.registry import cpu_target

from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.families.power_of_two.operator import ShiftedSum
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.ir import IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Threshold
from mulfree.sim.functional.vector import has_byte_dot, rows_per_pass
from tests.sim.functional.layers import binary_cnn, binary_mlp, chain, check
from tests.sim.functional.test_fermat import check_forms as check_transformed
from tests.sim.functional.test_sum_max_listed import check_cases as check_listed

SIGNED, UNSIGNED, WIDE = IntRange(-128, 127), IntRange(0, 255), IntRange(-(2**20), 2**20)
HALVES = IntRange(-(2**15), 2**15 - 1)
INPUTS, BATCH = 37, 9
AVX512 = "+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"


@dataclass(frozen=True)
class Processor:
    """What numba is told, the flag of /proc/cpuinfo that it needs, and the path that the kernels take then."""

    name: str
    features: str
    needs: str
    path: str


PROCESSORS = (
    Processor("generic", "", "sse2", "2 rows, portable dot"),
    Processor("haswell", "+avx2", "avx2", "2 rows, portable dot"),
    Processor("skylake-avx512", AVX512, "avx512bw", "8 rows, portable dot"),
    Processor("cascadelake", f"{AVX512},+avx512vnni", "avx512_vnni", "8 rows, dot of bytes"),
)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the processors named here are x86-64")
@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda p: p.name)
def test_every_kernel_gives_its_definition_on(processor: Processor, tmp_path: Path) -> None:
    if not _runs_here(processor):
        pytest.skip(f"this machine does not run code for {processor.name}")
    steered = {
        "NUMBA_CPU_NAME": processor.name,
        "NUMBA_CPU_FEATURES": processor.features,
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    program = "from tests.sim.functional import test_processors as here; here.run_every_kernel()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **steered},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == processor.path


def _runs_here(processor: Processor) -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.exists() and processor.needs in flags.read_text().split()


def run_every_kernel() -> None:
    """The programme of the other process: every family's kernels against the definitions; prints the path taken."""
    check(binary_mlp(100, 40, 33, 10), BATCH)
    check(binary_cnn(40, 64, 50, 10), 2)
    check_listed()
    depthwise = MultiplyAccumulate(Tensor(_weights(-7, 7).array[:INPUTS, :1]), groups=INPUTS)
    shifts = ShiftedSum(_weights(-1, 1), exponents=_weights(-4, 1), rounding="half_up")
    for layer in (MinSelect(_weights(-127, 127)), shifts, _sum_max(), depthwise):
        _check(SIGNED, layer)
    _check(UNSIGNED, MinSelect(_weights(-127, 127)))
    _check(IntRange(0, 127), shifts, _levels(-99, 0, 50))
    _check(WIDE, _sum_max())
    for layer in (MinSelect(_weights(-999, 999)), shifts, MultiplyAccumulate(_weights(-999, 999))):
        _check(HALVES, layer)
    check_transformed()
    context = cpu_target.target_context
    print(f"{rows_per_pass(context)} rows, {'dot of bytes' if has_byte_dot(context) else 'portable dot'}")


def _check(x: IntRange, layer: Contraction, *levels: Threshold) -> None:
    check(chain(TensorType((INPUTS,), x), layer, *levels), BATCH)


def _levels(*table: int) -> Threshold:
    one, zero = (Tensor(np.array([value])) for value in (1, 0))
    return Threshold(Tensor(np.array([table])), zero, one, IntRange(0, len(table)))


def _weights(lo: int, hi: int) -> Tensor:
    return Tensor(_random(lo, hi))


def _random(lo: int, hi: int) -> IntArray:
    return np.random.default_rng(hi - lo).integers(lo, hi + 1, (INPUTS + 3, INPUTS, 1, 1))


def _sum_max() -> SumMax:
    kept = Tensor(np.maximum(_random(0, 1), np.arange(INPUTS).reshape(1, -1, 1, 1) == 0))
    return SumMax(_weights(-99, 99), w_min=_weights(-98, 99), kept=kept, kept_min=kept)
