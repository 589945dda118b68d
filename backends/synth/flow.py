"""How each target is synthesised, and what its cells count for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mulfree.ir import CompileError
from mulfree.rtl.cost import Cost, total
from mulfree.rtl.cost.gates import AREAS

MULTIPLIERS_RTL = re.compile(r"\$(mul|macc|macc_v2|div|mod|divfloor|modfloor|pow)")
"""Cells of Yosys' own library, before mapping, that multiply or divide."""
MULTIPLIERS_MAPPED = re.compile(r"DSP48|MULT\d|ALU\d|ALUREG|SB_MAC16|MULTADD|MULTALU|MACC|\$mul|\$__(MUL|DSP)")
"""Cells of the vendors that multiply."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A synthesis script, and per cell (a regular expression) what one of it costs."""

    script: str
    """Commands, one to a line or separated by '; '."""
    prices: Mapping[str, Cost]
    read: str = "read_verilog -sv"
    """The command that reads a file of ours; with the macro that chooses the target's primitives, if it has one."""
    before: str = ""
    """Commands before our files are read: models of the primitives that these instantiate."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Files that the script reads: cell libraries."""
    count: str = ""
    """Options of the command that counts cells: the library that knows their areas."""

    def cost(self, cells: Mapping[str, int]) -> Cost:
        """Raises CompileError at a cell that no row prices: the count would not be true."""
        return total([self._price(cell).times(count) for cell, count in cells.items()])

    def _price(self, cell: str) -> Cost:
        for pattern, price in {**NO_HARDWARE, **self.prices}.items():
            if re.fullmatch(pattern, cell):
                return price
        raise CompileError(f"the count of this target does not know the cell {cell}")


FORGET_STYLES = "setattr -unset ram_style */a:ram_style=distributed"
"""For targets whose look-up tables hold no memory: Yosys would refuse a memory that asks for them."""

NOTHING = Cost()
NO_HARDWARE = {r"\$(scopeinfo|print|check)": NOTHING}

XC7 = Flow(
    "synth_xilinx -family xc7 -nodsp -flatten -noiopad",
    {
        # A table with two outputs is one table.
        "LUT[2-6]|LUT6_2": Cost(luts=1),
        # An inverter or a buffer is absorbed by the cell that it feeds.
        "INV|LUT1|BUFG|IBUF|OBUF": NOTHING,
        # Wide multiplexers beside the LUTs, not LUTs.
        "MUXF[789]": NOTHING,
        "FD[RSCP]E(_1)?|LD[CP]E": Cost(ffs=1),
        "CARRY4": Cost(carries=1),
        "RAMB18E1": Cost(brams=1),
        "RAMB36E1": Cost(brams=2),
        "RAM(32M|64M|128X1D|32M16)": Cost(lutram=4),
        "RAM(32X1D|64X1D|128X1S)": Cost(lutram=2),
        "RAM(32X1S|64X1S)|SRL16E|SRLC32E": Cost(lutram=1),
        "RAM256X1S": Cost(lutram=4),
        "RAM32X2S": Cost(lutram=2),
    },
    read="read_verilog -sv -DMULFREE_XC7",
    before="read_verilog -lib +/xilinx/cells_sim.v",
)
_XCUP = "synth_xilinx -family xcup -nodsp -flatten -noiopad"
XCUP = replace(
    XC7,
    # Yosys 0.70 lists a memory of one port with 16 bits of address that no cell is (a slip for 9), and takes it for
    # every longer one: the vectors that are held to be read again. These are made blocks.
    script=f'{_XCUP} -run :map_memory; setattr -set ram_style "block" c:*held r:ABITS>8 %i; {_XCUP} -run map_memory:',
    prices={
        # Yosys makes carry chains of CARRY4 here too; two of them are a CARRY8.
        "RAMB18E2": Cost(brams=1),
        "RAMB36E2": Cost(brams=2),
        "RAM(32M16|64M8|64X8SW|256X1D|512X1S)": Cost(lutram=8),
        **XC7.prices,
    },
)
ICE40 = Flow(
    f"{FORGET_STYLES}; synth_ice40",
    {
        "SB_LUT4": Cost(luts=1),
        "SB_DFF.*": Cost(ffs=1),
        "SB_CARRY": Cost(carries=1),
        "SB_RAM40_4K.*": Cost(brams=1),
    },
)
ECP5 = Flow(
    "synth_ecp5 -nodsp -nowidelut",
    {
        "LUT4": Cost(luts=1),
        "PFUMX|L6MUX21": NOTHING,
        "TRELLIS_FF": Cost(ffs=1),
        # A pair of look-up tables makes two bits of a carry chain.
        "CCU2C": Cost(luts=2, carries=1),
        "DP16KD|PDPW16KD": Cost(brams=1),
        "TRELLIS_DPR16X4": Cost(lutram=4),
    },
)
GOWIN = Flow(
    "synth_gowin -nodsp -nowidelut -noiopads",
    {
        "LUT[1-4]": Cost(luts=1),
        # A table and its place on the carry chain.
        "ALU": Cost(luts=1, carries=1),
        "VCC|GND": NOTHING,
        "DFF.*": Cost(ffs=1),
        "(SP|SPX9|SDPB|SDPX9B|DPB|DPX9B|pROM|pROMX9)": Cost(brams=1),
        "RAM16SDP[124]": Cost(lutram=4),
    },
)
ASIC = Flow(
    f"{FORGET_STYLES}; synth -flatten; dfflegalize -cell $_DFF_P_ 01; "
    "abc -g AND,NAND,OR,NOR,XOR,XNOR,ANDNOT,ORNOT,MUX; opt_clean",
    {
        **{rf"\$_{name}_": Cost(gates=area) for name, area in AREAS.items() if name != "DFF"},
        r"\$_NMUX_": Cost(gates=AREAS["MUX"]),
        r"\$_DFF_P_": Cost(ffs=1, gates=AREAS["DFF"]),
    },
)
FLOWS = {"xc7": XC7, "xcup": XCUP, "ice40": ICE40, "ecp5": ECP5, "gowin": GOWIN, "asic": ASIC}


def flow_for(target: str) -> Flow:
    """Raises CompileError that lists the targets."""
    if target not in FLOWS:
        raise CompileError(f"target '{target}' cannot be synthesised; take one of {', '.join(FLOWS)}")
    return FLOWS[target]
