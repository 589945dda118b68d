"""A trained network of floats or of integers with its weights and rectified activations in pieces: ONNX to ONNX.

Layers are taken in order. Weights get the value of their piece; what a layer then makes of the calibration data is
brought back to what it makes of it in the original network, by a line for each channel (least squares), which
thresholds take in. The pieces of an activation are fitted to the network as it is so far, so that a later layer answers
for what an earlier one changed. A quantiser right behind such an activation is taken out: the pieces stand for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mulfree.compiler.families.piecewise.fit import ENDPOINTS, Pieces, activation_pieces, weight_pieces
from mulfree.compiler.families.piecewise.onnx_edits import NewLayer, edited
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.frontends.onnx.load import load_model
from mulfree.compiler.frontends.real import (
    Clip,
    Constant,
    Conv,
    Gemm,
    MatMul,
    MaxPool,
    Quant,
    Reshape,
    Transpose,
    Unary,
)
from mulfree.compiler.least_squares import Floats, lines
from mulfree.ir import AnyArray, CompileError, Graph, Node, RealType, Value

if TYPE_CHECKING:
    from onnx import ModelProto

RealGraph = Graph[RealType]
RealNode = Node[RealType]
RealValue = Value[RealType]
LAYERS = (Conv, Gemm, MatMul)
MOST_ACTIVATIONS = 7
FEWEST_BITS, MOST_BITS = 2, 12


@dataclass(frozen=True, slots=True)
class PiecewiseTensor:
    """What became of a layer's weights or of an activation: its pieces, and what that costs on the data.

    `error` is the root of the mean square of the difference, relative to that of the values.
    """

    name: str
    is_weights: bool
    pieces: Pieces
    error: float

    def to_dict(self) -> dict[str, Any]:
        pieces = self.pieces
        return {
            "name": self.name,
            "kind": "weights" if self.is_weights else "activation",
            "endpoints": pieces.endpoints.tolist(),
            "values": pieces.values.tolist(),
            "step": pieces.format.step,
            "relative_error": self.error,
        }

    def __str__(self) -> str:
        what = "weights of" if self.is_weights else "activation"
        return (
            f"{what} '{self.name}': {len(self.pieces.real) - 1} pieces and 0, relative error {self.error:.3f}; "
            f"{self.pieces.format}, which changes a value by {self.pieces.format.greatest_error:.3g} at most"
        )


@dataclass(frozen=True, slots=True)
class Products:
    """The constants phi = alpha_i beta_j of a layer in fixed point: the bound of their error, and the greatest.

    With errors of at most e_a and e_b of the factors, |phi' - phi| <= |alpha| e_b + |beta| e_a + e_a e_b.
    """

    layer: str
    bound: float
    error: float

    def __str__(self) -> str:
        return f"products of '{self.layer}': error {self.error:.3g} at most, bound {self.bound:.3g}"


@dataclass(frozen=True)
class PiecewiseNetwork:
    """The approximated model, which any ONNX runtime computes, and what was changed."""

    model: ModelProto
    tensors: tuple[PiecewiseTensor, ...]
    products: tuple[Products, ...]

    def __str__(self) -> str:
        return "\n".join(str(part) for part in (*self.tensors, *self.products))

    def to_dict(self) -> dict[str, Any]:
        return {
            "tensors": [tensor.to_dict() for tensor in self.tensors],
            "products": [asdict(products) for products in self.products],
        }


def approximate_piecewise(
    source: str | Path | bytes | ModelProto,
    x: Mapping[str, AnyArray],
    weights: int = 8,
    activations: int = 7,
    bits: int = 8,
) -> PiecewiseNetwork:
    """The network with so many pieces of weights and of activations, their values in so many bits.

    x are calibration inputs by name, batch first. Raises CompileError for numbers out of range, inputs that the model
    does not take, and a model without a layer or activation to approximate.
    """
    _check(weights, activations, bits)
    graph = import_onnx(source)
    walk = _Walk(graph, _rows(graph, x), weights, activations, bits)
    for node in graph.nodes:
        walk.visit(node)
    if not walk.made:
        raise CompileError(f"{graph.name}: has neither a layer with constant weights nor a Relu to approximate")
    model = edited(load_model(source).proto, walk.layers, walk.activations, walk.taken_out)
    return PiecewiseNetwork(model, tuple(walk.made), tuple(walk.products))


def _check(weights: int, activations: int, bits: int) -> None:
    if weights not in ENDPOINTS:
        raise CompileError(f"{weights} pieces of weights: choose from {', '.join(map(str, ENDPOINTS))}")
    if not 1 <= activations <= MOST_ACTIVATIONS:
        raise CompileError(f"{activations} pieces of activations: choose from 1 to {MOST_ACTIVATIONS}")
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise CompileError(f"{bits} bits for a value: choose from {FEWEST_BITS} to {MOST_BITS}")


def _rows(graph: RealGraph, x: Mapping[str, AnyArray]) -> dict[RealValue, list[AnyArray]]:
    """The samples one by one: a file may fix the size of its batch."""
    names = [value.name for value in graph.inputs]
    if sorted(names) != sorted(x):
        raise CompileError(f"{graph.name}: takes the inputs {names}; the calibration data holds {sorted(x)}")
    for value in graph.inputs:
        found, sample = x[value.name].shape, value.type.shape[1:]
        if found[1:] != sample or not found[0]:
            raise CompileError(f"input '{value.name}' takes one or more samples of shape {sample}; the data is {found}")
    return {value: [row[None] for row in x[value.name].astype(value.type.dtype)] for value in graph.inputs}


class _Walk:
    """Goes through the graph once, with the values of the original and of the approximated network for every sample."""

    def __init__(
        self, graph: RealGraph, rows: dict[RealValue, list[AnyArray]], weights: int, activations: int, bits: int
    ) -> None:
        self.exact, self.rows = dict(rows), dict(rows)
        self.count = len(next(iter(rows.values())))
        self.options = (weights, activations, bits)
        self.constants = {n.output: n.op.array for n in graph.nodes if isinstance(n.op, Constant)}
        self.last_reader = {value: node for node in graph.nodes for value in node.inputs}
        self.made: list[PiecewiseTensor] = []
        self.products: list[Products] = []
        self.layers: dict[str, NewLayer] = {}
        self.activations: dict[str, Pieces] = {}
        self.taken_out: list[str] = []
        self._pieces: dict[RealValue, Pieces] = {}
        """Of values that are activations in pieces, moved or pooled."""

    def visit(self, node: RealNode) -> None:
        if node.output in self.constants:
            return
        self.exact[node.output] = self._computed(node, self.exact)
        if isinstance(node.op, LAYERS) and node.inputs[1] in self.constants:
            self._layer(node)
        elif _is_rectifier(node, self.constants):
            self._activation(node)
        elif isinstance(node.op, Quant) and node.inputs[0] in self._pieces:
            self.rows[node.output] = self.rows[node.inputs[0]]
            self.taken_out.append(node.output.name)
            self._hand_on(node)
        else:
            self.rows[node.output] = self._computed(node, self.rows)
            self._hand_on(node)
        self._forget(node)

    def _layer(self, node: RealNode) -> None:
        count, _, bits = self.options
        name, exact = node.output.name, self.constants[node.inputs[1]]
        pieces = weight_pieces(exact, count, bits)
        approximated, line = pieces(exact), None
        y = self._computed(node, self.rows, {node.inputs[1]: approximated})
        if not _are_same(y, self.exact[node.output]):
            # A line takes the bias in, so that the sums themselves stay exact in floats.
            sums = self._computed(node, self.rows, {node.inputs[1]: approximated} | self._no_bias(node))
            line = _line(sums, self.exact[node.output], axis=1 if isinstance(node.op, Conv) else -1)
            y = [row * line[0] + line[1] for row in sums]
        self.rows[node.output], self.layers[name] = y, NewLayer(approximated, line)
        self.made.append(PiecewiseTensor(name, True, pieces, _error([approximated], [exact])))
        if before := self._pieces.get(node.inputs[0]):
            self.products.append(_products(name, pieces, before))

    def _no_bias(self, node: RealNode) -> dict[RealValue, AnyArray]:
        return {v: np.zeros_like(self.constants[v]) for v in node.inputs[2:] if v in self.constants}

    def _activation(self, node: RealNode) -> None:
        name, (_, count, bits), exact = node.output.name, self.options, self._computed(node, self.rows)
        try:
            pieces = activation_pieces(np.concatenate([row.ravel() for row in exact]), count, bits)
        except ValueError as problem:
            raise CompileError(f"activation '{name}' cannot be approximated: {problem} in the data") from None
        self.rows[node.output] = [pieces(row) for row in self.rows[node.inputs[0]]]
        self.activations[name] = self._pieces[node.output] = pieces
        self.made.append(PiecewiseTensor(name, False, pieces, _error(self.rows[node.output], exact)))

    def _computed(
        self,
        node: RealNode,
        rows: Mapping[RealValue, list[AnyArray]],
        instead: Mapping[RealValue, AnyArray] | None = None,
    ) -> list[AnyArray]:
        known = self.constants | dict(instead or {})
        operands = [[known[v]] * self.count if v in known else rows[v] for v in node.inputs]
        return [node.op.evaluate(*row) for row in zip(*operands, strict=True)]

    def _hand_on(self, node: RealNode) -> None:
        """What moves or pools the values of pieces gives values of these pieces."""
        if isinstance(node.op, Quant | MaxPool | Reshape | Transpose) and node.inputs[0] in self._pieces:
            self._pieces[node.output] = self._pieces[node.inputs[0]]

    def _forget(self, node: RealNode) -> None:
        """The values that nothing reads any more."""
        for value in node.inputs:
            if self.last_reader[value] is node:
                self.rows.pop(value, None)
                self.exact.pop(value, None)


def _line(sums: list[AnyArray], exact: list[AnyArray], axis: int) -> tuple[AnyArray, AnyArray]:
    """Gain and offset by channel, along `axis` of every sample: shaped to broadcast, of the sums' own type."""
    line = lines(_by_channel(sums, axis), _by_channel(exact, axis), otherwise=1.0)
    rank, dtype = sums[0].ndim, sums[0].dtype
    shape = [-1 if i == axis % rank else 1 for i in range(1, rank)]
    gain, offset = (part.astype(dtype).reshape(shape) for part in line)
    return gain, offset


def _by_channel(samples: list[AnyArray], axis: int) -> Floats:
    rows = [np.moveaxis(sample, axis, 0).reshape(sample.shape[axis], -1) for sample in samples]
    return np.concatenate(rows, axis=1).astype(np.float64)


def _are_same(y: list[AnyArray], exact: list[AnyArray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(y, exact, strict=True))


def _is_rectifier(node: RealNode, constants: Mapping[RealValue, AnyArray]) -> bool:
    match node.op:
        case Unary(kind="relu"):
            return True
        case Clip():
            least = constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
            return least is not None and bool((least == 0).all())
        case _:
            return False


def _error(approximated: list[AnyArray], exact: list[AnyArray]) -> float:
    pairs = list(zip(approximated, exact, strict=True))
    difference = sum(float(((a - b).astype(np.float64) ** 2).sum()) for a, b in pairs)
    return float(np.sqrt(difference / (sum(float((b.astype(np.float64) ** 2).sum()) for _, b in pairs) or 1.0)))


def _products(layer: str, weights: Pieces, activation: Pieces) -> Products:
    exact = np.multiply.outer(weights.real, activation.real)
    error = np.abs(np.multiply.outer(weights.values, activation.values) - exact).max()
    e_a, e_b = weights.format.greatest_error, activation.format.greatest_error
    bound = np.abs(weights.real).max() * e_b + np.abs(activation.real).max() * e_a + e_a * e_b
    return Products(layer, float(bound), float(error))
