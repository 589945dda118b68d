"""What the stages of a design cost on a target, without synthesis."""

from mulfree.rtl.cost.calibration import Calibration, Error, calibration, provenance
from mulfree.rtl.cost.cost import Cost, total
from mulfree.rtl.cost.stages import calibrated_kind, stage_cost, stage_terms
from mulfree.rtl.cost.target import TARGETS, Target, target_named
from mulfree.rtl.cost.terms import Terms

__all__ = [
    "TARGETS",
    "Calibration",
    "Cost",
    "Error",
    "Target",
    "Terms",
    "calibrated_kind",
    "calibration",
    "provenance",
    "stage_cost",
    "stage_terms",
    "target_named",
    "total",
]
