"""How the thesis counts: storage, operations and run-time memory of an architecture.

A product and its addition are one operation, 64 binary ones are one; Mbit and MB are 10^6. A real number takes 32 bits.
"""

from __future__ import annotations

from collections import Counter

from mulfree.networks import Architecture, Layer, Role, multiplications, parameters
from mulfree.networks.cost import positions

MEGA, GIGA = 10**6, 10**9
WORD, BATCH = 32, 64
"""Bits of a real number; samples, and as many binary operations that a processor does at once."""
REAL_BYTES = 4


def storage_mbit(architecture: Architecture, extra: int = 0) -> float:
    """32 R + B without batch norms and biases; `extra` more binary weights (thesis section 5.3.5)."""
    counts = parameters(architecture)
    return (WORD * counts[Role.REAL] + counts[Role.BINARY] + extra) / MEGA


def memory_mbit(architecture: Architecture, bases: int = 1) -> float:
    """`bases` bits for a binary weight, 32 for a real one and for scales and offsets of batch norms (Table 3.7)."""
    counts = parameters(architecture)
    binary = counts[Role.BINARY] + counts[Role.PIECES]
    return (bases * binary + WORD * (counts[Role.REAL] + counts[Role.NORM])) / MEGA


def full_mbit(architecture: Architecture) -> float:
    """All parameters as real numbers."""
    return WORD * all_parameters(architecture) / MEGA


def all_parameters(architecture: Architecture) -> int:
    return sum(count for role, count in parameters(architecture).items() if role is not Role.SETTING)


def flops(architecture: Architecture, bitwise: int = 1, extra: int = 0) -> float:
    """Real products, and a 64th of the binary ones, each of which takes `bitwise` operations; `extra` more of these."""
    counts = multiplications(architecture)
    binary = counts[Role.BINARY] + counts[Role.PIECES]
    return counts[Role.REAL] + (bitwise * binary + extra) / BATCH


def peak_mbyte(architecture: Architecture) -> float:
    """The largest of what a sum or join reads and writes, and of what a concatenation gives, for 64 real samples.

    A concatenation moves nothing, so it takes its result only.
    """
    return max(map(_held, architecture.layers)) * REAL_BYTES * BATCH / MEGA


def _held(layer: Layer) -> int:
    """Elements."""
    if layer.operator == "Concat":
        return layer.result.size
    if layer.operator in ("Sum", "Mean"):
        return layer.result.size + sum(feature.size for feature in layer.features)
    return 0


def squared_growth(architecture: Architecture) -> tuple[int, int]:
    """9 g^2 for every dense block that adds g channels in its last concatenation: weights, and products.

    The thesis counts 9 g (2 c + 2 g) weights in a block on c channels. Both its blocks as drawn, g from c and g from
    c + g channels, or twice g from c and once g from g, have 9 g (2 c + g).
    """
    last = {layer.name.rsplit(".Concat", 1)[0]: layer for layer in architecture.layers if layer.operator == "Concat"}
    counts: Counter[str] = Counter()
    for layer in last.values():
        growth = layer.result.channels - layer.features[0].channels
        counts["weights"] += 9 * growth**2
        counts["products"] += 9 * growth**2 * positions(layer)
    return counts["weights"], counts["products"]
