"""What the benchmarks share: trained networks and data, the machine in words, clocks, and verdicts.

Models and data are looked for in $MULFREE_MODELS, else in the folder `shared` beside the repository.
"""

from __future__ import annotations

import io
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.ir import AnyArray

if TYPE_CHECKING:
    from onnx import ModelProto

SHARED = Path(os.environ.get("MULFREE_MODELS", Path(__file__).parents[2] / "shared"))


def model_path(name: str) -> Path:
    return SHARED / "models" / f"{name}.onnx"


def golden(name: str) -> dict[str, AnyArray]:
    """Inputs and reference outputs that another tool computed."""
    with np.load(SHARED / "golden" / f"{name}.npz") as data:
        return dict(data)


def mnist() -> tuple[AnyArray, AnyArray]:
    """The 10 000 test images (N, 28, 28), uint8, and their labels."""
    with np.load(SHARED / "data" / "mnist.npz") as data:
        return data["x_test"], data["y_test"]


def tfc_input(images: AnyArray) -> AnyArray:
    return (images / 255).astype(np.float32).reshape(-1, 1, 28, 28)


def cifar(count: int) -> AnyArray:
    """The first test images, (count, 3, 32, 32), uint8; from JPEG, so good for equality, not for accuracy."""
    from PIL import Image

    with np.load(SHARED / "data" / "cifar10_jpeg_test.npz") as data:
        ends = np.cumsum(data["test_len"][:count], dtype=np.int64)
        files = np.split(data["test_jpeg"].ravel()[: ends[-1]], ends[:-1])
    images = [np.asarray(Image.open(io.BytesIO(file.tobytes())).convert("RGB")) for file in files]
    return np.stack(images).transpose(0, 3, 1, 2)


def onnxruntime_outputs(model: Path | ModelProto, x: AnyArray) -> AnyArray:
    """The first output by onnxruntime, node by node, in batches of the size that the file declares."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    proto = attach_bodies(onnx.load(model) if isinstance(model, Path) else model).SerializeToString()
    session = onnxruntime.InferenceSession(proto, options, providers=["CPUExecutionProvider"])
    (feed, *_) = session.get_inputs()
    batch = feed.shape[0] if isinstance(feed.shape[0], int) else len(x)
    parts = [session.run(None, {feed.name: x[i : i + batch]})[0] for i in range(0, len(x), batch)]
    return np.concatenate(parts)


def machine(*packages: str) -> str:
    """Processor, cores, and versions, with the load while the benchmark began."""
    versions = [f"{name} {_version(name)}" for name in ("numpy", "numba", "onnx", *packages)]
    return (
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"{', '.join(versions)}"
    )


def _processor() -> str:
    import llvmlite.binding

    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()} ({llvmlite.binding.get_host_cpu_name()})"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def cpu_s() -> float:
    """CPU seconds of this process, its threads and its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass
class Report:
    """Prints one line per claim; `finish` ends the process with status 1 if one of them does not hold."""

    failed: list[str] = field(default_factory=list[str])
    _took: str = ""

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The next claim's line says how long this took."""
        cpu, wall = cpu_s(), perf_counter()
        yield
        self._took = f"  [{cpu_s() - cpu:.1f} s CPU, {perf_counter() - wall:.1f} s wall]"

    def claim(self, is_true: bool, what: str) -> None:
        if not is_true:
            self.failed.append(what)
        print(f"{'PASS' if is_true else 'FAIL'}  {what}{self._took}", flush=True)
        self._took = ""

    def finish(self) -> None:
        print(f"\n{len(self.failed)} failed" if self.failed else "\nall passed")
        sys.exit(bool(self.failed))
