"""Exploring a small network: what is measured, found again, and refused."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import mulfree
from mulfree import CompileError, Space, explore
from mulfree.__main__ import app
from mulfree.exploration import Exploration, Point
from tests.exploration.networks import LABELLED, RATES, dense_network, labelled_data, point

DIGITS = Path(mulfree.__file__).parent / "examples" / "digits.onnx"
ROUND = "approximate-min-select:layers=first"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explored")


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    return dense_network(folder)


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    return labelled_data(folder)


SPACE = Space(fps=RATES, arithmetics=["cheapest", "shift_add"], adaptations=["none", ROUND], targets=["xc7", "asic"])


@pytest.fixture(scope="module")
def found(model: Path, data: Path) -> Exploration:
    return explore(model, SPACE, data=data, calibrate=data, processes=1)


def printed(command: str) -> dict[str, object]:
    program, *arguments = shlex.split(command)
    assert program == "mulfree"
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    read: dict[str, object] = json.loads(result.stdout)
    return read


def test_every_choice_becomes_a_point(found: Exploration) -> None:
    assert len(found.points) == 24
    assert found.designs == list(found.points)
    assert found.known == 0


def test_the_command_of_a_point_prints_its_numbers(found: Exploration) -> None:
    for each in found.points:
        estimate = printed(each.command)
        assert {name: estimate[name] for name in each.estimate} == each.estimate


def test_the_accuracy_is_that_of_the_network_as_it_was_adapted(found: Exploration) -> None:
    adapted = {p.choice.adapt: p for p in found.points}
    assert len(adapted) == 2
    for each in adapted.values():
        assert each.accuracy_command is not None
        simulated = printed(each.accuracy_command)
        assert (each.accuracy, each.samples) == (simulated["accuracy"], simulated["samples"])
    assert {p.accuracy for p in found.points} == {p.accuracy for p in adapted.values()}


def test_the_rate_is_the_one_that_is_reached() -> None:
    """A folding is made before arithmetics are chosen; one that is asked for may take more cycles."""
    (slow,) = explore(DIGITS, Space(fps=[1000.0], arithmetics=["fermat"]), processes=1).points
    assert slow.fps == mulfree.compile(DIGITS, fps=1000, arithmetic="fermat").estimate().fps < 1000
    assert slow.is_slower_than_asked
    assert not point(fps=100.0).is_slower_than_asked


def test_no_design_beats_one_on_the_front(found: Exploration) -> None:
    front = found.front()
    for target in ("xc7", "asic"):
        designs = [p for p in found.designs if p.choice.target == target]
        ours = [p for p in front if p.choice.target == target]
        assert ours
        for p in designs:
            beaten = any(at_least_as_good(q, p) and not at_least_as_good(p, q) for q in designs)
            assert (not beaten) == any(at_least_as_good(q, p) and at_least_as_good(p, q) for q in ours)


def at_least_as_good(a: Point, b: Point) -> bool:
    assert a.accuracy is not None
    assert b.accuracy is not None
    return a.area <= b.area and a.fps >= b.fps and a.accuracy >= b.accuracy


def test_what_is_not_accurate_enough_beats_nothing() -> None:
    points = (point("a", luts=10, accuracy=0.2), point("b", luts=20, accuracy=0.9), point("c", luts=30, accuracy=0.9))
    assert [p.key for p in Exploration(points).front()] == ["a", "b"]
    assert [p.key for p in Exploration(points).front(least_accuracy=0.5)] == ["b"]
    assert Exploration(points).front(least_accuracy=1.0) == []


def test_a_metric_that_is_not_measured_decides_nothing() -> None:
    points = (point("a", luts=10), point("b", luts=20))
    assert [p.key for p in Exploration(points).front(["area", "accuracy"])] == ["a"]
    with pytest.raises(CompileError, match="'size' is no metric; choose from area, fps"):
        Exploration(points).front(["size"])


def test_rates_at_the_clock_that_is_reckoned_with_can_be_compared() -> None:
    slow, fast = point("a", luts=10), point("b", luts=20)
    fast = replace(fast, estimate={**fast.estimate, "fmax_mhz": 300.0})
    assert (slow.metric("peak"), fast.metric("peak")) == (1500.0, 3000.0)
    assert Exploration((slow, fast)).front(["area", "fps"]) == [slow]
    assert Exploration((slow, fast)).front(["area", "peak"]) == [slow, fast]


def test_a_second_run_measures_only_what_is_missing(model: Path, data: Path, tmp_path: Path) -> None:
    small = Space(fps=RATES[:2], arithmetics=["cheapest"])
    first = explore(model, small, data=data, folder=tmp_path, processes=1)
    lines = (tmp_path / "points.jsonl").read_text()
    larger = Space(fps=RATES, arithmetics=["cheapest"])
    second = explore(model, larger, data=data, folder=tmp_path, processes=1)
    assert (first.known, second.known) == (0, 2)
    assert second.points[:2] == first.points
    assert (tmp_path / "points.jsonl").read_text().startswith(lines)
    assert len((tmp_path / "points.jsonl").read_text().splitlines()) == 3


def test_what_is_known_can_be_seen_without_measuring(model: Path, tmp_path: Path) -> None:
    first = explore(model, Space(fps=RATES[:2], arithmetics=["cheapest"]), folder=tmp_path, processes=1)
    seen = explore(model, Space(fps=RATES, arithmetics=["cheapest"]), folder=tmp_path, known_only=True)
    assert seen == Exploration(first.points, known=2)
    assert explore(model, known_only=True).points == ()


def test_another_program_measures_anew(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(fps=RATES[:1], arithmetics=["cheapest"])
    explore(model, space, folder=tmp_path, processes=1)
    monkeypatch.setattr("mulfree.exploration.digest.of_mulfree", lambda: "changed")
    assert explore(model, space, folder=tmp_path, processes=1).known == 0
    assert explore(model, space, folder=tmp_path, processes=1).known == 1


def test_other_data_and_other_models_are_other_points(model: Path, data: Path, tmp_path: Path) -> None:
    space = Space(fps=RATES[:1], arithmetics=["cheapest"])
    explored = tmp_path / "explored"
    whole = explore(model, space, data=data, folder=explored, processes=1)
    part = explore(model, space, data=data, limit=10, folder=explored, processes=1)
    none = explore(model, space, folder=explored, processes=1)
    assert [p.samples for e in (whole, part, none) for p in e.points] == [LABELLED, 10, 0]
    assert (part.known, none.known) == (0, 0)
    moved = tmp_path / "moved.onnx"
    moved.write_bytes(model.read_bytes())
    again = explore(moved, space, data=data, folder=explored, processes=1)
    assert again.known == 1
    assert str(moved) in again.points[0].command


def test_what_cannot_be_compiled_is_a_point_with_the_reason(model: Path, tmp_path: Path) -> None:
    found = explore(model, Space(fps=[1e6, 1e12], arithmetics=["cheapest"]), folder=tmp_path, processes=1)
    good, bad = found.points
    assert good.error is None
    assert bad.error is not None
    assert "cannot be reached" in bad.error
    assert found.designs == found.front() == [good]
    assert explore(model, Space(fps=[1e12], arithmetics=["cheapest"]), folder=tmp_path).points == (bad,)


def test_folding_files_are_known_by_what_they_hold(model: Path, tmp_path: Path) -> None:
    made = explore(model, Space(fps=RATES[:1], arithmetics=["cheapest"]), processes=1).points[0]
    file = tmp_path / "folding.json"
    file.write_text(json.dumps(made.folding))
    space = Space(foldings=["unrolled", str(file)], arithmetics=["cheapest"])
    unrolled, same = explore(model, space, folder=tmp_path, processes=1).points
    assert (same.estimate, same.folding) == (made.estimate, made.folding)
    assert printed(same.command)["fps"] == same.fps < unrolled.fps
    file.write_text(json.dumps(unrolled.folding))
    again = explore(model, space, folder=tmp_path, processes=1)
    assert again.known == 1
    assert again.points[1].estimate == unrolled.estimate


def test_another_file_of_the_network_is_compared_too(model: Path, data: Path, tmp_path: Path) -> None:
    other = str(dense_network(tmp_path, largest=1))
    space = Space(fps=RATES[:1], arithmetics=["cheapest"], other_models=[other])
    ours, theirs = explore(model, space, data=data, processes=1).points
    assert (ours.choice.model, theirs.choice.model) == (str(model), other)
    assert theirs.area < ours.area
    assert printed(theirs.command)["fps"] == theirs.fps


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Space(targets=["abacus"]), "target 'abacus' is unknown"),
        (Space(arithmetics=["product"]), "'product' is no arithmetic"),
        (Space(adaptations=["shrink"]), "'shrink' is no adaptation"),
        (Space(adaptations=[ROUND]), "adaptations fit to data"),
        (Space(foldings=["missing.json"]), "missing.json"),
        (Space(other_models=["missing.onnx"]), "missing.onnx"),
    ],
)
def test_a_space_that_is_wrong_is_refused_at_once(model: Path, space: Space, message: str) -> None:
    with pytest.raises((CompileError, OSError), match=message):
        explore(model, space, processes=1)


def test_data_that_says_nothing_about_accuracy_is_refused(model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "bare.npz", x=np.zeros((3, 16), np.float32))
    with pytest.raises(CompileError, match="holds no labels"):
        explore(model, Space(fps=[1e6]), data=tmp_path / "bare.npz")


def test_models_of_other_inputs_are_refused(model: Path) -> None:
    with pytest.raises(CompileError, match="give one network's files"):
        explore(model, Space(other_models=[str(DIGITS)]))
