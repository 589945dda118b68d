"""Longest paths of stages and designs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mulfree
from mulfree.ir import IntRange, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl import Circuit, Design, Stream, cells
from mulfree.rtl.cell import Cell
from mulfree.rtl.cost import TARGETS
from mulfree.rtl.diminished_one import cells as ring_cells
from mulfree.rtl.stages import spatial_shift
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.registry import PRINTERS
from mulfree.rtl.timing import levels, longest_alone, longest_between_registers, longest_in, speed, stage_error
from mulfree.rtl.timing.calibration import table
from mulfree.rtl.timing.chain import added
from mulfree.rtl.timing.circuit import CELLS, arrival
from mulfree.rtl.timing.delays import cells_of
from mulfree.rtl.timing.signal import leaf
from mulfree.rtl.timing.stages import KINDS
from tests.rtl.cost.stages import binary_matrix

EXAMPLE = Path(mulfree.__file__).parent / "examples" / "digits.onnx"


@pytest.fixture(scope="module")
def design() -> Design:
    return mulfree.compile(str(EXAMPLE)).hardware.design


def test_every_kind_of_stage_has_its_paths() -> None:
    assert KINDS.keys() == PRINTERS.keys()


def test_every_cell_that_computes_has_its_paths() -> None:
    fixed = [cell for cell in vars(cells).values() if isinstance(cell, Cell)]
    made = [*fixed, cells.towards_zero(1), cells.encode(IntRange(0, 4, 2)), cells.from_index(IntRange(1, 2))]
    ring = DiminishedOne(8)
    words = [ring_cells.add(ring), ring_cells.turn(ring, 1, 2), ring_cells.digit(ring), ring_cells.add_digit(ring)]
    words += [
        ring_cells.rotate(ring, 1),
        ring_cells.encode(ring, IntRange(0, 9)),
        ring_cells.decode(ring, ring.centred),
    ]
    for cell in [*made, *words]:
        is_wiring = cell.moves is not None and cell.name not in CELLS
        assert cell.name in CELLS or is_wiring or cell.summation or cell.table, cell.name


@pytest.mark.parametrize("target", TARGETS)
def test_every_stage_has_levels(target: str, design: Design) -> None:
    assert all(levels(stage, target) >= 1 for stage in design.stages)


@pytest.mark.parametrize("target", TARGETS)
def test_a_step_of_division_is_one_chain_behind_the_sign(target: str) -> None:
    circuit = Circuit()
    x, a = circuit.input("x", IntRange(-100, 100)), circuit.input("a", IntRange(0, 15))
    circuit.output("y", circuit.drive(cells.towards_zero(1), x, a))
    steps = cells_of(target)
    at = arrival(steps, circuit, target, {wire.name: leaf(0.0, (1, wire.type.element_bits)) for wire in (x, a)})
    width = circuit.outputs["y"].type.element_bits
    chain = added(steps, width, leaf(0.0, (1, width)), leaf(steps.lut, (1, width))).latest
    assert at["y"].latest == chain


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


@pytest.mark.parametrize("target", ["xc7", "ice40", "ecp5"])
def test_registers_within_lanes_shorten_the_path(target: str) -> None:
    delays = speed(target).delays  # type: ignore[union-attr]
    found = [
        longest_between_registers(binary_matrix(16, 256, 2, 128, levels=n, target=target), target, delays)
        for n in (None, 4, 1)
    ]
    assert found[0] > 1.5 * found[1]
    assert found[0] > found[2]


@pytest.mark.parametrize("target", TARGETS)
def test_a_shift_whose_offsets_change_from_fold_to_fold_has_its_paths(target: str) -> None:
    """Few bits of a place are added up in tables on some targets, in chains on others."""
    type, offsets = TensorType((8, 5, 5), IntRange(0, 3)), [(i % 3 - 1, 1 - i // 3) for i in range(8)]
    stream = Stream("x", Value("x", type), raster_order(type.shape), 2, type)
    stage = spatial_shift("moved", stream, Value("y", type), np.array(offsets))
    assert levels(stage, target) >= 3


def test_a_kind_without_points_of_its_own_has_the_error_of_all(design: Design) -> None:
    del design
    whole = table()["targets"]["ice40"]["error"]
    found = stage_error("ice40", "no such kind")
    assert found is not None
    assert found.typical == whole["typical"]


def test_a_target_without_a_row_of_cells_counts_its_tables() -> None:
    assert cells_of("gowin" if "gowin" in TARGETS else "ice40").lut_inputs == 4
