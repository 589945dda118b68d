"""The page, the pictures and the tables of an exploration."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mulfree.exploration import Exploration
from mulfree.exploration.page import to_html, write_page
from mulfree.exploration.picture import pictures
from mulfree.exploration.table import counts, errors, front_tables, options_of, unit, varying
from mulfree.ir import CompileError
from tests.backends.test_report import Tags
from tests.exploration.networks import failed, point

BY = ("area", "fps", "accuracy")


@pytest.fixture
def found() -> Exploration:
    points = [
        point("a", luts=100, fps=1e3, accuracy=0.9),
        point("b", luts=900, fps=1e5, accuracy=0.9),
        point("c", luts=950, fps=1e4, accuracy=0.9, adapt=("none < all",)),
        point("d", luts=50, fps=1e4, accuracy=0.7, arithmetic=("shift_add",)),
        failed("e", "layer <conv> is too large"),
    ]
    return Exploration(tuple(points), known=2)


def test_every_point_is_on_the_page_with_its_command(found: Exploration) -> None:
    text, tags = to_html(found, found.front(), BY, ""), Tags()
    tags.feed(text)
    assert not tags.open
    assert not tags.references
    assert text.count("<code>mulfree estimate m.onnx</code>") == len(found.points) + len(found.front())
    assert "layer &lt;conv&gt; is too large" in text
    assert "none &lt; all" in text


def test_points_are_counted(found: Exploration) -> None:
    text = counts(found, found.front())
    assert text.startswith("5 points, 2 of them known before: 3 on the front, 1 that are not, 1 that cannot")
    assert errors(found) == ["1 of 5 points: layer <conv> is too large"]


def test_options_that_are_the_same_everywhere_are_left_out(found: Exploration) -> None:
    assert varying(found.points) == ["asked for", "arithmetic", "adaptation"]
    assert options_of(point(fps=99.0))["asked for"] == "fps 100, missed"


def test_long_options_are_letters_in_the_table(found: Exploration) -> None:
    request = "round-weights:bits=1:layers=all"
    points = (point("a", adapt=(request,)), point("b", luts=9, adapt=(request,)), point("c", luts=5, fps=9.0))
    *tables, legend = front_tables(Exploration(points), points, BY)
    assert legend == f"A: {request}"
    assert len(tables) == 1
    assert list(tables[0].columns[1].cells) == ["A", "A", "none"]


def test_the_unit_of_areas_is_said() -> None:
    assert unit("asic") == "NAND2 equivalents"
    assert unit("xc7") == "LUTs of logic and memory, a block memory as 128"


def test_pictures_are_files_that_a_second_run_makes_again(found: Exploration, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pip install mulfree[explore]")
    message = write_page(found, found.front(), BY, tmp_path)
    assert message == f"written to {tmp_path}: exploration.html, front.svg, front.png"
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first["front.png"].startswith(b"\x89PNG")
    texts = {e.text for e in ElementTree.fromstring(first["front.svg"]).iter("{http://www.w3.org/2000/svg}text")}
    assert {"frames per second at 100 MHz", "right answers, %", "xc7: area against rate"} <= texts
    assert b"<svg" in first["exploration.html"]
    write_page(found, found.front(), BY, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_each_target_has_a_panel_of_its_own() -> None:
    pytest.importorskip("matplotlib", reason="pip install mulfree[explore]")
    two = Exploration((point("a"), point("b", target="asic"), point("c", target="asic", arithmetic=("shift_add",))))
    svg = pictures(two, two.front())["front.svg"].decode()
    assert "xc7: area against rate" in svg
    assert "asic: area against rate" in svg
    assert {"arithmetic", "cheapest", "shift_add"} <= set(re.findall(r">([a-z_]+)</text>", svg))


def test_without_matplotlib_the_page_is_written_and_says_so(
    found: Exploration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'mulfree[explore]'" in write_page(found, found.front(), BY, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["exploration.html"]


def test_where_nothing_compiles_the_page_says_why(tmp_path: Path) -> None:
    write_page(Exploration((failed("e", "too large"),)), [], BY, tmp_path)
    assert "too large" in (tmp_path / "exploration.html").read_text()


def test_a_page_where_a_file_stands_is_refused(found: Exploration, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CompileError, match="choose another folder"):
        write_page(found, found.front(), BY, tmp_path / "file")
