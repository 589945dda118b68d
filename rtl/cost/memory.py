"""Memories: constants in look-up tables by the words they hold, blocks and LUT memory by the shapes they take.

Where a memory's style is auto, the tool weighs look-up tables against blocks; `Target` holds what Yosys' libraries
(share/*/brams*.txt, lutrams*.txt) charge for each, and the rules here are those of its `memory_libmap`.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.target import Target
from mulfree.rtl.cost.terms import NOTHING, Terms
from mulfree.rtl.design import Memory

LONG = 64
"""Words from which two columns of bits are taken to differ."""


def rom_terms(memory: Memory, target: Target) -> Terms:
    """Constants with a registered read."""
    if memory.depth <= 1:
        return NOTHING
    if in_blocks(memory, target):
        return block_terms(memory.depth, columns(memory), target)
    return _table_rom(memory, target)


def in_blocks(memory: Memory, target: Target) -> bool:
    """Whether a memory of constants goes to block memories: as its style says, or if tables would cost more."""
    if memory.style != "auto" or not target.block_shapes:
        return memory.style == "block" and bool(target.block_shapes)
    width = columns(memory)
    tables = memory.depth * width / target.rom_words_per_cost
    return block_count(memory.depth, width, target) * target.block_cost < tables


def columns(memory: Memory) -> int:
    """Bits of the word that need hardware: bits equal in all words, and copies of another bit, need none.

    Counted exactly from the words. In longer memories copies are so rare that only constant bits are looked for.
    """
    if memory.depth > LONG:
        return (reduce(or_, memory.words) & ~reduce(and_, memory.words)).bit_count()
    return len(set(column_bits(memory)) - {"0" * memory.depth, "1" * memory.depth})


def different_columns(memory: Memory) -> int:
    """Tables of the columns: one for a column and its complement, none for an address bit."""
    bits = range((memory.depth - 1).bit_length())
    address = {"".join(str(word >> bit & 1) for word in range(memory.depth)) for bit in bits}
    complements = str.maketrans("01", "10")
    classes = {min(column, column.translate(complements)) for column in column_bits(memory)}
    return len(classes - {min(column, column.translate(complements)) for column in address} - {"0" * memory.depth})


def column_bits(memory: Memory) -> list[str]:
    """What each bit of the word is from the first word to the last; the lowest bit first."""
    rows = [f"{word:0{memory.width}b}" for word in memory.words]
    return ["".join(column) for column in zip(*rows, strict=True)][::-1]


def _table_rom(memory: Memory, target: Target) -> Terms:
    """A look-up table per distinct column while the address fits its inputs, else trees of them."""
    kept = columns(memory)
    size = 2**target.lut_inputs if target.is_fpga else 1
    tables = kept * -(-memory.depth // size)
    if memory.depth <= size:
        weighed = {"single_tables": float(min(kept, different_columns(memory)))}
    elif target.lut_inputs == 4:
        # Words that are not there make the tables around them less; the more tables, the more of them are equal.
        weighed = {"wide_tables" if memory.depth <= 16 * size else "deep_tables": kept * memory.depth / size}
    else:
        # Up to four tables meet in the wide multiplexers beside the LUTs.
        weighed = {"wide_tables" if memory.depth <= 4 * size else "deep_tables": tables}
    return Terms(Cost(ffs=kept), weighed)


def block_terms(depth: int, width: int, target: Target) -> Terms:
    """A memory in the block memories of the target, which hold the register of the output too.

    Blocks that are not as long as the memory are chosen from, bit by bit.
    """
    banks = -(-depth // _block_shape(depth, width, target)[0])
    return Terms(Cost(brams=block_count(depth, width, target)), {"bank_bits": width * choices(banks, target)})


def block_count(depth: int, width: int, target: Target) -> int:
    """Blocks in the best of their shapes."""
    return _blocks(depth, width, _block_shape(depth, width, target))


def _block_shape(depth: int, width: int, target: Target) -> tuple[int, int]:
    """Words and bits of the shape of which the fewest blocks do, the longest first."""
    return min(target.block_shapes, key=lambda shape: _blocks(depth, width, shape))


def _blocks(depth: int, width: int, shape: tuple[int, int]) -> int:
    return -(-depth // shape[0]) * -(-width // shape[1])


def replay_terms(depth: int, width: int, target: Target) -> Terms:
    """A memory that reads and writes at one address, so that a block needs no way past it for new words."""
    is_long = 0 < target.longest_held < depth
    if is_long or _ram_kind(depth, width, target, "distributed") == "block":
        return block_terms(depth, width, target) + Terms(Cost(ffs=1))
    return ram_terms(depth, width, target.of_one_port, "distributed", is_registered=False)


def ram_terms(depth: int, width: int, target: Target, style: str, *, is_registered: bool) -> Terms:
    """A writable memory with one port each way; `is_registered` if its output passes a register."""
    output = width if is_registered else 0
    match _ram_kind(depth, width, target, style):
        case "block":
            # Read without a register, a block needs a register and a choice for what is written and read at once.
            by_pass = NOTHING if is_registered else Terms(Cost(ffs=width + 1), {"mux_bits": width})
            return block_terms(depth, width, target) + by_pass
        case "tables":
            rows, groups = _table_shape(depth, width, target)
            held = Cost(lutram=target.ram_tables * rows * groups, ffs=output)
            return Terms(held, {"choice_bits": width * choices(rows, target), "enables": rows if rows > 1 else 0})
        case _:
            choice = {"choice_bits": width * choices(depth, target), "enables": depth}
            return Terms(Cost(ffs=depth * width + output), choice)


def choices(words: int, target: Target) -> int:
    """Tables that choose a bit of so many words: four go into a table of six inputs, else two."""
    return -(-(words - 1) // 3) if target.lut_inputs == 6 else words - 1


def copied_ram_terms(readers: int, depth: int, width: int, target: Target) -> Terms:
    """A memory for each reader, all of the same contents, read with a register; registers of equal contents are one."""
    one = ram_terms(depth, width, target, "auto", is_registered=True)
    if _ram_kind(depth, width, target, "auto") != "registers":
        return one.times(readers)
    chosen = Terms(Cost(ffs=width), {"choice_bits": width * choices(depth, target)})
    return Terms(Cost(ffs=depth * width), {"enables": depth}) + chosen.times(readers)


def _ram_kind(depth: int, width: int, target: Target, style: str) -> str:
    """block, tables or registers: what the style asks for if the target has it, else the cheapest."""
    costs = {"registers": float(depth * width)}
    # At equal costs the first is taken.
    if target.block_shapes:
        costs["block"] = block_count(depth, width, target) * target.block_cost
    if target.table_ram:
        rows, groups = _table_shape(depth, width, target)
        costs["tables"] = rows * groups * target.table_cost
    wanted = {"distributed": "tables", "block": "block"}.get(style, "")
    return wanted if wanted in costs else min(costs, key=costs.__getitem__)


def _table_shape(depth: int, width: int, target: Target) -> tuple[int, int]:
    """Rows and columns of the smallest memories that look-up tables make."""
    words, bits = next((shape for shape in target.table_ram if shape[0] >= depth), target.table_ram[-1])
    return -(-depth // words), -(-width // bits)
