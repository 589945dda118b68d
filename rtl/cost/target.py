"""Targets: the few numbers of a technology that the cost of a stage depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mulfree.ir import CompileError


@dataclass(frozen=True, slots=True)
class Target:
    """One technology."""

    name: str
    meaning: str
    lut_inputs: int
    """Inputs of a look-up table; 0 where there are none."""
    block_shapes: tuple[tuple[int, int], ...] = ()
    """(words, bits) of the smallest block memory, in every shape that it takes."""
    table_ram: tuple[tuple[int, int], ...] = ()
    """(words, bits) of a memory made of `ram_tables` look-up tables, smallest words first; none where tables hold no
    memory."""
    one_port_ram: tuple[tuple[int, int], ...] = ()
    """The same where writing and reading share an address; none where that makes no difference."""
    block_cost: float = 0
    """What a block counts for where the tool chooses, in the unit of `table_cost`."""
    table_cost: float = 0
    """What `ram_tables` look-up tables of writable memory count for."""
    rom_words_per_cost: int = 1
    """Bits of constants in look-up tables that count for one."""
    ram_tables: int = 4
    """Look-up tables of the smallest writable memory."""
    longest_held: int = 0
    """Words of the longest vector that is held in tables to be read again; 0 if any length is."""

    @property
    def is_fpga(self) -> bool:
        return self.lut_inputs > 0

    @property
    def of_one_port(self) -> Target:
        """The target as a memory with a single address sees it."""
        return replace(self, table_ram=self.one_port_ram or self.table_ram)


_XC7_BLOCKS = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))
_XC7_ONE_PORT = ((32, 8), (64, 4), (128, 2), (256, 1))
_XCUP_ONE_PORT = ((32, 16), (64, 8), (128, 4), (256, 2))
_ICE40_BLOCKS = ((2048, 2), (1024, 4), (512, 8), (256, 16))

TARGETS = {
    target.name: target
    for target in (
        Target("xc7", "AMD 7 series", 6, _XC7_BLOCKS, ((32, 6), (64, 3)), _XC7_ONE_PORT, 128, 8, 64),
        Target(
            "xcup",
            "AMD UltraScale+",
            6,
            _XC7_BLOCKS,
            ((32, 14), (64, 7)),
            _XCUP_ONE_PORT,
            128,
            16,
            64,
            ram_tables=8,
            longest_held=256,
        ),
        Target("ice40", "Lattice iCE40", 4, _ICE40_BLOCKS, (), (), 64, 0, 16),
        Target("ecp5", "Lattice ECP5", 4, _XC7_BLOCKS, ((16, 4),), (), 128, 4, 16),
        Target("gowin", "Gowin LittleBee", 4, _XC7_BLOCKS, ((16, 4),), (), 128, 4, 16),
        Target("asic", "standard cells, as NAND2 equivalents", 0),
    )
}


def target_named(name: str) -> Target:
    """Raises CompileError that lists the targets."""
    if name not in TARGETS:
        raise CompileError(f"target '{name}' is unknown; take one of {', '.join(TARGETS)}")
    return TARGETS[name]
