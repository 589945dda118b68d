"""What is counted of an architecture: parameters, products and the longest way, by the roles of its constants."""

from __future__ import annotations

from collections import Counter

from mulfree.networks.architecture import CONTRACTIONS, Architecture, Layer
from mulfree.networks.constants import Role


def parameters(architecture: Architecture) -> Counter[Role]:
    """Elements of all constants; of batch norms the scales and offsets, of sums and maxima what is not pruned."""
    counts: Counter[Role] = Counter()
    for layer in architecture.layers:
        for constant in layer.parameters:
            counts[constant.role] += constant.count
    return counts


def multiplications(architecture: Architecture) -> Counter[Role]:
    """Products of one sample, or what is in their place, by the role of the weights.

    Every weight meets every position of the result.
    """
    counts: Counter[Role] = Counter()
    for layer in architecture.layers:
        for weights in layer.weights:
            counts[weights.role] += weights.count * positions(layer)
    return counts


def positions(layer: Layer) -> int:
    """Elements of one channel of the result."""
    return layer.result.size // layer.result.channels


def depth(architecture: Architecture) -> int:
    """Layers with weights on the longest way from the input to the result."""
    reached = {architecture.source.name: 0}
    for layer in architecture.layers:
        own = int(layer.operator in CONTRACTIONS)
        reached[layer.result.name] = own + max(reached[feature.name] for feature in layer.features)
    return reached[architecture.result.name]
