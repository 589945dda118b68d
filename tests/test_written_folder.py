"""What `write_verilog` leaves behind: a folder that needs no mulfree, the same bytes every time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import mulfree
from tests.networks import random_network

SEEDS = (1, 33, 56)
"""A bottleneck and a depthwise layer; channels shuffled and padded; slices joined before a convolution."""

WRITE = """
import sys
from random import Random
import mulfree
from tests.networks import random_network
sample = random_network(Random(int(sys.argv[1])), 3, 5)
mulfree.compile(sample.proto, inputs=sample.formats).write_verilog(sys.argv[2], sample.feeds)
"""


def written(seed: int, folder: Path) -> Path:
    sample = random_network(Random(seed), 3, 5)
    return mulfree.compile(sample.proto, inputs=sample.formats).write_verilog(folder, sample.feeds)


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    """Its run script, without anything of Python's in the environment."""
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(["sh", "run.sh"], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_folder_checks_itself_under_icarus(tmp_path: Path, seed: int) -> None:
    if not shutil.which("iverilog"):
        pytest.skip("iverilog is not on PATH")
    folder = written(seed, tmp_path / "out")
    done = ran(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASS" in done.stdout
    vectors = next(folder.glob("vectors/m_axis*.hex"))
    lines = vectors.read_text().splitlines()
    vectors.write_text("\n".join([f"{int(lines[0], 16) ^ 1:0{len(lines[0])}x}", *lines[1:]]) + "\n")
    wrong = ran(folder)
    assert wrong.returncode != 0
    assert "PASS" not in wrong.stdout


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    for hash_seed in ("0", "1234"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent.parent)}
        command = [sys.executable, "-c", WRITE, str(SEEDS[0]), str(tmp_path / hash_seed)]
        subprocess.run(command, env=environment, check=True)
    first, second = (contents(tmp_path / hash_seed) for hash_seed in ("0", "1234"))
    assert any(name.endswith(".sv") for name in first)
    assert first == second
