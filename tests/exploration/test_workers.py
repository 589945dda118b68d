"""Wherever points are measured, they are the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mulfree import CompileError, Space, explore
from mulfree.exploration import Point
from mulfree.exploration.cluster import Cluster
from mulfree.exploration.study import Study, read_study
from mulfree.exploration.workers import Processes, Workers
from tests.exploration.networks import RATES, dense_network, labelled_data

SPACE = Space(fps=[*RATES, 1e12], arithmetics=["cheapest"], targets=["xc7"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return read_study([str(dense_network(folder))], {}, data=str(labelled_data(folder)))


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="pip install mulfree[explore]")
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        yield str(cluster.scheduler_address)


def measured(workers: Workers, study: Study) -> list[Point]:
    """In the order of the space, without the time that it took."""
    choices = SPACE.choices(next(iter(study.models)))
    found = {point.choice: replace(point, seconds=0) for point in workers.measure(study, choices)}
    return [found[choice] for choice in choices]


def test_other_processes_measure_the_same(study: Study) -> None:
    assert measured(Processes(2), study) == measured(Processes(1), study)


def test_a_cluster_measures_the_same(study: Study, scheduler: str) -> None:
    assert measured(Cluster(scheduler), study) == measured(Processes(1), study)


def test_what_is_given_up_leaves_the_cluster_idle(study: Study, scheduler: str) -> None:
    some = iter(Cluster(scheduler).measure(study, SPACE.choices(next(iter(study.models)))))
    assert next(some).mulfree
    some.close()  # type: ignore[attr-defined]
    assert measured(Cluster(scheduler), study) == measured(Processes(1), study)


def test_a_worker_with_another_program_is_named(study: Study, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mulfree.exploration.digest.of_mulfree", lambda: "changed")
    with pytest.raises(CompileError, match=r"tcp://.*: has not this very mulfree, .*; install it there"):
        measured(Cluster(scheduler), study)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://no.such.host.invalid:8786"])
def test_a_scheduler_that_does_not_answer_is_named(folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="pip install mulfree[explore]")
    monkeypatch.setattr("mulfree.exploration.cluster.SECONDS", 1)
    with pytest.raises(CompileError, match=f"{address}: no Dask scheduler answers"):
        explore(dense_network(folder), SPACE, scheduler=address)


@pytest.mark.parametrize("address", ["abacus", "tcp://host", "tcp://host:port", ""])
def test_what_is_no_address_is_named(folder: Path, address: str) -> None:
    pytest.importorskip("distributed", reason="pip install mulfree[explore]")
    with pytest.raises(CompileError, match=f"'{address}' is no address of a Dask scheduler"):
        explore(dense_network(folder), SPACE, scheduler=address)


def test_without_dask_the_message_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CompileError, match=r"pip install 'mulfree\[explore\]'"):
        explore(dense_network(folder), SPACE, scheduler="tcp://127.0.0.1:8786")


DIES = """
import os, sys
import mulfree.exploration.bench
if __name__ == "__mp_main__":
    mulfree.exploration.bench.Bench.measure = lambda bench, choice: os._exit(9)
if __name__ == "__main__":
    from mulfree import CompileError, Space, explore
    try:
        explore(sys.argv[1], Space(fps=[1e6, 2e6]), processes=2)
    except CompileError as error:
        print(error)
"""


def test_a_process_that_dies_is_one_message(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    command = [sys.executable, str(tmp_path / "dies.py"), str(dense_network(folder))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.startswith("a process that measured designs ended before it was done")


INTERRUPTIBLE = """
import signal
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background may ignore it
    from mulfree.__main__ import main
    main()
"""


def has_ended(group: int) -> bool:
    """Whether every process of the group ends within half a minute."""
    for _ in range(300):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_an_interrupt_keeps_what_is_done_and_ends_the_processes(folder: Path, tmp_path: Path) -> None:
    model = str(dense_network(folder))
    rates = ",".join(str(1000 + i) for i in range(3000))
    arguments = ["explore", model, "-o", str(tmp_path), "--fps", rates, "--arithmetic", "cheapest", "--processes", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    started = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    while not (tmp_path / "points.jsonl").exists() or not (tmp_path / "points.jsonl").read_text():
        assert started.poll() is None
        time.sleep(0.1)
    os.killpg(started.pid, signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    assert has_ended(started.pid)
    done = (tmp_path / "points.jsonl").read_text().splitlines()
    assert 0 < len(done) < 3000
