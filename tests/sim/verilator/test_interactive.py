from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mulfree.ir import CompileError
from mulfree.sim.verilator.interactive import interactive
from tests.sim.verilator.modules import REGISTER

pytestmark = pytest.mark.skipif(find_spec("pyverilator") is None, reason="pyverilator is not installed")


def slice_by_hand() -> Any:
    design = interactive({"slice.sv": REGISTER}, "slice")
    design.io.rst = 1
    design.clock.tick()
    design.io.rst = 0
    return design


def test_a_token_walks_through_a_register_by_hand() -> None:
    design = slice_by_hand()
    assert (design.io.s_ready, design.io.m_valid) == (1, 0)
    design.io.s_data = (1 << 69) + 5
    design.io.s_valid = 1
    design.clock.tick()
    assert (design.io.s_ready, design.io.m_valid, design.io.m_data) == (0, 1, (1 << 69) + 5)
    design.io.m_ready = 1
    assert design.io.s_ready == 1


def test_a_trace_names_the_signals(tmp_path: Path) -> None:
    design = slice_by_hand()
    design.start_vcd_trace(str(tmp_path / "slice.vcd"))
    design.io.s_valid = 1
    design.clock.tick()
    design.stop_vcd_trace()
    text = (tmp_path / "slice.vcd").read_text()
    assert "m_valid" in text
    assert "s_data" in text


def test_without_tcl_only_gtkwave_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("pyverilator", "tclwrapper")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tkinter", None)
    design = slice_by_hand()
    assert design.io.s_ready == 1
    design.start_vcd_trace(str(tmp_path / "slice.vcd"))
    with pytest.raises(CompileError, match="tclwrapper"):
        design.start_gtkwave()
    monkeypatch.undo()
