"""Layers with few-bit weights and activations that train by straight-through estimation, in numpy alone.

Every layer has `forward(x, training)` and `backward(gradient of the loss by its result)`, which returns the gradient
by its operand and leaves those by its parameters in `gradients`. Maps are (batch, C, H, W).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Array = npt.NDArray[Any]


@dataclass
class Layer:
    parameters: list[Array] = field(default_factory=list)
    gradients: list[Array] = field(default_factory=list)

    def forward(self, x: Array, training: bool) -> Array:
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        raise NotImplementedError


def ternary(w: Array) -> Array:
    return np.rint(np.clip(w, -1, 1))


def bipolar(w: Array) -> Array:
    return np.where(w >= 0, np.float32(1), np.float32(-1))


class Dense(Layer):
    """y = x @ quantise(w).T, with latent weights w in [-1, 1]."""

    def __init__(self, w: Array, quantise: Callable[[Array], Array]) -> None:
        super().__init__([w])
        self.quantise = quantise

    @property
    def weights(self) -> Array:
        return self.quantise(self.parameters[0])

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        return x @ self.weights.T

    def backward(self, dy: Array) -> Array:
        self.gradients = [dy.T @ self.x]
        return dy @ self.weights


class Conv(Dense):
    """3x3 convolution with one ring of zeros around the map; w is (M, C, 3, 3)."""

    def forward(self, x: Array, training: bool) -> Array:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        self.windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
        return np.einsum("nchwij,mcij->nmhw", self.windows, self.weights, optimize=True)

    def backward(self, dy: Array) -> Array:
        self.gradients = [np.einsum("nchwij,nmhw->mcij", self.windows, dy, optimize=True)]
        padded = np.pad(dy, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
        return np.einsum("nmhwij,mcij->nchw", windows, self.weights[:, :, ::-1, ::-1], optimize=True)


class Norm(Layer):
    """Batch normalisation over everything but axis 1."""

    epsilon = 1e-5

    def __init__(self, channels: int) -> None:
        super().__init__([np.ones(channels, np.float32), np.zeros(channels, np.float32)])
        self.mean, self.variance = np.zeros(channels, np.float32), np.ones(channels, np.float32)

    def forward(self, x: Array, training: bool) -> Array:
        axes = (0, *range(2, x.ndim))
        mean, variance = (x.mean(axes), x.var(axes)) if training else (self.mean, self.variance)
        if training:
            self.mean += 0.1 * (mean - self.mean)
            self.variance += 0.1 * (variance - self.variance)
        self.deviation = np.sqrt(variance + self.epsilon)
        self.normal = (x - _wide(mean, x)) / _wide(self.deviation, x)
        gamma, beta = self.parameters
        return _wide(gamma, x) * self.normal + _wide(beta, x)

    def backward(self, dy: Array) -> Array:
        axes = (0, *range(2, dy.ndim))
        self.gradients = [(dy * self.normal).sum(axes), dy.sum(axes)]
        count = dy.size / dy.shape[1]
        centred = dy - _wide((self.gradients[1]) / count, dy) - self.normal * _wide(self.gradients[0] / count, dy)
        return centred * _wide(self.parameters[0] / self.deviation, dy)


def _wide(v: Array, like: Array) -> Array:
    return v.reshape(-1, *(1,) * (like.ndim - 2))


class Levels(Layer):
    """The nearest of 0, step, ..., top * step; the gradient passes between the ends."""

    def __init__(self, step: float, top: int) -> None:
        super().__init__()
        self.step, self.top = step, top

    def forward(self, x: Array, training: bool) -> Array:
        self.inside = (x > 0) & (x < self.step * self.top)
        return np.rint(np.clip(x / self.step, 0, self.top)) * self.step

    def backward(self, dy: Array) -> Array:
        return dy * self.inside


class Sign(Layer):
    """+1 where x >= 0, else -1; the gradient passes where |x| < 1."""

    def forward(self, x: Array, training: bool) -> Array:
        self.inside = np.abs(x) < 1
        return bipolar(x)

    def backward(self, dy: Array) -> Array:
        return dy * self.inside


class MaxPool(Layer):
    """The largest of each 2x2 block."""

    def forward(self, x: Array, training: bool) -> Array:
        n, c, h, w = x.shape
        blocks = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y = blocks.max(axis=(3, 5))
        winners = blocks == y[:, :, :, None, :, None]
        self.share = winners / winners.sum(axis=(3, 5), keepdims=True, dtype=np.float32)
        return y

    def backward(self, dy: Array) -> Array:
        n, c, h, w = dy.shape
        return (self.share * dy[:, :, :, None, :, None]).reshape(n, c, 2 * h, 2 * w)


class Flatten(Layer):
    def forward(self, x: Array, training: bool) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.shape)


class Adam:
    """Kingma and Ba, 2015; parameters of Dense and Conv are kept in [-1, 1]."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer.parameters] for layer in layers]
        self.time = 0

    def step(self, rate: float) -> None:
        self.time += 1
        for layer, moments in zip(self.layers, self.moments, strict=True):
            for p, g, (m, v) in zip(layer.parameters, layer.gradients, moments, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= rate * m / (1 - 0.9**self.time) / (np.sqrt(v / (1 - 0.999**self.time)) + 1e-8)
                if isinstance(layer, Dense):
                    np.clip(p, -1, 1, out=p)
