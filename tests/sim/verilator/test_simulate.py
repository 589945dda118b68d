from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mulfree.ir import CompileError
from mulfree.sim.patterns import random_pattern
from mulfree.sim.verilator import SimulationError, StreamPort, Verilated, pack_tokens, unpack_tokens, verilate
from tests.sim.verilator.modules import ADD, REGISTER, TABLE, UNSET


def register() -> Verilated:
    return verilate({"rtl/slice.sv": REGISTER}, "slice", [StreamPort("s", 70)], [StreamPort("m", 70)])


def test_every_token_of_a_wide_port_comes_out_unchanged() -> None:
    tokens = pack_tokens(np.random.default_rng(0).integers(0, 1 << 35, (500, 2)), 35)
    run = register().run([tokens], [500], [random_pattern(0.5, 1)], [random_pattern(0.5, 2)])
    assert np.array_equal(run.outputs[0], tokens)


def test_a_full_rate_stream_moves_a_token_every_cycle_from_cycle_zero() -> None:
    run = register().run([np.zeros((6, 3), np.uint32)], [6])
    assert run.input_cycles[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert run.output_cycles[0].tolist() == [1, 2, 3, 4, 5, 6]
    assert run.cycles == 7


def test_a_source_holds_its_offer_and_a_sink_may_change_its_mind() -> None:
    valid, ready = np.array([0, 1, 0, 0, 0], np.uint8), np.array([0, 0, 0, 1], np.uint8)
    run = register().run([np.zeros((3, 3), np.uint32)], [3], [valid], [ready])
    assert run.input_cycles[0].tolist() == [1, 6, 11]
    assert run.output_cycles[0].tolist() == [3, 7, 15]


def test_two_inputs_meet_in_axi_ports() -> None:
    a, b = (np.random.default_rng(seed).integers(0, 256, (100, 1)) for seed in (1, 2))
    ports = [StreamPort("s0", 8, axi=True), StreamPort("s1", 8, axi=True)]
    design = verilate({"add.sv": ADD}, "add", ports, [StreamPort("m", 9, axi=True)])
    run = design.run([pack_tokens(a, 8), pack_tokens(b, 8)], [100], [random_pattern(0.3, 1), random_pattern(0.6, 2)])
    assert np.array_equal(unpack_tokens(run.outputs[0], 1, 9), a + b)
    assert np.array_equal(run.input_cycles[0], run.input_cycles[1])


def test_a_memory_file_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = [0x0123456789, 0xFFFFFFFFFF, 0, 0x8000000001]
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "table.hex").write_text("".join(f"{word:010x}\n" for word in table))
    (tmp_path / "lookup.sv").write_text(TABLE)
    design = verilate(tmp_path, "lookup", [StreamPort("s", 2)], [StreamPort("m", 40)])
    monkeypatch.chdir("/")
    run = design.run([np.arange(4, dtype=np.uint32)[:, None]], [4])
    assert unpack_tokens(run.outputs[0], 1, 40).ravel().tolist() == table


def test_a_register_without_a_value_shows_up_as_a_random_one() -> None:
    design = verilate({"unset.sv": UNSET}, "unset", [StreamPort("s", 1)], [StreamPort("m", 64)], unknowns="unique")
    runs = [design.run([np.zeros((1, 1), np.uint32)], [1], seed=seed) for seed in (1, 2)]
    assert not np.array_equal(runs[0].outputs[0], runs[1].outputs[0])


def test_a_stuck_design_says_what_it_took_and_gave() -> None:
    message = r"last transfer was in cycle 4; taken: s 4 of 4; given: m 4 of 5"
    with pytest.raises(SimulationError, match=message):
        register().run([np.zeros((4, 3), np.uint32)], [5], idle_limit=50)


def test_a_warning_of_verilator_is_an_error() -> None:
    sloppy = REGISTER.replace("m_data <= s_data", "m_data <= s_data[3:0]")
    with pytest.raises(CompileError, match="WIDTHEXPAND"):
        verilate({"slice.sv": sloppy}, "slice", [StreamPort("s", 70)], [StreamPort("m", 70)])


def test_a_port_of_another_width_is_named() -> None:
    with pytest.raises(CompileError, match="it has output m_data of 70 bits; wanted output m_data of 7 bits"):
        verilate({"slice.sv": REGISTER}, "slice", [StreamPort("s", 70)], [StreamPort("m", 7)])
