"""Random small networks with every layer that is built, inputs for them, and what onnxruntime computes of them.

Scales are powers of two and sums stay below 2^23 units, so that float32 adds up exactly in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import numpy as np
import onnx
import onnxruntime
from hypothesis import strategies as st
from onnx import TensorProto

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.model import InputFormat
from mulfree.ir import AnyArray
from tests.compiler.streamline.networks import Net, f

EXACT = 2**23
FRAMES = 3

COMMON = ("norm", "norm", "residual", "concat", "relu", "leaky", "clip", "slice", "tap", "input")
LAYERS = {
    2: (
        *COMMON,
        "conv",
        "conv",
        "depthwise",
        "max_pool",
        "average_pool",
        "bottleneck",
        "pad",
        "shuffle",
        "global_pool",
    ),
    1: (*COMMON, "conv", "conv", "depthwise", "max_pool", "average_pool"),
    0: (*COMMON, "dense", "dense"),
}
"""Kinds of layers, by the number of axes over which a kernel slides."""


@dataclass(frozen=True)
class Sample:
    """A network, the formats of its inputs, and frames to run it on."""

    proto: onnx.ModelProto
    formats: Mapping[str, InputFormat | str]
    feeds: Mapping[str, AnyArray]
    layers: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Sample({', '.join(self.layers)})\n{onnx.printer.to_text(self.proto)}"

    def runtime(self) -> dict[str, AnyArray]:
        """Every output by name, as onnxruntime computes it node by node, quantisers by their bodies."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(attach_bodies(self.proto).SerializeToString(), options)
        names = [output.name for output in self.proto.graph.output]
        return {name: np.asarray(y) for name, y in zip(names, session.run(names, dict(self.feeds)), strict=True)}


def networks(depth: int, size: int = 7) -> st.SearchStrategy[Sample]:
    """Networks of at most `depth` layers and a head, over maps of at most size x size, lines or vectors."""
    return st.randoms(use_true_random=False).map(lambda random: random_network(random, depth, size))


def random_network(random: Random, depth: int, size: int = 7) -> Sample:
    draw = Draw(random, size)
    kinds = [random.choice(LAYERS[draw.axes]) for _ in range(random.randint(0, depth))]
    y = draw.entry()
    for kind in kinds:
        y = draw.layer(kind, y)
    y = draw.head(y)
    formats = {"x": "uint8"} if draw.is_declared else {}
    proto = draw.net.proto(y, *draw.taps)
    feeds = {name: draw.numbers.integers(0, 256, (FRAMES, *s)) for name, s in draw.net.shapes().items()}
    return Sample(proto, formats, {name: x.astype(np.float32) for name, x in feeds.items()}, tuple(kinds))


class Draw:
    """A network under construction: what is drawn so far has the shape `shape` and at most `span` units."""

    def __init__(self, random: Random, size: int) -> None:
        self.random = random
        self.numbers = np.random.default_rng(random.getrandbits(32))
        self.axes = random.choice([2, 2, 1, 0])
        space = tuple(random.randint(3, size) for _ in range(self.axes))
        self.shape: tuple[int, ...] = (random.randint(1, 4) if space else random.randint(2, 9), *space)
        self.net = Net(self.shape)
        self.span = 255
        self.is_declared = False
        self.taps: list[str] = []

    def pick(self, lo: int, hi: int) -> int:
        return self.random.randint(lo, hi)

    def layer(self, kind: str, x: str) -> str:
        y: str = getattr(self, f"_{kind}")(x)
        return y

    def entry(self) -> str:
        """The input as it is declared, or behind its first quantiser, which the host computes."""
        self.is_declared = bool(self.pick(0, 1))
        return "x" if self.is_declared else self.quantised(self.net("Mul", "x", f(0.0625)))

    def weights(self, *shape: int) -> AnyArray:
        """Bipolar, ternary, or of up to eight bits, with a scale for all or for each output channel."""
        bits = self.random.choice([1, 1, 1.5, 2, 3, 4, 8])
        top = max(1, int(2 ** (bits - 1)) - self.pick(0, 1))
        codes = self.numbers.choice([-1, 1], shape) if bits == 1 else self.numbers.integers(-top, top + 1, shape)
        codes.flat[0] = top
        exponents = self.numbers.integers(-3, 1, (shape[0] if self.pick(0, 1) else 1, *(1,) * (len(shape) - 1)))
        self.span *= top * int(np.prod(shape[1:])) * 8
        return (codes * 2.0**exponents).astype(np.float32)

    def bias(self, filters: int) -> list[AnyArray]:
        return [(self.numbers.integers(-9, 9, filters) / 4).astype(np.float32)] if self.pick(0, 1) else []

    def quantised(self, x: str) -> str:
        bits, scale = self.random.choice([1, 1, 2, 2, 3, 4, 6, 8]), 2.0 ** self.pick(-2, 4)
        self.span = 2**bits + 3
        if bits == 1 and self.pick(0, 1):
            return self.net.bipolar(x, scale)
        zero = self.random.choice([0, 0, self.pick(-3, 3)]) if bits > 1 else 0
        mode = self.random.choice(["ROUND", "ROUND", "FLOOR", "CEIL", "HALF_UP"])
        narrow = self.pick(0, 1) if bits > 2 else 0
        return self.net.quant(x, f(scale), bits, zero, signed=self.pick(0, 1), narrow=narrow, rounding_mode=mode)

    def operand(self, x: str, growth: int) -> str:
        """x, or x quantised: mostly, and always where sums that grow so much would leave the exact integers."""
        return self.quantised(x) if self.pick(0, 3) or self.span * growth > EXACT else x

    def kernel(self, most: int) -> tuple[list[int], list[int]]:
        """(kernel, dilation) that fit the map."""
        sizes = [self.pick(1, min(most, n)) for n in self.shape[1:]]
        return sizes, [self.pick(1, 2) if 2 * k - 1 <= n else 1 for k, n in zip(sizes, self.shape[1:], strict=True)]

    def pads(self, kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
        """Of up to two elements, but none if no window would see the map."""
        pads = [self.random.choice([0, self.pick(0, 2)]) for _ in kernel * 2]
        ends = zip(self.shape[1:], pads, pads[self.axes :], kernel, dilation, stride, strict=False)
        return pads if all(_sees(*end) for end in ends) else [0] * len(pads)

    def slide(self, channels: int, kernel: list[int], stride: list[int], dilation: list[int], pads: list[int]) -> None:
        ends = zip(self.shape[1:], pads, pads[self.axes :], kernel, dilation, stride, strict=False)
        self.shape = (channels, *((n + a + b - d * (k - 1) - 1) // s + 1 for n, a, b, k, d, s in ends))

    def _conv(self, x: str, groups: int = 0, multiple: int = 0) -> str:
        channels = self.shape[0]
        groups = groups or self.random.choice([g for g in (1, 1, 2) if channels % g == 0])
        x = self.operand(x, 2**15)
        kernel, dilation = self.kernel(3)
        filters = groups * (multiple or self.pick(1, 4))
        stride = [self.pick(1, 2) for _ in kernel]
        pads = self.pads(kernel, stride, dilation)
        weights = self.weights(filters, channels // groups, *kernel)
        options = {"kernel_shape": kernel, "strides": stride, "dilations": dilation, "pads": pads}
        y = self.net("Conv", x, weights, *self.bias(filters), group=groups, **options)
        self.slide(filters, kernel, stride, dilation, pads)
        return y

    def _depthwise(self, x: str) -> str:
        return self._conv(x, groups=self.shape[0], multiple=self.random.choice([1, 1, 2]))

    def _dense(self, x: str) -> str:
        x = self.operand(x, 2**15)
        weights = self.weights(self.pick(1, 8), self.shape[0])
        self.shape = (len(weights),)
        bias = self.bias(len(weights))
        return self.net("Gemm", x, weights, *bias, transB=1) if bias else self.net("MatMul", x, weights.T.copy())

    def _max_pool(self, x: str) -> str:
        kernel, _ = self.kernel(3)
        return self.pooled("MaxPool", x, kernel)

    def _average_pool(self, x: str) -> str:
        kernel = [min(self.random.choice([1, 2, 4]), 1 << (n.bit_length() - 1)) for n in self.shape[1:]]
        y = self.pooled("AveragePool", self.operand(x, 256), kernel, count_include_pad=1)
        self.span *= 256
        return y

    def pooled(self, op: str, x: str, kernel: list[int], **options: int) -> str:
        stride = [self.pick(1, k) for k in kernel]
        pads = [self.pick(0, 1) if k > 1 else 0 for k in kernel] * 2
        y = self.net(op, x, kernel_shape=kernel, strides=stride, pads=pads, **options)
        self.slide(self.shape[0], kernel, stride, [1] * len(kernel), pads)
        return y

    def _global_pool(self, x: str) -> str:
        largest = self.net("GlobalMaxPool", self.quantised(x))
        y = largest if self.pick(0, 1) else self.net("GlobalAveragePool", self.quantised(x))
        self.shape = (self.shape[0], *(1,) * self.axes)
        return self.quantised(y)

    def _residual(self, x: str) -> str:
        """x and a layer of it, with scales of their own or the same on both."""
        a = self.quantised(x)
        weights = self.weights(self.shape[0], self.shape[0], *(3,) * self.axes)
        y = self.net("Conv", a, weights, pads=[1] * 2 * self.axes) if self.axes else self.net("MatMul", a, weights)
        y = self.net.quant(y, f(1), 3) if self.pick(0, 1) else y
        sums = self.net(self.random.choice(["Add", "Sub"]), a, y)
        return self.quantised(sums if self.pick(0, 1) else self.net("Relu", sums))

    def _bottleneck(self, x: str) -> str:
        """Branches of different lengths, so that the shorter one has to wait."""
        channels, a = self.shape[0], self.quantised(x)
        b = self.quantised(self.net("Conv", a, self.weights(1, channels, 1, 1)))
        b = self.quantised(self.net("Conv", b, self.weights(1, 1, 3, 3), pads=[1] * 4))
        b = self.quantised(self.net("Conv", b, self.weights(channels, 1, 1, 1)))
        return self.quantised(self.net("Add", a, b))

    def _concat(self, x: str) -> str:
        axis = self.random.choice([1, 1, len(self.shape)])
        other = self.quantised(x) if self.pick(0, 1) else self.net("Relu", self.quantised(x))
        y = self.net("Concat", self.quantised(x), other, axis=axis)
        self.span = 2**15
        self.shape = tuple(2 * n if i == axis - 1 else n for i, n in enumerate(self.shape))
        return y

    def _norm(self, x: str) -> str:
        """Batch normalisation, with factors of both signs, and its quantiser."""
        spread = (self.numbers.normal(size=self.shape[0]) for _ in range(3))
        rows = (*spread, self.numbers.uniform(1, 2.0 ** self.pick(1, 12), self.shape[0]))
        return self.quantised(self.net.batch_norm(x, *(row.astype(np.float32) for row in rows)))

    def _relu(self, x: str) -> str:
        return self.net("Relu", x)

    def _leaky(self, x: str) -> str:
        y = self.net("LeakyRelu", self.operand(x, 16), alpha=0.25)
        self.span *= 4
        return y

    def _clip(self, x: str) -> str:
        self.span *= 2
        return self.net("Clip", x, f(-2), f(float(self.pick(1, 40))))

    def _slice(self, x: str) -> str:
        axis = self.pick(1, len(self.shape))
        n = self.shape[axis - 1]
        self.shape = tuple(-(-n // 2) if i == axis - 1 else m for i, m in enumerate(self.shape))
        return self.net("Slice", x, np.array([0]), np.array([n]), np.array([axis]), np.array([2]))

    def _pad(self, x: str) -> str:
        top, left, bottom, right = (self.pick(0, 1) for _ in range(4))
        self.shape = (self.shape[0], self.shape[1] + top + bottom, self.shape[2] + left + right)
        return self.net("Pad", self.quantised(x), np.array([0, 0, top, left, 0, 0, bottom, right]), f(0))

    def _shuffle(self, x: str) -> str:
        """Channels in another order, or rows and columns changed, written with transposes."""
        c, h, w = self.shape
        if self.pick(0, 1):
            self.shape = (c, w, h)
            return self.net("Transpose", x, perm=[0, 1, 3, 2])
        groups = 2 if c % 2 == 0 else 1
        apart = self.net("Reshape", x, np.array([-1, groups, c // groups, h, w]))
        turned = self.net("Transpose", apart, perm=[0, 2, 1, 3, 4])
        return self.net("Reshape", turned, np.array([-1, c, h, w]))

    def _tap(self, x: str) -> str:
        """An inner value is also an output of the model."""
        y = self.quantised(x)
        self.taps.append(y)
        return y

    def _input(self, x: str) -> str:
        """Another input of the model joins."""
        name = f"x{len(self.net.more)}"
        self.net.more[name] = self.shape
        return self.quantised(self.net("Add", self.quantised(x), self.quantised(self.net("Mul", name, f(0.0625)))))

    def head(self, x: str) -> str:
        heads: list[Callable[[str], str]] = [self._logits, self._logits, self._features, self._rank, self.quantised]
        return self.random.choice(heads)(x)

    def flat(self, x: str) -> str:
        x = self.quantised(x)
        if self.axes:
            x = self.net("Flatten", x)
            self.shape, self.axes = (int(np.prod(self.shape)),), 0
        return x

    def _logits(self, x: str) -> str:
        return self._dense(self.flat(x))

    def _features(self, x: str) -> str:
        """A batch norm for every element of the flattened map."""
        y = self._norm(self.flat(x))
        return self._dense(y) if self.pick(0, 1) else y

    def _rank(self, x: str) -> str:
        y = self._logits(x) if self.pick(0, 3) else self.flat(x)
        self.net.result = TensorProto.INT64
        if self.pick(0, 1):
            return self.net("ArgMax", y, axis=1, keepdims=self.pick(0, 1))
        best = self.net("TopK", y, np.array([self.pick(1, self.shape[0])]), axis=1)
        self.net.nodes[-1].output.insert(0, "values")
        return best


def _sees(size: int, before: int, after: int, kernel: int, dilation: int, stride: int) -> bool:
    """Whether a window over one axis reads any element."""
    starts = range(-before, size + after - dilation * (kernel - 1), stride)
    return any(0 <= start + dilation * tap < size for start in starts for tap in range(kernel))
