"""Train the example network on scikit-learn's handwritten digits and write it as QONNX.

    python bench/train_digits.py [FOLDER]

writes digits.onnx and digits.npz (500 images that were not trained on, and their labels) to mulfree/examples, or to
FOLDER. The same machine and library versions give the same bytes. Takes a minute or two.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from quantised_layers import Adam, Array, Conv, Dense, Flatten, Layer, Levels, MaxPool, Norm, Sign, bipolar, ternary
from sklearn.datasets import load_digits

from mulfree.compiler.frontends.bodies import attach_bodies

SEED, EPOCHS, BATCH, HELD_OUT = 7, 40, 32, 500
DOMAIN, OPSET = "qonnx.custom_op.general", 13
EXAMPLES = Path(__file__).parent.parent / "mulfree" / "examples"


def split_digits() -> tuple[Array, Array, Array, Array]:
    """Training images (n, 1, 8, 8) of 0..16 and labels, then those held out."""
    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.target))
    x, y = digits.images[order, None].astype(np.float32), digits.target[order]
    return x[HELD_OUT:], y[HELD_OUT:], x[:HELD_OUT], y[:HELD_OUT]


def network() -> list[Layer]:
    """Two ternary convolutions with two-bit activations, two binary dense layers."""
    random = np.random.default_rng(SEED)

    def latent(*shape: int) -> Array:
        return random.uniform(-1, 1, shape).astype(np.float32)

    return [
        *(Conv(latent(16, 1, 3, 3), ternary), Norm(16), Levels(0.5, 3), MaxPool()),
        *(Conv(latent(24, 16, 3, 3), ternary), Norm(24), Levels(0.5, 3), MaxPool()),
        *(Flatten(), Dense(latent(64, 96), bipolar), Norm(64), Sign()),
        Dense(latent(10, 64), bipolar),
    ]


def forward(layers: list[Layer], x: Array, training: bool = False) -> Array:
    for layer in layers:
        x = layer.forward(x, training)
    return x


def train(layers: list[Layer], x: Array, y: Array) -> None:
    """Cross-entropy of the logits over 8, with Adam and a rate that falls as a cosine."""
    random, adam = np.random.default_rng(SEED), Adam(layers)
    for epoch in range(EPOCHS):
        rate = 0.01 * (1 + np.cos(np.pi * epoch / EPOCHS)) / 2
        for batch in np.array_split(random.permutation(len(x)), len(x) // BATCH):
            gradient = loss_gradient(forward(layers, x[batch], training=True), y[batch])
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            adam.step(rate)


def loss_gradient(logits: Array, labels: Array) -> Array:
    scores = np.exp((logits - logits.max(axis=1, keepdims=True)) / 8)
    share = scores / scores.sum(axis=1, keepdims=True)
    share[np.arange(len(labels)), labels] -= 1
    return share / (8 * len(labels))


def accuracy(layers: list[Layer], x: Array, y: Array) -> float:
    return float((forward(layers, x).argmax(axis=1) == y).mean())


class Writer:
    """Collects the nodes and constants of a chain of layers."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: object) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def add(self, op: str, name: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [f"{name}_out"], name, domain=domain, **attributes))
        return f"{name}_out"

    def quant(self, name: str, x: str, scale: float, bits: int, signed: int, narrow: int = 0) -> str:
        operands = [self.constant(f"{name}_{k}", v) for k, v in (("scale", scale), ("zero", 0), ("bits", bits))]
        attributes = {"signed": signed, "narrow": narrow, "rounding_mode": "ROUND"}
        return self.add("Quant", name, x, *operands, domain=DOMAIN, **attributes)

    def bipolar_quant(self, name: str, x: str) -> str:
        return self.add("BipolarQuant", name, x, self.constant(f"{name}_scale", 1), domain=DOMAIN)

    def norm(self, name: str, x: str, norm: Norm) -> str:
        gamma, beta = norm.parameters
        named = {"gamma": gamma, "beta": beta, "mean": norm.mean, "variance": norm.variance}
        operands = [self.constant(f"{name}_{k}", v) for k, v in named.items()]
        return self.add("BatchNormalization", name, x, *operands, epsilon=norm.epsilon)

    def weights(self, name: str, layer: Dense) -> str:
        """The weights on their quantiser's grid, and that quantiser."""
        stored = self.constant(f"{name}_weights", layer.weights)
        if layer.quantise is bipolar:
            return self.bipolar_quant(f"{name}_weight_quant", stored)
        return self.quant(f"{name}_weight_quant", stored, 1, bits=2, signed=1, narrow=1)

    def layer(self, index: int, x: str, layer: Layer) -> str:
        """One layer as nodes; returns its result."""
        name = f"{type(layer).__name__.lower()}{index}"
        match layer:
            case Conv():
                return self.add("Conv", name, x, self.weights(name, layer), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            case Dense():
                return self.add("Gemm", name, x, self.weights(name, layer), transB=1)
            case Norm():
                return self.norm(name, x, layer)
            case Levels(step=step, top=top):
                return self.quant(name, x, step, top.bit_length(), signed=0)
            case Sign():
                return self.bipolar_quant(name, x)
            case MaxPool():
                return self.add("MaxPool", name, x, kernel_shape=[2, 2], strides=[2, 2])
            case _:
                return self.add("Flatten", name, x)


def to_onnx(layers: list[Layer]) -> onnx.ModelProto:
    """The network with a five-bit quantiser in front; input 0..16, output logits."""
    writer = Writer()
    x = writer.quant("pixels", "image", 1, bits=5, signed=0)
    for index, layer in enumerate(layers):
        x = writer.layer(index, x, layer)
    writer.nodes[-1].output[0] = "logits"
    ends = [
        helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8]),
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10]),
    ]
    graph = helper.make_graph(writer.nodes, "digits", ends[:1], ends[1:], writer.constants)
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    model = attach_bodies(
        helper.make_model(graph, opset_imports=imports, producer_name="mulfree/bench/train_digits.py")
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main(folder: Path) -> None:
    x, y, held_out, labels = split_digits()
    layers = network()
    train(layers, x, y)
    print(f"accuracy: {accuracy(layers, x, y):.4f} trained on, {accuracy(layers, held_out, labels):.4f} held out")
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(to_onnx(layers), folder / "digits.onnx")
    np.savez_compressed(folder / "digits.npz", x=held_out.astype(np.uint8), y=labels.astype(np.uint8))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
