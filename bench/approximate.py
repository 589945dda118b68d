"""What min-select in the place of trained products costs, on networks that others trained.

    python bench/approximate.py [tfc lfc cnv brevitas digits]

For each network: every layer alone, then all of them, fitted to some images; then, on images that nothing was fitted
to, how often the answer is the exact network's, and how often it is right. Where an operand is only ever -1 and 1, as
in most layers here, the smaller magnitude times the sign is the product: nothing is lost, and the table says so.
CIFAR-10 is at hand as JPEG only, so CNV is compared with itself. Models and data: $MULFREE_MODELS (default ../shared).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import SHARED, cifar, machine, mnist, model_path, tfc_input

import mulfree
from mulfree.compiler.families.min_select.approximate import Approximated, approximate_min_select
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.samples import read_samples

ROW = "{:<28}{:>8}{:>13}{:>13}{:>10}"


def largest(y: AnyArray) -> AnyArray:
    return y.argmax(axis=1)


def last_set(y: AnyArray) -> AnyArray:
    """The rule of LFC's board: the class is the highest output that is set, else 0."""
    return np.where((y > 0).any(axis=1), y.shape[1] - 1 - (y[:, ::-1] > 0).argmax(axis=1), 0)


@dataclass(frozen=True)
class Case:
    """A network, what it is fitted to, what it is measured on, and the right answers if there are any."""

    path: str
    calibration: AnyArray
    x: AnyArray
    labels: AnyArray | None = None
    answers: Callable[[AnyArray], AnyArray] = largest


def main(names: list[str]) -> None:
    print(machine(), flush=True)
    for name in names:
        print(f"\n{name}\n" + ROW.format("layer as min-select", "gain", "correlation", "same answer", "right"))
        measure(CASES[name]())


def measure(case: Case) -> None:
    exact = mulfree.compile(case.path)
    y = np.asarray(exact.simulate(case.x))
    answers = case.answers(y)
    print(ROW.format("none", "", "", "", _right(y, case)), flush=True)
    layers = products(exact.model)
    for chosen in [*([layer] for layer in layers), None]:
        done, y = approximated(case, chosen)
        (first, *others) = done.layers
        name, gain, correlation = ("all", "", "") if others else (first.name, f"{first.gain:.3f}", first.correlation)
        print(
            ROW.format(
                name, gain, _four(correlation), _four(float((case.answers(y) == answers).mean())), _right(y, case)
            ),
            flush=True,
        )


def approximated(case: Case, layers: list[str] | None) -> tuple[Approximated, AnyArray]:
    done: list[Approximated] = []

    def adapt(model: QuantisedModel) -> QuantisedModel:
        done.append(approximate_min_select(model, {model.inputs[0].name: case.calibration}, layers))
        return done[0].model

    design = mulfree.compile(case.path, adapt=adapt)
    return done[0], np.asarray(design.simulate(case.x))


def products(model: QuantisedModel) -> list[str]:
    names = layer_names(model.graph)
    return [names[node.output] for node in model.graph.nodes if isinstance(node.op, MultiplyAccumulate)]


def _right(y: AnyArray, case: Case) -> str:
    return "" if case.labels is None else _four(float((case.answers(y) == case.labels).mean()))


def _four(share: float | str) -> str:
    return share if isinstance(share, str) else f"{share:.4f}"


def tfc() -> Case:
    images, labels = mnist()
    return Case(str(model_path("TFC_1W1A")), tfc_input(training()), tfc_input(images), labels)


def lfc() -> Case:
    images, labels = mnist()
    rows = (training().reshape(-1, 784).astype(np.float32), images.reshape(-1, 784).astype(np.float32))
    return Case(str(model_path("bnnpynq_lfcW1A1")), *rows, labels, last_set)


def cnv() -> Case:
    x = cifar(1064).astype(np.float32)
    return Case(str(model_path("bnnpynq_cnvW1A1")), x[1000:], x[:1000])


def brevitas() -> Case:
    images, labels = mnist()
    rows = (tfc_input(training()).reshape(-1, 784), tfc_input(images).reshape(-1, 784))
    return Case(str(model_path("brevitas_binary_mlp_ts")), *rows, labels)


def digits() -> Case:
    examples = Path(mulfree.__file__).parent / "examples"
    path = str(examples / "digits.onnx")
    samples = read_samples(examples / "digits.npz", mulfree.compile(path).model.inputs)
    (x,) = samples.inputs.values()
    assert samples.labels is not None
    return Case(path, x[:100], x[100:], samples.labels[100:])


def training(count: int = 256) -> AnyArray:
    """Images (N, 28, 28) that are not those of the test."""
    with np.load(SHARED / "data" / "mnist.npz") as data:
        images: AnyArray = data["x_train"][:count]
        return images


CASES: dict[str, Callable[[], Case]] = {f.__name__: f for f in (tfc, lfc, cnv, brevitas, digits)}

if __name__ == "__main__":
    main(sys.argv[1:] or list(CASES))
