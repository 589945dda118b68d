"""Get a model from where it is, and check that it is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mulfree.compiler.frontends.onnx.limits import MAX_FILE_BYTES
from mulfree.compiler.frontends.onnx.protobuf import canonical_domain
from mulfree.ir import CompileError

if TYPE_CHECKING:
    from onnx import ModelProto

OLDEST_OPSET, NEWEST_OPSET = 6, 27


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model, the name that errors give it, and the folder of its external data."""

    proto: ModelProto
    label: str
    folder: Path | None


def load_model(source: str | Path | bytes | ModelProto) -> Loaded:
    """Read and check a model. Raises CompileError if it cannot be read or is not a model."""
    loaded = _load(source)
    if not loaded.proto.HasField("graph"):
        raise CompileError(f"{loaded.label}: holds no graph; it is empty or truncated, export it again")
    return loaded


def opset_versions(loaded: Loaded) -> dict[str, int]:
    """Version per domain. Raises CompileError if that of ONNX itself is missing or cannot be read."""
    versions = {canonical_domain(o.domain): int(o.version) for o in loaded.proto.opset_import}
    if "" not in versions:
        raise CompileError(f"{loaded.label}: imports no ONNX opset; it is truncated, export it again")
    if not OLDEST_OPSET <= versions[""] <= NEWEST_OPSET:
        raise CompileError(
            f"{loaded.label}: opset {versions['']} is not one of {OLDEST_OPSET} to {NEWEST_OPSET}; convert the model "
            "with onnx.version_converter or export it at another opset"
        )
    return versions


def _load(source: str | Path | bytes | ModelProto) -> Loaded:
    if isinstance(source, bytes):
        return Loaded(_parsed(source, "model"), "model", None)
    if isinstance(source, str | Path):
        path = Path(source)
        return Loaded(_parsed(_contents(path), path.name), path.name, path.parent)
    return Loaded(source, source.graph.name or "model", None)


def _contents(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise CompileError(f"{path}: is not a file; give the path of an ONNX model")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CompileError(f"{path}: is larger than {MAX_FILE_BYTES} bytes; keep the weights in external data")
        return path.read_bytes()
    except OSError as error:
        raise CompileError(f"{path}: cannot be read: {error.strerror}") from None


def _parsed(data: bytes, label: str) -> ModelProto:
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        raise CompileError(f"{label}: is not an ONNX model, or is truncated; export it again") from None
    return model
