"""Open synthesis as a referee: Yosys for area and for the proof, nextpnr for the clock."""

from mulfree.backends.synth.device import DEVICES
from mulfree.backends.synth.nextpnr import Placement, Utilisation, place_and_route
from mulfree.backends.synth.synthesise import (
    ModuleSynthesis,
    Progress,
    Synthesis,
    synthesise,
    synthesise_module,
    synthesise_stage,
)

__all__ = [
    "DEVICES",
    "ModuleSynthesis",
    "Placement",
    "Progress",
    "Synthesis",
    "Utilisation",
    "place_and_route",
    "synthesise",
    "synthesise_module",
    "synthesise_stage",
]
