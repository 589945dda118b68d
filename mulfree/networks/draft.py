"""An architecture under construction: every method adds one layer and returns its result.

The same few layers make up all networks. Quantisers are those of QONNX with powers of two as scales, so that float32
computes integers exactly.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from math import floor, log2, prod, sqrt

import numpy as np

from mulfree.networks.architecture import Architecture, Attribute, Feature, Layer
from mulfree.networks.constants import BINARY, REAL, Parameter, Role, Weights, fixed, norm_rows, number, whole

QONNX = "qonnx.custom_op.general"
MULFREE = "mulfree"
PIXEL_RMS = 148.0
"""Of bytes that are all as likely."""


class Draft:
    """The network `name` for bytes of the given shape, without the batch."""

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.name = name
        self.layers: list[Layer] = []
        self.source = Feature("input", shape, PIXEL_RMS)
        self._places: list[str] = []
        self._taken: dict[str, int] = {}

    @contextmanager
    def place(self, name: str) -> Generator[None]:
        """Layers that are added inside are called after it."""
        self._places.append(name)
        yield
        self._places.pop()

    def architecture(self, result: Feature) -> Architecture:
        return Architecture(self.name, self.source, tuple(self.layers), result)

    def add(
        self,
        operator: str,
        *operands: Feature | Parameter,
        shape: Sequence[int] | None = None,
        rms: float | None = None,
        domain: str = "",
        attributes: Mapping[str, Attribute] | None = None,
    ) -> Feature:
        """One operator; shape and magnitude are those of the first operand unless given."""
        first = operands[0]
        name = self._name(operator)
        result = Feature(name, tuple(shape or first.shape), first.rms if rms is None else rms)
        self.layers.append(Layer(name, operator, operands, result, domain, attributes or {}))
        return result

    def _name(self, operator: str) -> str:
        base = ".".join((*self._places, operator))
        self._taken[base] = self._taken.get(base, 0) + 1
        return base if self._taken[base] == 1 else f"{base}.{self._taken[base]}"

    def pixels(self) -> Feature:
        """The bytes of the input, as float32."""
        return self.add("Cast", self.source, attributes={"to": 1})

    def conv(
        self,
        x: Feature,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        weights: Weights = BINARY,
        dilation: int = 1,
        groups: int = 1,
    ) -> Feature:
        """A convolution that keeps the size of the map but for its stride; its kernel is odd."""
        taken = weights.of(outputs, x.channels // groups, kernel, kernel)
        rms = sqrt(prod(taken.shape[1:])) * x.rms * taken.rms
        return self.window("Conv", x, outputs, kernel, stride, taken, dilation=dilation, groups=groups, rms=rms)

    def window(
        self,
        operator: str,
        x: Feature,
        outputs: int,
        kernel: int,
        stride: int,
        *operands: Feature | Parameter,
        rms: float,
        dilation: int = 1,
        groups: int = 1,
        is_padded: bool = True,
        domain: str = "",
        attributes: Mapping[str, Attribute] | None = None,
    ) -> Feature:
        """Any operator over windows of a map, with the attributes of a Conv; unless padded, of whole windows only."""
        pad = dilation * (kernel // 2) if is_padded else 0
        if is_padded and kernel % 2 == 0:
            raise ValueError(f"kernel {kernel} has no middle; take an odd one")
        space = [(n + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1 for n in x.shape[1:]]
        if min(space) < 1:
            raise ValueError(f"a kernel of {kernel} does not fit a map of {x.shape[1:]}; take a larger image")
        steps = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "dilations": [dilation] * 2}
        settings = {**steps, "pads": [pad] * 4, "group": groups, **(attributes or {})}
        return self.add(operator, x, *operands, shape=(outputs, *space), rms=rms, domain=domain, attributes=settings)

    def dense(self, x: Feature, outputs: int, weights: Weights = REAL) -> Feature:
        """x (K,) times weights, plus biases."""
        taken, bias = weights.of(outputs, x.size), whole(8, Role.BIAS).of(outputs)
        rms = sqrt(x.size) * x.rms * taken.rms
        return self.add("Gemm", x, taken, bias, shape=(outputs,), rms=rms, attributes={"transB": 1})

    def norm(self, x: Feature) -> Feature:
        """A batch norm after which elements are about 1 in magnitude."""
        return self.add("BatchNormalization", x, *norm_rows(x.channels, x.rms), rms=1.0)

    def sign(self, x: Feature) -> Feature:
        """-1 or 1."""
        return self.add("BipolarQuant", x, number(1), domain=QONNX, rms=1.0)

    def levels(self, x: Feature, bits: int, *, is_signed: bool = True) -> Feature:
        """x rounded to multiples of a power of two, so that the codes of these bits span twice its magnitude."""
        reach = 2 ** (bits - 1 if is_signed else bits)
        scale = 2.0 ** floor(log2(max(x.rms, 2**-8) * 2 / reach) + 0.5)
        return self._quant(x, scale, 0, bits, {"signed": int(is_signed), "narrow": int(is_signed)})

    def exponents(self, x: Feature, least: int) -> Feature:
        """Whole numbers from `least` to 0."""
        return self._quant(x, 1, -least, (-least).bit_length(), {"signed": 0, "narrow": 0})

    def _quant(self, x: Feature, scale: float, zero: int, bits: int, kind: Mapping[str, Attribute]) -> Feature:
        settings = (number(scale), number(zero), number(bits))
        return self.add("Quant", x, *settings, domain=QONNX, attributes={**kind, "rounding_mode": "ROUND"})

    def normed(self, x: Feature, bits: int) -> Feature:
        """A batch norm, and its result in so many bits, sign included."""
        return self.levels(self.norm(x), bits)

    def relu(self, x: Feature) -> Feature:
        return self.add("Relu", x, rms=x.rms / sqrt(2))

    def total(self, *parts: Feature) -> Feature:
        return self.add("Sum", *parts, rms=sqrt(sum(p.rms**2 for p in parts)))

    def mean(self, *parts: Feature) -> Feature:
        return self.add("Mean", *parts, rms=sqrt(sum(p.rms**2 for p in parts)) / len(parts))

    def concat(self, *parts: Feature) -> Feature:
        shape = (sum(p.channels for p in parts), *parts[0].shape[1:])
        return self.add("Concat", *parts, shape=shape, rms=max(p.rms for p in parts), attributes={"axis": 1})

    def channels(self, x: Feature, order: Sequence[int]) -> Feature:
        """The channels of x in this order, as often as they are named."""
        index = fixed(np.array(order, np.int64))
        return self.add("Gather", x, index, shape=(len(order), *x.shape[1:]), attributes={"axis": 1})

    def max_pool(self, x: Feature, kernel: int = 2, stride: int = 2) -> Feature:
        return self._pool("MaxPool", x, kernel, stride, {})

    def average_pool(self, x: Feature, kernel: int = 2, stride: int = 2) -> Feature:
        return self._pool("AveragePool", x, kernel, stride, {"count_include_pad": 1})

    def _pool(self, operator: str, x: Feature, kernel: int, stride: int, more: Mapping[str, int]) -> Feature:
        """The size divided by the stride, rounded up."""
        before = (kernel - 1) // 2
        ends = [max(0, (-(-n // stride) - 1) * stride + kernel - before - n) for n in x.shape[1:]]
        pads = [before] * len(ends) + ends
        shape = (x.channels, *(-(-n // stride) for n in x.shape[1:]))
        windows = {"kernel_shape": [kernel] * len(ends), "strides": [stride] * len(ends), "pads": pads}
        return self.add(operator, x, shape=shape, attributes={**windows, **more})

    def global_average(self, x: Feature) -> Feature:
        return self.add("GlobalAveragePool", x, shape=(x.channels, 1, 1))

    def flat(self, x: Feature) -> Feature:
        return self.add("Flatten", x, shape=(x.size,), attributes={"axis": 1})
