"""Verilator as the referee: builds generated hardware and runs it on batches of tokens."""

from mulfree.sim.verilator.packing import pack_tokens, unpack_tokens
from mulfree.sim.verilator.ports import StreamPort
from mulfree.sim.verilator.simulate import Run, SimulationError, Verilated, Words, verilate

__all__ = ["Run", "SimulationError", "StreamPort", "Verilated", "Words", "pack_tokens", "unpack_tokens", "verilate"]
