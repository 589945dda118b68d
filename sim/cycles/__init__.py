"""When every token moves: two independent models of a design's actors, equal to the hardware cycle for cycle."""

from mulfree.sim.cycles.net import Programs
from mulfree.sim.cycles.programs import programs_of
from mulfree.sim.cycles.queues import minimal_fifo_depths
from mulfree.sim.cycles.stepped import stepped
from mulfree.sim.cycles.timing import Cycles, DeadlockError, Timing
from mulfree.sim.cycles.token_time import token_time

__all__ = [
    "Cycles",
    "DeadlockError",
    "Programs",
    "Timing",
    "minimal_fifo_depths",
    "programs_of",
    "stepped",
    "token_time",
]
