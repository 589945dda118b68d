"""The thesis' tables of binary networks: 5.4 and 5.5 (unified architectures), 3.7 (piecewise approximation), 3.2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from mulfree.networks import (
    Architecture,
    bi_real_resnet,
    binary_densenet,
    pa_resnet,
    resnet,
    ua_densenet,
    ua_resnet,
)
from mulfree.tables import printed
from mulfree.tables.comparison import PaperTable
from mulfree.tables.reasons import entries
from mulfree.tables.rules import GIGA, flops, full_mbit, memory_mbit, peak_mbyte, squared_growth, storage_mbit

Build = Callable[..., Architecture]
IMAGENET, CIFAR = {"size": 224, "classes": 1000}, {"size": 32, "classes": 100}
DEEP = (2, 2, 3, 2)
"""Blocks in the stages of the deeper UA-ResNets."""
SHALLOW_DENSE, DEEP_DENSE = (6, 6, 6, 5), (6, 8, 12, 6)
UNIFIED_TRANSITIONS = (160, 224, 256)


def ua(columns: int, width: int, blocks: tuple[int, ...] = (1, 1, 1, 1)) -> Build:
    return partial(ua_resnet, columns=columns, width=width, blocks=blocks)


def ua_dense(growth: int, blocks: tuple[int, ...]) -> Build:
    return partial(ua_densenet, growth=growth, blocks=blocks, transitions=UNIFIED_TRANSITIONS)


COMMON: dict[str, Build] = {
    "Bi-Real ResNet18(64)": partial(bi_real_resnet, depth=18),
    "Bi-Real ResNet34(64)": partial(bi_real_resnet, depth=34),
    "BinaryDenseNet51(32)": partial(binary_densenet, blocks=SHALLOW_DENSE, transitions=(166, 204, 267)),
    "BinaryDenseNet69(32)": partial(binary_densenet, blocks=DEEP_DENSE, transitions=(136, 196, 241)),
}
LARGE: Mapping[str, Build] = COMMON | {
    "UA-ResNet21(53)": ua(3, 53),
    "UA-ResNet37(41)": ua(4, 41),
    "UA-ResNet69(31)": ua(5, 31),
    "UA-ResNet41(48)": ua(3, 48, DEEP),
    "UA-ResNet77(35)": ua(4, 35, DEEP),
    "UA-DenseNet51(53)": ua_dense(53, SHALLOW_DENSE),
    "UA-DenseNet69(48)": ua_dense(48, DEEP_DENSE),
}
SMALL: Mapping[str, Build] = COMMON | {
    "UA-ResNet21(50)": ua(3, 50),
    "UA-ResNet37(36)": ua(4, 36),
    "UA-ResNet69(26)": ua(5, 26),
    "UA-ResNet41(45)": ua(3, 45, DEEP),
    "UA-ResNet77(32)": ua(4, 32, DEEP),
    "UA-ResNet149(22)": ua(5, 22, DEEP),
    "UA-DenseNet51(48)": ua_dense(48, SHALLOW_DENSE),
    "UA-DenseNet69(44)": ua_dense(44, DEEP_DENSE),
}


def table_5_4() -> PaperTable:
    title = "storage, operations and run-time memory of binary networks on ImageNet"
    return complexity("5.4", title, printed.TABLE_5_4, {row: build(**IMAGENET) for row, build in LARGE.items()})


def table_5_5() -> PaperTable:
    title = "storage, operations and run-time memory of binary networks on CIFAR-100"
    return complexity("5.5", title, printed.TABLE_5_5, {row: build(**CIFAR) for row, build in SMALL.items()})


def complexity(name: str, title: str, rows: printed.Rows, networks: Mapping[str, Architecture]) -> PaperTable:
    rule = (
        "storage 32 R + B without batch norms and biases; real products and a 64th of the binary ones; what the "
        "largest sum, join or concatenation holds for 64 samples; in each dense block, which adds g channels, 9 g^2 "
        "more binary weights than it has"
    )
    computed = {row: _complexity(networks[row]) for row in rows}
    return PaperTable(f"thesis {name}", title, rule, entries(f"thesis {name}", printed.COMPLEXITY, rows, computed))


def _complexity(network: Architecture) -> tuple[float, float, float]:
    weights, products = squared_growth(network)
    return storage_mbit(network, weights), flops(network, 1, products), peak_mbyte(network)


def table_5_7() -> PaperTable:
    networks = {row: build(**IMAGENET) for row, build in LARGE.items()}
    found = {row: _complexity(network)[:2] for row, network in networks.items()}
    for depth in (18, 34):
        whole = resnet(depth=depth, **IMAGENET)
        found[f"ResNet{depth}"] = full_mbit(whole), flops(whole)
    computed = {row: (found[row][0], found[row][1] / GIGA) for row in printed.TABLE_5_7}
    rows = entries("thesis 5.7", ("storage [Mbit]", "flops [10^9]"), printed.TABLE_5_7, computed)
    rule = "as tables 5.4 and 5.5; 32 bits for every parameter of networks that are not binary"
    return PaperTable("thesis 5.7", "complexity of networks on ImageNet", rule, rows)


def table_3_7() -> PaperTable:
    """M = 4 pieces of weights and N = 5 of activations; five bases of both for ABC-Net."""
    rule = (
        "M bits for a binary weight, 32 for a real one and for scales and offsets of batch norms; real products and "
        "M N / 64 of the binary ones"
    )
    computed: dict[str, tuple[float, float]] = {}
    for depth in (18, 34, 50):
        binary, approximate = bi_real_resnet(depth=depth, **IMAGENET), pa_resnet(depth=depth, **IMAGENET)
        whole = resnet(depth=depth, **IMAGENET)
        computed |= {
            f"Bi-Real ResNet{depth}": (memory_mbit(binary), flops(binary)),
            f"ABC-ResNet{depth}": (memory_mbit(binary, 5), flops(binary, 25)),
            f"PA-ResNet{depth}": (memory_mbit(approximate, 4), flops(approximate, 20)),
            f"ResNet{depth}": (full_mbit(whole), flops(whole)),
        }
    title = "memory and operations of binary and piecewise networks on ImageNet"
    rows = entries("thesis 3.7", printed.SHARED, printed.TABLE_3_7, computed)
    return PaperTable("thesis 3.7", title, rule, rows)


def table_3_2() -> PaperTable:
    """What the text concludes from the table; the gates themselves were measured."""
    xnor, own = ([float(value) for value in printed.GATES[gate]] for gate in ("XNOR", "AND"))
    computed = {"XNOR beside AND": (xnor[1] / own[1], xnor[2] / own[2])}
    rule = "from the printed areas and powers"
    title = "gates of two inputs in 7 nm: how many times as large and as hungry an XNOR is"
    rows = entries("thesis 3.2", ("area", "power"), printed.GATES_TEXT, computed)
    return PaperTable("thesis 3.2", title, rule, rows)
