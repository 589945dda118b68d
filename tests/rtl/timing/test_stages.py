"""Longest paths of stages and designs."""

from dataclasses import replace
from pathlib import Path

import pytest

import mulfree
from mulfree.rtl import Design
from mulfree.rtl.cost import TARGETS
from mulfree.rtl.stages.registry import PRINTERS
from mulfree.rtl.timing import levels, longest_alone, longest_between_registers, longest_in, speed, stage_error
from mulfree.rtl.timing.calibration import table
from mulfree.rtl.timing.delays import cells_of
from mulfree.rtl.timing.stages import KINDS

EXAMPLE = Path(mulfree.__file__).parent / "examples" / "digits.onnx"


@pytest.fixture(scope="module")
def design() -> Design:
    return mulfree.compile(str(EXAMPLE)).hardware.design


def test_every_kind_of_stage_has_its_paths() -> None:
    assert KINDS.keys() == PRINTERS.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_every_stage_has_levels(target: str, design: Design) -> None:
    assert all(levels(stage, target) >= 1 for stage in design.stages)


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
def test_placed_targets_have_delays_with_their_error_on_stages_that_were_not_fitted(target: str) -> None:
    found = speed(target)
    assert found is not None
    assert found.error is not None
    assert found.error.points >= 20
    assert found.error.typical <= 0.2
    assert "placed" in found.meaning


def test_unplaced_delays_are_called_so_and_have_no_error() -> None:
    found = speed("xc7")
    assert found is not None
    assert "unplaced" in found.meaning
    assert found.error is stage_error("xc7", "fifo") is None
    assert speed("asic") is None


def test_registers_around_a_stage_add_to_its_path(design: Design) -> None:
    delays = speed("ice40").delays  # type: ignore[union-attr]
    for stage in design.stages:
        assert longest_between_registers(stage, "ice40", delays) >= longest_alone(stage, "ice40", delays)


@pytest.mark.parametrize("name", ["lut", "chain", "carry", "leave", "clock_to_out", "enable", "fan_out"])
def test_a_longer_delay_never_makes_a_path_shorter(name: str, design: Design) -> None:
    delays = speed("ecp5").delays  # type: ignore[union-attr]
    longer = replace(delays, **{name: getattr(delays, name) + 0.5})
    for before, after in zip(longest_in(design, "ecp5", delays), longest_in(design, "ecp5", longer), strict=True):
        assert after >= before - 1e-9


def test_a_kind_without_points_of_its_own_has_the_error_of_all(design: Design) -> None:
    del design
    whole = table()["targets"]["ice40"]["error"]
    found = stage_error("ice40", "no such kind")
    assert found is not None
    assert found.typical == whole["typical"]


def test_a_target_without_a_row_of_cells_counts_its_tables() -> None:
    assert cells_of("gowin" if "gowin" in TARGETS else "ice40").lut_inputs == 4
