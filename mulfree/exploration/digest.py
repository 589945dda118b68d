"""SHA-256 of what points are measured on, so that a point is known to be of the same model and data."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import mulfree
from mulfree.samples import Samples

SOURCES = (".py", ".sv", ".json", ".cpp")

if TYPE_CHECKING:
    from onnx import ModelProto


def of_model(path: Path, inputs: Mapping[str, str]) -> str:
    """Of a model's file, its external data and the formats of its inputs. The file is one that has been imported."""
    from onnx import ModelProto

    contents = path.read_bytes()
    proto = ModelProto()
    proto.ParseFromString(contents)
    external = (path.parent.joinpath(name).read_bytes() for name in sorted(set(_external_files(proto))))
    return _sha256([contents, *external, json.dumps(inputs, sort_keys=True).encode()])


def _external_files(proto: ModelProto) -> Iterator[str]:
    for tensor in proto.graph.initializer:
        yield from (entry.value for entry in tensor.external_data if entry.key == "location")


def of_samples(samples: Samples) -> str:
    """Of values, shapes, types and names, whatever file they came from."""
    arrays = {**samples.inputs, "": np.zeros(0) if samples.labels is None else samples.labels}
    parts = [(f"{name} {x.dtype} {x.shape}".encode(), x.tobytes()) for name, x in sorted(arrays.items())]
    return _sha256(part for pair in parts for part in pair)


@cache
def of_mulfree() -> str:
    """Of the program itself: its modules, tables and library of hardware."""
    root = Path(mulfree.__file__).parent
    # Links are followed: in a source tree the layers are links.
    files = [Path(folder, name) for folder, _, names in os.walk(root, followlinks=True) for name in names]
    parts = [(path.relative_to(root).as_posix(), path) for path in files if path.suffix in SOURCES]
    return _sha256(part for name, path in sorted(parts) for part in (name.encode(), path.read_bytes()))


def of_file(path: Path) -> str:
    return _sha256([path.read_bytes()])


def of_data(data: Mapping[str, Any]) -> str:
    """Of what JSON can say."""
    return _sha256([json.dumps(data, sort_keys=True).encode()])


def _sha256(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(f"{len(part)} ".encode() + part)
    return found.hexdigest()
