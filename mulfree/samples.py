"""Data sets on the command line: read, drawn at random, and written."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError
from mulfree.sim.patterns import ALWAYS, Pattern, bursty_pattern, random_pattern

LABELS = ("y", "labels", "label")
"""Names under which an .npz file may hold the right answers."""


@dataclass(frozen=True)
class Samples:
    """Inputs by ONNX name, batch first, and the right answers if they are known."""

    inputs: Mapping[str, AnyArray]
    labels: AnyArray | None = None

    @property
    def count(self) -> int:
        return len(next(iter(self.inputs.values())))

    def __getitem__(self, part: slice) -> dict[str, AnyArray]:
        return {name: x[part] for name, x in self.inputs.items()}

    def first(self, count: int | None) -> Samples:
        part = slice(count)
        return Samples(self[part], None if self.labels is None else self.labels[part])


class Input(Protocol):
    """What samples must fit: a name, a shape whose first axis is the batch, a type."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> str: ...


class GraphInput(NamedTuple):
    """An input of a model as the file declares it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


def read_samples(path: Path, inputs: Sequence[Input]) -> Samples:
    """Arrays of an .npy or .npz file as a model's inputs: by their names, or `x` where there is one input.

    A sample may lack or add axes of length 1, and may have another type if all its values fit. Raises CompileError.
    """
    arrays = _load(path)
    labels = next((arrays.pop(name) for name in LABELS if name in arrays), None)
    names = [port.name for port in inputs]
    if len(names) == 1 and len(arrays) == 1:
        arrays = {names[0]: next(iter(arrays.values()))}
    if missing := [name for name in names if name not in arrays]:
        raise CompileError(f"{path}: holds {sorted(arrays)}, but the model takes {names}: {missing[0]} is missing")
    fitted = {port.name: _fitted(arrays[port.name], port, path) for port in inputs}
    if len({len(x) for x in [*fitted.values(), *([] if labels is None else [labels])]}) != 1:
        raise CompileError(f"{path}: the arrays do not have the same number of samples")
    return Samples(fitted, labels)


def random_samples(model: QuantisedModel, count: int, seed: int = 0) -> Samples:
    """Samples whose integers are drawn evenly from the range of each input."""
    random = np.random.default_rng(seed)
    types = {value.name: value.type for value in model.graph.inputs}
    inputs: dict[str, AnyArray] = {}
    for port in model.inputs:
        type = types[port.value]
        index = random.integers(0, type.range.count, (count, *port.shape[1:]))
        scale = float(type.scale) if not isinstance(type.scale, tuple) else 1.0
        inputs[port.name] = ((type.range.lo + type.range.step * index) * scale).astype(port.dtype)
    return Samples(inputs)


def write_npz(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write the file whole or not at all."""
    handle, name = _temporary(path, ".npz")
    os.close(handle)
    try:
        np.savez_compressed(name, allow_pickle=False, **dict(arrays))
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write the file whole or not at all."""
    handle, name = _temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _temporary(path: Path, suffix: str = "") -> tuple[int, str]:
    """An open file beside the one to be written."""
    if not path.parent.is_dir():
        raise CompileError(f"{path}: there is no folder {path.parent}; create it, or name another file")
    return tempfile.mkstemp(prefix=f".{path.name}-", suffix=suffix, dir=path.parent)


def accuracy(y: AnyArray, labels: AnyArray) -> float:
    """Share of samples whose largest output, or whose only one, is the label."""
    flat = y.reshape(len(y), -1)
    answers = flat.argmax(axis=1) if flat.shape[1] > 1 else flat[:, 0]
    return float((answers == labels.ravel()).mean())


def _load(path: Path) -> dict[str, AnyArray]:
    try:
        loaded = np.load(path, allow_pickle=False)
        return {"x": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CompileError(f"{path}: is no .npy or .npz file of numbers ({error})") from error


def _fitted(x: AnyArray, port: Input, path: Path) -> AnyArray:
    sample = port.shape[1:]
    if x.ndim == 0 or _squeezed(x.shape[1:]) != _squeezed(sample):
        raise CompileError(f"{path}: input '{port.name}' takes samples of shape {sample}, not {x.shape[1:]}")
    cast = x.astype(port.dtype)
    if cast.dtype.kind != "f" and not np.array_equal(cast, x):
        raise CompileError(f"{path}: input '{port.name}' is {port.dtype}, which does not hold every value")
    return cast.reshape(len(x), *sample)


def _squeezed(shape: Sequence[int]) -> list[int]:
    return [length for length in shape if length != 1]


def pattern(text: str, seed: int) -> Pattern:
    """`always`, `random`, `random:0.3`, `bursty` or `bursty:8:4` as a pattern of `mulfree.sim.patterns`."""
    kind, *numbers = text.split(":")
    try:
        values = [float(n) for n in numbers]
        match kind, values:
            case "always", []:
                return ALWAYS
            case "random", ([] | [_]):
                return random_pattern(values[0] if values else 0.5, seed)
            case "bursty", ([] | [_, _]):
                on, off = values or (8.0, 8.0)
                return bursty_pattern(on, off, seed)
            case _:
                raise ValueError("unknown")
    except ValueError:
        raise CompileError(f"'{text}' is no flow; write always, random:0.5 or bursty:8:8") from None
