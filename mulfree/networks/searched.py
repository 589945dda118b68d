"""NASB networks: a group of binary convolutions, and beside it a cell of searched operations (thesis chapter 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.draft import Draft
from mulfree.networks.ends import classifier, stem
from mulfree.networks.residual import binary, real, shortcut

Operation = Callable[[Draft, Feature, int], Feature | None]
"""From x, and the bits of what it adds, to a map of the same shape; None adds nothing."""


def pooled(name: str) -> Operation:
    """3 x 3, by steps of one, with a batch norm behind it."""

    def pool(draft: Draft, x: Feature, bits: int) -> Feature:
        return draft.normed(getattr(draft, name)(x, 3, 1), bits)

    return pool


def convolved(kernel: int, dilation: int = 1) -> Operation:
    """Binary; a dilation of 2 reads every other element."""

    def conv(draft: Draft, x: Feature, bits: int) -> Feature:
        return draft.normed(draft.conv(draft.sign(x), x.channels, kernel, dilation=dilation), bits)

    return conv


OPERATIONS: Mapping[str, Operation] = {
    "zero": lambda draft, x, bits: None,
    "average_pool3": pooled("average_pool"),
    "max_pool3": pooled("max_pool"),
    "identity": lambda draft, x, bits: x,
    "conv1": convolved(1),
    "conv3": convolved(3),
    "conv5": convolved(5),
    "dilated1": convolved(1, 2),
    "dilated3": convolved(3, 2),
    "dilated5": convolved(5, 2),
}
"""Those of Table 4.1, by name."""

CELL = ("0:max_pool3", "0:identity+1:dilated3", "1:average_pool3", "3:max_pool3")
"""What is added to each node after the first."""


def edges(node: str, index: int) -> list[tuple[int, Operation]]:
    """`0:max_pool3+1:identity` as the nodes that are read, and what is done with them.

    Raises ValueError for an operation or a node that does not exist.
    """
    pairs = [edge.partition(":")[::2] for edge in node.split("+")]
    for source, name in pairs:
        if name not in OPERATIONS:
            raise ValueError(f"'{name}' is no operation; choose from {', '.join(OPERATIONS)}")
        if not source.isdigit() or int(source) >= index:
            raise ValueError(f"node {index} reads '{source}'; it may read nodes 0 to {index - 1}")
    return [(int(source), OPERATIONS[name]) for source, name in pairs]


def nasb_cell(draft: Draft, x: Feature, outputs: int, stride: int, cell: tuple[str, ...], bits: int) -> Feature:
    """Node i is a binary convolution of node i - 1, plus what the cell's edges to it give (Figure 4.2).

    Where the shape changes, edges read node 0 through a real 1 x 1 convolution.
    """
    around = shortcut(draft, x, outputs, stride, real(bits, is_rectified=False))
    nodes = [around]
    for index, text in enumerate(cell, start=1):
        with draft.place(f"node{index}"):
            backbone = binary(bits)(draft, x, outputs, 3, stride if index == 1 else 1)
            added = [operation(draft, nodes[source], bits) for source, operation in edges(text, index)]
            x = draft.total(backbone, *(y for y in added if y is not None))
            nodes.append(x)
    return x


def nasb_resnet(
    *,
    cell: tuple[str, ...] = CELL,
    cells: int = 4,
    width: int = 64,
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """A cell for each stage; with four nodes and four cells the convolutions are those of ResNet18.

    `cell` says for each node which earlier nodes it reads, and how: `0:max_pool3+1:dilated3`.
    """
    draft = Draft("nasb_resnet", (channels, size, size))
    x = stem(draft, width, bits)
    for stage in range(cells):
        with draft.place(f"cell{stage + 1}"):
            x = nasb_cell(draft, x, width << stage, 2 if stage else 1, cell, bits)
    return draft.architecture(classifier(draft, x, classes))
