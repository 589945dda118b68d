"""A network ready to run: its plan, memory for each thread, and the calls."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from os import cpu_count, getpid
from typing import Any

import numpy as np

from mulfree.ir import AnyArray, Graph
from mulfree.sim.functional.build import build_plan
from mulfree.sim.functional.plan import Plan
from mulfree.sim.functional.planner import IntGraph, IntValue
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.worker import Program, Worker

AnyType = np.dtype[Any]
NATIVE = {np.dtype(name) for name in ("int8", "uint8", "int16", "uint16", "int32", "int64")}
CACHE_BYTES = 512 * 1024
"""Scratch memory of one tile of samples: about half of a core's second-level cache."""
MAX_TILE = 256


class FastNetwork:
    """Runs an integer graph on whole batches, bit-equal to evaluating it node by node.

    Thread-safe; the plan is made once, machine code is shared by all networks and kept in numba's cache.
    """

    def __init__(self, graph: IntGraph) -> None:
        self.graph = graph
        self.plan: Plan = build_plan(graph)
        self.tile = min(MAX_TILE, max(self.plan.least_tile, CACHE_BYTES // max(1, self.plan.sample_bytes)))
        self._results = [(t.shape, np.int64 if fits(t.range, Kind.INT64) else object) for t in self.plan.outputs]
        self._programs: dict[tuple[AnyType, ...], Program] = {}
        self._idle: list[Worker] = []
        self._traced: FastNetwork | None = None

    def run(self, inputs: Sequence[AnyArray], threads: int | None = None) -> list[AnyArray]:
        """The outputs for one integer array per graph input, batch axis first; int64, C order.

        `threads` is how many cores may share the batch (default: all). Raises ValueError for an array of the wrong
        shape or type, or with a value outside the input's range.
        """
        arrays = [self._checked(v, x) for v, x in zip(self.graph.inputs, inputs, strict=True)]
        count = len(arrays[0])
        if len(arrays) > 1 and any(len(x) != count for x in arrays):
            raise ValueError(f"the inputs are batches of {[len(x) for x in arrays]} samples")
        outputs: list[AnyArray] = [np.empty((count, *shape), dtype) for shape, dtype in self._results]
        program = self._program(tuple([x.dtype for x in arrays]))
        if count < 4 * self.tile or threads == 1:
            self._run_part(program, arrays, outputs, 0, count)
        else:
            parts = self._parts(count, threads or cpu_count() or 1)
            pool = _pool(getpid(), len(parts))
            for job in [pool.submit(self._run_part, program, arrays, outputs, *part) for part in parts]:
                job.result()
        return outputs

    __call__ = run

    def values(self, inputs: Sequence[AnyArray]) -> dict[IntValue, AnyArray]:
        """Every value of the graph, inputs included."""
        every = list(self.graph.values())
        if self._traced is None:
            self._traced = FastNetwork(Graph(self.graph.inputs, self.graph.nodes, every, self.graph.name))
        return dict(zip(every, self._traced.run(inputs), strict=True))

    def _checked(self, value: IntValue, x: AnyArray) -> AnyArray:
        if x.shape[1:] != value.type.shape:
            raise ValueError(f"input '{value.name}' is a batch of {value.type.shape}, not an array of {x.shape}")
        if x.dtype in NATIVE and x.flags.c_contiguous:
            return x
        if x.dtype.kind not in "biuO":
            raise ValueError(f"input '{value.name}' takes integers, not {x.dtype}")
        dtype: Any = x.dtype if x.dtype in NATIVE else np.int64 if fits(value.type.range, Kind.INT64) else object
        return np.ascontiguousarray(x, dtype)

    def _parts(self, count: int, threads: int) -> list[tuple[int, int]]:
        """The batch in parts of whole tiles, at least two tiles each."""
        tiles = -(-count // self.tile)
        share = max(1, min(threads, tiles // 2))
        return list(pairwise(min(count, tiles * i // share * self.tile) for i in range(share + 1)))

    def _run_part(
        self, program: Program, inputs: list[AnyArray], outputs: list[AnyArray], start: int, stop: int
    ) -> None:
        worker = self._idle.pop() if self._idle else Worker(self.plan, self.tile)
        outside = worker.run(program, inputs, outputs, start, stop)
        self._idle.append(worker)
        if outside is not None:
            value = self.graph.inputs[outside]
            raise ValueError(f"input '{value.name}' holds a value outside {value.type.range}")

    def _program(self, dtypes: tuple[AnyType, ...]) -> Program:
        program = self._programs.get(dtypes)
        if program is None:
            program = self._programs[dtypes] = Program(self.plan, [t.name for t in dtypes])
        return program


def compile_functional(graph: IntGraph) -> FastNetwork:
    """A callable: input arrays to output arrays."""
    return FastNetwork(graph)


@lru_cache(maxsize=8)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads of this process: a forked child needs its own."""
    return ThreadPoolExecutor(threads)
