"""The thesis' tables of parameters: 6.3 (REAF) and 7.1 (AW-convolution), both ResNet50 on CIFAR-100."""

from __future__ import annotations

from typing import Any

from mulfree.networks import Architecture, aw_resnet, multiplications, reaf_resnet, resnet
from mulfree.networks.residual import Depth
from mulfree.tables import printed
from mulfree.tables.comparison import PaperTable
from mulfree.tables.reasons import entries
from mulfree.tables.rules import GIGA, MEGA, all_parameters

DEPTHS: tuple[Depth, ...] = (18, 50, 101)
HALF = {"parts": 2, "reduction": 1}
"""r_C1 = C1 / 2: two exponents along the inputs; r = 1."""
ATTENTION: dict[str, dict[str, Any]] = {
    "r_C1 = C1/2": HALF,
    "r_C2 = C2/2": HALF | {"shared": "outputs"},
    "r_C1 = C1/2, r_hw = hw": HALF | {"by_tap": False},
    "s2, r_C1 = C1/2": HALF | {"stages": (1,)},
    "s3, r_C1 = C1/2": HALF | {"stages": (2,)},
    "s4, r_C1 = C1/2": HALF | {"stages": (3,)},
    "s5, r_C1 = C1/2": HALF | {"stages": (4,)},
    "r_C1 = C1/2, AK = A K": HALF | {"is_residual": False},
    "r_C1 = C1, r = 16": {},
}


def table_6_3() -> PaperTable:
    rule = "all weights, biases, and scales and offsets of batch norms"
    computed = {row: (all_parameters(_reaf(row)) / MEGA,) for row in printed.TABLE_6_3}
    rows = entries("thesis 6.3", ("parameters [10^6]",), printed.TABLE_6_3, computed)
    return PaperTable("thesis 6.3", "parameters of REAF-ResNet50 (C, C', G_I-G_M-G_O)", rule, rows)


def _reaf(row: str) -> Architecture:
    if row == "baseline":
        return resnet(depth=50)
    inputs, outputs, groups = row.split(", ")
    given, merged, _ = map(int, groups.split("-"))
    return reaf_resnet(groups=given, merged=merged, inputs=int(inputs), outputs=int(outputs), is_binary=False)


def table_7_1() -> PaperTable:
    rule = (
        "all weights, biases, and scales and offsets of batch norms; products, and of attention what eq. 7.10 counts "
        "besides: H W C1 + 45 per number of the attention's layers + 9 C1 C2"
    )
    networks = {row: aw_resnet(depth=50, is_binary=False, **options) for row, options in ATTENTION.items()}
    networks["baseline"] = resnet(depth=50)
    computed = {row: (operations(network) / GIGA, all_parameters(network) / MEGA) for row, network in networks.items()}
    rows = entries("thesis 7.1", ("flops [10^9]", "parameters [10^6]"), printed.TABLE_7_1, computed)
    return PaperTable("thesis 7.1", "operations and parameters of AW-ResNet50", rule, rows)


def table_7_2() -> PaperTable:
    return _attended("7.2", "ImageNet", printed.TABLE_7_2, {"size": 224, "classes": 1000})


def table_7_4() -> PaperTable:
    return _attended("7.4", "CIFAR-100", printed.TABLE_7_4, {"size": 32, "classes": 100})


def _attended(name: str, task: str, rows: printed.Rows, options: dict[str, Any]) -> PaperTable:
    """Attention in the last 3 x 3 convolution of every block, r_C1 = C1 and r = 16."""
    networks: dict[str, Architecture] = {}
    for depth in DEPTHS:
        networks[f"ResNet{depth}"] = resnet(depth=depth, **options)
        networks[f"AW-ResNet{depth}"] = aw_resnet(depth=depth, is_binary=False, **options)
    computed = {row: (all_parameters(networks[row]) / MEGA,) for row in rows}
    rule = "all weights, biases, and scales and offsets of batch norms"
    found = entries(f"thesis {name}", ("parameters [10^6]",), rows, computed)
    return PaperTable(f"thesis {name}", f"parameters of AW-ResNets on {task}", rule, found)


def operations(network: Architecture) -> int:
    """Products, the sums of the attention's pools, 5 operations per number that its layers give, and A times K."""
    pools = [layer.features[0].size for layer in network.layers if layer.name.endswith("attention.AveragePool")]
    norms = [layer.result.size for layer in network.layers if "attention.BatchNormalization" in layer.name]
    scaled = [weights.count for layer in network.layers for weights in layer.weights if _is_attended(layer.operator)]
    return sum(multiplications(network).values()) + sum(pools) + 5 * sum(norms) + sum(scaled)


def _is_attended(operator: str) -> bool:
    return operator == "AttentionalWeightConv"
