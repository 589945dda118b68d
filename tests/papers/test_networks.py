"""Every network of the papers, small: a legal file, and compiled it computes what onnxruntime computes of it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import mulfree
from mulfree.ir import CompileError
from mulfree.networks import NETWORKS, Architecture, Role, describe, parameters, to_onnx
from mulfree.networks.architecture import CONTRACTIONS
from mulfree.networks.registry import defaults, parsed
from tests.trained import onnxruntime_run

FEW = {"size": 8, "classes": 5, "width": 4}
SMALL: dict[str, dict[str, Any]] = {
    "bi-real-resnet": FEW,
    "pa-resnet": FEW,
    "ua-resnet": FEW | {"blocks": (1, 1)},
    "binary-densenet": {"size": 8, "classes": 5, "growth": 4, "initial": 4, "blocks": (2, 1), "transitions": (6,)},
    "ua-densenet": {"size": 8, "classes": 5, "growth": 4, "initial": 4, "blocks": (2, 1), "transitions": (6,)},
    "reaf-resnet": FEW | {"depth": 18, "inputs": 8},
    "aw-resnet": FEW | {"stages": (1, 3)},
    "nasb-resnet": FEW | {"cells": 2},
    "shiftnet": FEW | {"blocks": 1},
    "sanet": FEW | {"blocks": 1},
    "lenet-min": {"size": 14, "classes": 5, "width": 3, "hidden": 10},
    "mini-cifar-min": {"size": 20, "classes": 5, "width": 2, "hidden": 10},
    "sam": {"inputs": 20, "width": 16, "taps": 3},
    "mac": {"inputs": 20, "width": 8},
    "caln": FEW | {"blocks": 1, "units": 5},
    "resnet": FEW,
}
"""Options with which each network is small enough to compile in seconds."""
NAMES = tuple(NETWORKS)
SEED, FRAMES = 3, 4


@cache
def small(name: str) -> Architecture:
    return describe(name, **SMALL[name])


@cache
def file(name: str) -> onnx.ModelProto:
    return to_onnx(small(name), SEED)


def pixels(architecture: Architecture) -> Any:
    return np.random.default_rng(SEED).integers(0, 256, (FRAMES, *architecture.source.shape)).astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_legal_and_has_the_shapes_of_the_architecture(name: str) -> None:
    onnx.checker.check_model(file(name))
    layers = small(name).layers
    found = all_values(file(name), pixels(small(name)))
    assert found == {layer.result.name: (FRAMES, *layer.result.shape) for layer in layers}


def all_values(model: onnx.ModelProto, x: Any) -> dict[str, tuple[int, ...]]:
    """Shapes of everything that onnxruntime computes."""
    names = [name for node in model.graph.node for name in node.output]
    told = onnx.ModelProto()
    told.CopyFrom(model)
    told.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n != model.graph.output[0].name)
    session = onnxruntime.InferenceSession(told.SerializeToString())
    return {name: np.shape(np.asarray(y)) for name, y in zip(names, session.run(names, {"input": x}), strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_compiled_it_computes_what_onnxruntime_computes(name: str) -> None:
    x = pixels(small(name))
    expected = onnxruntime_run(file(name).SerializeToString(), x)
    found = mulfree.compile(file(name)).simulate(x)
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(expected)) > FRAMES, "a constant result proves nothing"


@pytest.mark.parametrize("name", NAMES)
def test_the_file_holds_the_weights_that_are_counted(name: str) -> None:
    shapes = {t.name: t.dims for t in file(name).graph.initializer}
    contractions = [node for node in file(name).graph.node if node.op_type in CONTRACTIONS]
    held = sum(int(np.prod(shapes[node.input[1]])) * (2 if node.op_type == "SumMax" else 1) for node in contractions)
    counts: Counter[Role] = parameters(small(name))
    absent = sum(p.absent for layer in small(name).layers for p in layer.parameters)
    assert held - absent == counts[Role.BINARY] + counts[Role.PIECES] + counts[Role.REAL]


def test_a_seed_gives_the_same_file_every_time_and_another_seed_another() -> None:
    first, again, other = (to_onnx(small("sam"), seed).SerializeToString() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("name", NAMES)
def test_options_are_read_as_they_are_listed(name: str) -> None:
    for key, value in defaults(name).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert parsed(name, f"{key}={text}") == (key, value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("widht=3", "no option 'widht'; it has columns"),
        ("width=wide", "'wide' is no value for 'width'; give a whole number"),
        ("blocks=1,x", "give values with commas between them"),
    ],
)
def test_an_option_that_does_not_fit_is_named(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        parsed("ua-resnet", text)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vgg", {}, "there is no network 'vgg'; choose from bi-real"),
        ("ua-densenet", {"transitions": (4,)}, "4 stages need 3 transitions, not 1"),
        ("reaf-resnet", {"inputs": 70}, "70 channels do not form 4 groups"),
        ("nasb-resnet", {"cell": ("1:conv3",)}, "node 1 reads '1'"),
        ("nasb-resnet", {"cell": ("0:conv9",)}, "'conv9' is no operation; choose from zero"),
        ("sam", {"taps": 600}, "600 entries of 512 inputs"),
        ("lenet-min", {"size": 8}, "take a larger image"),
    ],
)
def test_a_network_that_cannot_be_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        describe(name, **options)
