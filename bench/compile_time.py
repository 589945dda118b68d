"""From an ONNX file to a folder of Verilog: time and memory, each network in a fresh Python process.

    python bench/compile_time.py [TFC LFC CNV digits UA-ResNet21 REAF-ResNet18]

Prints wall time, CPU time (with all threads and child processes) and peak resident memory of the process that
imports mulfree, compiles the file with the default folding, writes the folder and estimates what it takes; PASS or FAIL
against the targets. The networks of the papers have CIFAR's size and random weights.
Wall time means little on a machine that others use: the verdict is on CPU time, which is at least the wall time of
a machine with nothing else to do, because nothing here waits.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from common import Report, cpu_s, machine, model_path

from mulfree.networks import Architecture, describe, to_onnx


@dataclass(frozen=True)
class Case:
    model: Path | Architecture
    limit_s: float
    limit_gb: float = 2.0


CASES = {
    "TFC": Case(model_path("TFC_1W1A"), 5),
    "LFC": Case(model_path("bnnpynq_lfcW1A1"), 20),
    "CNV": Case(model_path("bnnpynq_cnvW1A1"), 20),
    "digits": Case(Path(str(files("mulfree") / "examples" / "digits.onnx")), 5),
    "UA-ResNet21": Case(describe("ua-resnet", width=53, columns=3), 60, 8),
    "REAF-ResNet18": Case(describe("reaf-resnet", depth=18), 60, 8),
}


def main(names: list[str]) -> None:
    print(machine(), "\n", flush=True)
    report = Report()
    for name in names:
        measure(report, name, CASES[name])
    report.finish()


def measure(report: Report, name: str, case: Case) -> None:
    with TemporaryDirectory() as folder:
        path = _file(case.model, Path(folder) / f"{name}.onnx")
        began = perf_counter()
        done = subprocess.run([sys.executable, __file__, "--compile", str(path)], capture_output=True, text=True)
        wall = perf_counter() - began
    if done.returncode:
        report.claim(False, f"{name}: {done.stderr.strip().splitlines()[-1]}")
        return
    told = json.loads(done.stdout)
    memory = told["peak_bytes"] / 1e9
    report.claim(
        told["cpu_s"] < case.limit_s and memory < case.limit_gb,
        f"{name}: {told['cpu_s']:.2f} s CPU, {wall:.2f} s wall (target {case.limit_s:g} s), {memory:.2f} GB "
        f"(target {case.limit_gb:g}); {told['files']} files, {told['bytes'] / 1e3:.0f} kB",
    )


def _file(model: Path | Architecture, made: Path) -> Path:
    """The model's file, written where there is none."""
    if isinstance(model, Path):
        return model
    made.write_bytes(to_onnx(model, seed=1).SerializeToString())
    return made


def compile_file(path: str) -> None:
    """In the fresh process: all the work, and what it took, as JSON."""
    import mulfree

    with TemporaryDirectory() as folder:
        compiled = mulfree.compile(path)
        compiled.write_verilog(Path(folder) / "hardware")
        compiled.estimate()
        written = [file for file in Path(folder).rglob("*") if file.is_file()]
        sizes = [file.stat().st_size for file in written]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"cpu_s": cpu_s(), "peak_bytes": peak, "files": len(written), "bytes": sum(sizes)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compile"]:
        compile_file(sys.argv[2])
    else:
        main(sys.argv[1:] or list(CASES))
