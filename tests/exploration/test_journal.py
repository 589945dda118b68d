"""The file of points, and what may happen to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulfree.exploration.journal import Journal
from mulfree.ir import CompileError
from tests.exploration.networks import point


def test_points_are_read_as_they_were_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "folder")
    assert journal.read() == []
    written = [point("a"), point("b", accuracy=0.5, arithmetic=("shift_add",), adapt=("x:y=1",))]
    for each in written:
        journal.append(each)
    assert journal.read() == written


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_last_line_that_was_cut_off_is_taken_away(tmp_path: Path, kept: int) -> None:
    journal = Journal(tmp_path)
    journal.append(point("a"))
    with journal.path.open("a") as file:
        file.write(point("b").to_line()[:kept])
    assert journal.read() == [point("a")]
    journal.append(point("c"))
    assert journal.read() == [point("a"), point("c")]


def test_a_file_of_nothing_but_half_a_line_is_emptied(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.path.write_text(point("a").to_line()[:50])
    assert journal.read() == []
    assert journal.path.read_text() == ""


@pytest.mark.parametrize("line", ["{}", "[1]", "nonsense", '{"choice": {}}', "5"])
def test_a_line_that_is_no_point_is_named(tmp_path: Path, line: str) -> None:
    journal = Journal(tmp_path)
    journal.append(point("a"))
    with journal.path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CompileError, match="line 2: is no point"):
        journal.read()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompileError, match="choose another folder"):
        Journal(tmp_path / "file").read()
