"""What a cost amounts to on a target, where ways to build the same thing are compared."""

from __future__ import annotations

from mulfree.rtl.cost import Cost, target_named


def price(cost: Cost, target: str) -> tuple[float, float]:
    """What is made least: LUTs of logic and memory, a block memory counting as many as the synthesis tool reckons.

    Gates where there are no LUTs. Among equals, flip-flops.
    """
    technology = target_named(target)
    if technology.is_fpga:
        return cost.luts + cost.lutram + cost.brams * technology.block_cost, cost.ffs
    return cost.gates, cost.ffs
