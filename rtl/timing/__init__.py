"""How long the paths of a stage and of a design are, without synthesis: levels of cells, and nanoseconds."""

from mulfree.rtl.timing.calibration import Speed, provenance, speed, stage_error
from mulfree.rtl.timing.delays import CELLS, Delays
from mulfree.rtl.timing.design import levels, longest_alone, longest_between_registers, longest_in

__all__ = [
    "CELLS",
    "Delays",
    "Speed",
    "levels",
    "longest_alone",
    "longest_between_registers",
    "longest_in",
    "provenance",
    "speed",
    "stage_error",
]
