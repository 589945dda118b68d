"""Tensor data in files beside the model: only inside the model's own folder, and only as much as the tensor holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mulfree.compiler.frontends.real import storage
from mulfree.compiler.frontends.real.number_format import NARROW

if TYPE_CHECKING:
    from onnx import TensorProto


@dataclass(frozen=True, slots=True)
class External:
    """Reads external data below `folder`; None where the model came without a path."""

    folder: Path | None

    def read(self, tensor: TensorProto, dtype: str, size: int) -> TensorProto:
        """The tensor with its data inside. Raises ValueError if the data is not there or not allowed to be read."""
        from onnx import TensorProto

        entries = {entry.key: entry.value for entry in tensor.external_data}
        location, offset = entries.get("location", ""), _number(entries, "offset", 0)
        try:
            data = _read(self._locate(location), offset, byte_count(dtype, size))
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
            raise ValueError(f"the external file '{location}' cannot be read: {error}") from None
        return TensorProto(dims=tensor.dims, data_type=tensor.data_type, raw_data=data)

    def _locate(self, location: str) -> Path:
        if self.folder is None:
            raise ValueError(f"its data is in the external file '{location}'; import the model by its path")
        root = self.folder.resolve()
        path = (root / location).resolve()  # links are followed before the check
        if not location or Path(location).is_absolute() or not path.is_relative_to(root):
            raise ValueError(f"the external file '{location}' is outside the model's folder; move it beside the model")
        if not path.is_file():
            raise ValueError(f"the external file '{location}' is missing; put it beside the model")
        return path


def byte_count(dtype: str, size: int) -> int:
    """Bytes of raw data; formats below a byte are packed."""
    if dtype in NARROW:
        per_byte = 8 // int(dtype.lstrip("uint"))
        return -(-size // per_byte)
    return size * storage(dtype).itemsize


def _number(entries: dict[str, str], key: str, default: int) -> int:
    text = entries.get(key) or str(default)
    if not text.isdecimal() or len(text) > 19:
        raise ValueError(f"'{key}' of its external data is '{text}', not a number")
    return int(text)


def _read(path: Path, offset: int, count: int) -> bytes:
    if offset + count > path.stat().st_size:
        raise ValueError(f"the external file '{path.name}' ends before byte {offset + count}; it is truncated")
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(count)
