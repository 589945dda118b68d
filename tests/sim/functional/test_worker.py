from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from mulfree.ir import AnyArray
from mulfree.sim.functional.build import build_plan
from mulfree.sim.functional.plan import Role
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.worker import LINE, Program, Worker
from tests.ir.graphs import graphs
from tests.sim.functional.layers import IntGraph, binary_cnn, binary_mlp, inputs_of

TILE = 3


def _overwritten(graph: IntGraph) -> list[int]:
    """Slots whose memory behind the last sample is not as it was, after a run of exactly one tile."""
    plan, arrays = build_plan(graph), inputs_of(graph, TILE)
    outputs: list[AnyArray] = [
        np.zeros((TILE, *t.shape), np.int64 if fits(t.range, Kind.INT64) else object) for t in plan.outputs
    ]
    worker = Worker(plan, TILE)
    assert worker.run(Program(plan, [x.dtype.name for x in arrays]), arrays, outputs, 0, TILE) is None
    return [i for i in plan.slots_of(Role.SCRATCH) if (worker.memory[i][-LINE:] != plan.slots[i].fill).any()]


@given(graphs())
@settings(deadline=None, max_examples=50)
def test_no_kernel_writes_behind_its_result(graph: IntGraph) -> None:
    assert _overwritten(graph) == []


@pytest.mark.parametrize("widths", [(16, 20, 30, 10), (40, 64, 50, 3), (5, 33, 7, 40)])
def test_no_blocked_kernel_writes_behind_its_result(widths: tuple[int, int, int, int]) -> None:
    assert _overwritten(binary_cnn(*widths)) == []
    assert _overwritten(binary_mlp(*widths)) == []
