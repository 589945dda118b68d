"""Open synthesis as a referee: Yosys for area and for the proof, nextpnr for the clock and the bitstream."""

from mulfree.backends.synth.board import BOARDS
from mulfree.backends.synth.bounded import Bounds
from mulfree.backends.synth.device import DEVICES
from mulfree.backends.synth.nextpnr import Placement, Utilisation, implement, place_and_route
from mulfree.backends.synth.settings import Settings
from mulfree.backends.synth.synthesise import (
    ModuleSynthesis,
    Progress,
    Synthesis,
    synthesise,
    synthesise_module,
    synthesise_stage,
)

__all__ = [
    "BOARDS",
    "DEVICES",
    "Bounds",
    "ModuleSynthesis",
    "Placement",
    "Progress",
    "Settings",
    "Synthesis",
    "Utilisation",
    "implement",
    "place_and_route",
    "synthesise",
    "synthesise_module",
    "synthesise_stage",
]
