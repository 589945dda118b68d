"""Circuits cut into levels of registers: where the registers stand, how many there are, and the Verilog."""

from mulfree.rtl.pipeline.cuts import Pipeline, depth, pipeline, register_bits, registers_within
from mulfree.rtl.pipeline.netlist import vectors_of
from mulfree.rtl.pipeline.text import pipelined_text

__all__ = ["Pipeline", "depth", "pipeline", "pipelined_text", "register_bits", "registers_within", "vectors_of"]
