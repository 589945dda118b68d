"""What the constants of a network hold and what they count as: nothing is drawn before a file is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np

from mulfree.ir import AnyArray

Draw = Callable[[np.random.Generator, tuple[int, ...]], AnyArray]
"""From random numbers and a shape to the values."""


class Role(Enum):
    """What a constant is to a paper that counts it."""

    BINARY = "binary weights"
    PIECES = "weights in pieces"
    REAL = "real weights"
    NORM = "scales and offsets of batch norms"
    BIAS = "biases"
    SETTING = "settings"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant that is drawn when the file is written; `rms` is the root mean square of what is drawn."""

    shape: tuple[int, ...]
    role: Role
    draw: Draw
    rms: float = 1.0
    absent: int = 0
    """So many of the elements are pruned."""

    @property
    def count(self) -> int:
        return prod(self.shape) - self.absent


@dataclass(frozen=True, slots=True)
class Weights:
    """A kind of weights, of any shape."""

    role: Role
    draw: Draw
    rms: float

    def of(self, *shape: int) -> Parameter:
        return Parameter(shape, self.role, self.draw, self.rms)


def choice(values: tuple[float, ...]) -> Draw:
    """Each of the values as likely."""
    given = np.array(values, np.float32)

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> AnyArray:
        drawn: AnyArray = given[random.integers(0, len(given), shape)]
        return drawn

    return draw


def one_of(values: tuple[float, ...], role: Role) -> Weights:
    return Weights(role, choice(values), float(np.sqrt(np.mean(np.square(values)))))


BINARY = one_of((-1.0, 1.0), Role.BINARY)


def whole(bits: int, role: Role = Role.REAL, limit: float = 1.0) -> Weights:
    """Multiples of 2^(1 - bits) * limit strictly between -limit and limit, all as likely."""
    top = 2 ** (bits - 1) - 1

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> AnyArray:
        drawn: AnyArray = random.integers(-top, top + 1, shape) * (limit / (top + 1))
        return drawn.astype(np.float32)

    return Weights(role, draw, limit * (top / (3 * (top + 1))) ** 0.5)


REAL = whole(8)
"""What the papers keep in floating point, in eight bits."""


def fixed(values: AnyArray) -> Parameter:
    """These values; they belong to the topology, so nothing counts them."""
    array = np.asarray(values)
    return Parameter(array.shape, Role.SETTING, lambda random, shape: array)


def number(value: float) -> Parameter:
    return fixed(np.array(value, np.float32))


def norm_rows(channels: int, spread: float) -> tuple[Parameter, ...]:
    """Scale, offset, mean and variance of a batch norm that brings values of this spread to about 1.

    Scales have both signs, so that thresholds of both directions occur.
    """

    def row(lowest: float, highest: float, role: Role, is_signed: bool = False) -> Parameter:
        def draw(random: np.random.Generator, shape: tuple[int, ...]) -> AnyArray:
            values: AnyArray = random.uniform(lowest, highest, shape)
            values = values * choice((-1, 1))(random, shape) if is_signed else values
            return values.astype(np.float32)

        return Parameter((channels,), role, draw)

    return (
        row(0.5, 1.5, Role.NORM, is_signed=True),
        row(-0.5, 0.5, Role.NORM),
        row(-spread / 4, spread / 4, Role.SETTING),
        row(spread**2 / 2, spread**2 * 2, Role.SETTING),
    )
