"""From a design to a bitstream: stages joined, ports on a board's pins, what is absent or too large named."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from mulfree.backends.synth import BOARDS, DEVICES, Bounds, Settings, implement, place_and_route
from mulfree.backends.synth.bitstream import write_implementation
from mulfree.backends.synth.device import device_named
from mulfree.backends.synth.join import join_design, join_files
from mulfree.backends.verilog import to_verilog, top_name
from mulfree.ir import CompileError
from mulfree.rtl import Design
from tests.backends.designs import small_design

FAMILIES = {device.family.router.package: name for name, device in reversed(list(DEVICES.items()))}
"""The first device of each family."""


@pytest.fixture(scope="module")
def design() -> Design:
    return small_design()


def need(name: str) -> None:
    for program in (device_named(name).family.router, device_named(name).family.packer):
        pytest.importorskip(program.package, reason=f"pip install mulfree[{program.extra}]")


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_names_a_pin_for_each_port(name: str) -> None:
    board = BOARDS[name]
    text = board.constraints()
    assert len(set(board.pins.values())) == 3
    for port, pin in board.pins.items():
        assert any(port in line and pin in line for line in text.replace('"', " ").splitlines())


def test_a_design_on_a_board_becomes_a_bitstream(design: Design, tmp_path: Path) -> None:
    need("ice40-hx8k")
    placed = implement(design, "ice40-hx8k-b-evn")
    assert placed.meets_clock
    assert placed.wanted_mhz == 12
    assert placed.utilisation["SB_IO"].used == 3
    written = write_implementation(tmp_path / "out", design, placed)
    assert {Path(path).name for path in written.values()} == {
        f"{top_name(design)}_serial.{kind}" for kind in ("bin", "pcf", "sv")
    }
    # The header that every bitstream for iCE40 begins with, after its comment.
    assert b"\x7e\xaa\x99\x7e" in Path(written["bin"]).read_bytes()[:100]
    assert Path(written["pcf"]).read_text() == "set_io clk J3\nset_io rx B10\nset_io tx B12\n"


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["ulx3s-25f", "tang-nano-9k", "tang-nano-20k"])
def test_every_family_makes_bitstreams(design: Design, name: str) -> None:
    need(BOARDS[name].device.name)
    placed = implement(design, name)
    assert placed.meets_clock
    assert len(placed.files[BOARDS[name].device.family.bitstream]) > 10_000


def test_stages_joined_are_about_as_large_as_the_design_in_one_piece(design: Design, tmp_path: Path) -> None:
    family = device_named("ice40-hx8k").family
    joined = join_design(design, family, None, tmp_path, Settings())
    whole = cells_in_one_piece(design, tmp_path / "whole")
    assert joined["SB_LUT4"] == pytest.approx(whole["SB_LUT4"], rel=0.05)
    assert sum(n for cell, n in joined.items() if "SB_DFF" in cell) == pytest.approx(
        sum(n for cell, n in whole.items() if "SB_DFF" in cell), rel=0.02
    )


def cells_in_one_piece(design: Design, folder: Path) -> dict[str, int]:
    folder.mkdir()
    files = {name.removeprefix("rtl/"): text for name, text in to_verilog(design.for_target("ice40")).items()}
    return join_files(files, top_name(design), device_named("ice40-hx8k").family, folder, Settings())


def test_a_stage_that_takes_too_long_is_named(design: Design) -> None:
    need("ice40-hx8k")
    with pytest.raises(CompileError, match=r"stage '\w+' \(\w+\): not done after 0\.01 s; it has .* fold the layer"):
        implement(design, "ice40-hx8k", settings=Settings(Bounds(0.01), cache=False))


@pytest.mark.parametrize("package", FAMILIES)
def test_an_absent_package_is_named_with_the_command_that_brings_it(
    design: Design, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    find = importlib.util.find_spec

    def without(name: str, parent: str | None = None) -> ModuleSpec | None:
        return None if name == package else find(name, parent)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(CompileError, match=rf"needs the package {package.replace('_', '-')}: pip install 'mulfree\["):
        implement(design, FAMILIES[package])


def test_unknown_places_list_the_known_ones(design: Design) -> None:
    with pytest.raises(CompileError, match="device 'zx81' is unknown; take one of ice40-hx1k"):
        implement(design, "zx81")
    with pytest.raises(CompileError, match="device 'zx81' is unknown"):
        place_and_route({}, "top", "zx81")
