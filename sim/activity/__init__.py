"""How often the bits of a design change on given samples, and what that says of power."""

from mulfree.sim.activity.power import Power, StagePower, power
from mulfree.sim.activity.streams import Toggles, stream_toggles, toggles_of

__all__ = ["Power", "StagePower", "Toggles", "power", "stream_toggles", "toggles_of"]
