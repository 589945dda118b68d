"""`mulfree networks` and `mulfree tables` as a person or a script uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from typer.testing import CliRunner

from mulfree.__main__ import app
from mulfree.networks import NETWORKS


def run_json(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_networks_are_listed_with_their_options() -> None:
    listed = run_json("networks")
    assert list(listed) == list(NETWORKS)
    assert listed["ua-resnet"]["blocks"] == [1, 1, 1, 1]
    shown = CliRunner().invoke(app, ["networks"]).stdout
    assert all(name in shown for name in NETWORKS)


def test_a_network_is_written_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "sanet.onnx"
    options = ("--option", "width=4", "--option", "blocks=1", "--option", "size=16")
    counted = run_json("networks", "sanet", *options, "-o", str(path), "--seed", "2")
    model = onnx.load(path)
    onnx.checker.check_model(model)
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:] == [3, 16, 16]
    assert (counted["file"], counted["layers"]) == (str(path), len(model.graph.node))


def test_a_network_for_imagenet_is_counted_without_a_file() -> None:
    counted = run_json("networks", "resnet", "--option", "depth=50", "--option", "size=224", "--option", "classes=1000")
    assert counted["depth"] == 50
    assert counted["operations with real weights"] == pytest.approx(3.858e9, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vgg"], "there is no network 'vgg'"),
        (["resnet", "--option", "depth=19"], "'19' is no value for 'depth'; choose from 18, 34, 50, 101"),
        (["caln", "--option", "is_binary=maybe"], "say yes or no"),
    ],
)
def test_a_wrong_request_is_one_error(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["networks", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr


def test_tables_are_told_as_data_and_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "tables.md"
    told = run_json("tables", "--write", str(page))
    equal = [entry["is_equal"] for table in told["tables"] for entry in table["entries"]]
    assert (told["equal"], told["numbers"]) == (sum(equal), len(equal))
    assert "## Thesis 5.4" in page.read_text(encoding="utf-8")


def test_tables_show_what_differs_and_why() -> None:
    shown = CliRunner().invoke(app, ["tables"]).stdout
    assert "34.53 ≠ 34.52" in shown
    assert "the printed number is cut off, not rounded" in shown
