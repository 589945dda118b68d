from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import CompileError
from mulfree.sim.reference import run_graph
from tests.compiler.frontends.onnx_models import model, node

W = np.arange(6, dtype=np.float32).reshape(3, 2)


def _saved(folder: Path, **entries: str) -> Path:
    """A model whose weights are where the entries say."""
    proto = model([node("MatMul", ["x", "w"])], {"x": [1, 3]}, constants={"w": W})
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    path = folder / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/w.bin").write_bytes(b"skip" + W.tobytes())
    graph = import_onnx(_saved(tmp_path, location="deep/w.bin", offset="4"))
    y = run_graph(graph, {"x": np.array([[1, 10, 100]], dtype=np.float32)})["y"]
    assert y.tolist() == [[420.0, 531.0]]


def test_onnx_s_own_external_files_are_read(tmp_path: Path) -> None:
    proto = model([node("MatMul", ["x", "w"])], {"x": [1, 3]}, constants={"w": W})
    onnx.save(proto, tmp_path / "net.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    graph = import_onnx(tmp_path / "net.onnx")
    assert run_graph(graph, {"x": np.ones((1, 3), dtype=np.float32)})["y"].tolist() == [[6.0, 9.0]]


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "inner/../../secret.bin", "link.bin", ""])
def test_files_outside_the_model_s_folder_are_not_read(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(W.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(CompileError, match="is outside the model's folder; move it beside the model"):
        import_onnx(_saved(folder, location=location))


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"location": "absent.bin"}, "'absent.bin' is missing; put it beside the model"),
        ({"location": "."}, "'.' is missing"),
        ({"location": "w.bin", "offset": "4"}, "ends before byte 28; it is truncated"),
        ({"location": "w.bin", "offset": "99999999999999999"}, "it is truncated"),
        ({"location": "w.bin", "offset": "-4"}, "'offset' of its external data is '-4', not a number"),
        ({"location": "w.bin", "offset": "x"}, "not a number"),
        ({"location": "w" * 5000}, "cannot be read: .*File name too long"),
        ({"location": "w\0.bin"}, "null byte"),
    ],
)
def test_data_that_is_not_there_is_an_error(tmp_path: Path, entries: dict[str, str], why: str) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    with pytest.raises(CompileError, match=why):
        import_onnx(_saved(tmp_path, **entries))


def test_a_model_without_a_path_has_no_folder(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    data = _saved(tmp_path, location="w.bin").read_bytes()
    with pytest.raises(CompileError, match=r"external file 'w.bin'; import the model by its path"):
        import_onnx(data)


def test_four_bit_weights_are_unpacked(tmp_path: Path) -> None:
    """Two to a byte, the first in the low half."""
    (tmp_path / "w.bin").write_bytes(bytes([0x2F, 0x08]))
    nodes = [node("DequantizeLinear", ["w", "s"], ["d"]), node("Add", ["x", "d"])]
    proto = model(nodes, {"x": [3]}, constants={"s": np.float32(1)}, opset=21)
    tensor = TensorProto(name="w", dims=[3], data_type=TensorProto.INT4, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="w.bin")
    proto.graph.initializer.append(tensor)
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    assert run_graph(import_onnx(path), {"x": np.zeros(3, dtype=np.float32)})["y"].tolist() == [-1.0, 2.0, -8.0]
