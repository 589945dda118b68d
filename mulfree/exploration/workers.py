"""Where choices are measured: in this process, in others of this machine, or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Protocol

from mulfree.exploration.bench import Bench
from mulfree.exploration.choice import Choice
from mulfree.exploration.point import Point
from mulfree.exploration.study import Study
from mulfree.ir import CompileError


class Workers(Protocol):
    """Measure choices, in any order. What is not yet measured is given up when the iterator is closed."""

    def measure(self, study: Study, choices: Sequence[Choice]) -> Iterator[Point]: ...


def workers(scheduler: str | None, processes: int | None) -> Workers:
    """On the cluster of a Dask scheduler, if its address is given, or in processes here."""
    if scheduler is None:
        return Processes(processes)
    from mulfree.exploration.cluster import Cluster

    return Cluster(scheduler)


@dataclass(frozen=True)
class Processes:
    """So many processes of this machine, by default one for each core; a single one is this process itself."""

    count: int | None = None

    def measure(self, study: Study, choices: Sequence[Choice]) -> Iterator[Point]:
        """Raises CompileError if a process dies, as when memory runs out."""
        count = min(self.count or _cores(), len(choices))
        return _here(study, choices) if count <= 1 else _in_processes(study, choices, count)


@dataclass(frozen=True)
class Nobody:
    """Measures nothing."""

    def measure(self, study: Study, choices: Sequence[Choice]) -> Iterator[Point]:
        del study, choices
        return iter(())


NOBODY = Nobody()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(study: Study, choices: Sequence[Choice]) -> Iterator[Point]:
    bench = Bench(study)
    return (bench.measure(choice) for choice in choices)


def _in_processes(study: Study, choices: Sequence[Choice], count: int) -> Iterator[Point]:
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=spawn, initializer=_begin, initargs=(study,))
    try:
        with _deaf_children():
            futures = [pool.submit(_measure, choice) for choice in choices]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise CompileError(
            "a process that measured designs ended before it was done: out of memory, or a script of yours without "
            "'if __name__ == \"__main__\":'. Points that are done are kept; go on with fewer processes"
        ) from error
    finally:
        # Ended before the pool shuts down: it would else write to them that there is no more, and they might be gone.
        _end(set(multiprocessing.active_children()) - others)
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _deaf_children() -> Generator[None]:
    """Processes that start meanwhile hear no interrupt, from their first instruction on.

    It is for the process that started them, which then ends them; here it is only put off.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(processes: set[BaseProcess]) -> None:
    """At once: what they still measure is of no use."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


_bench: Bench | None = None
"""Of this process."""


def _begin(study: Study) -> None:
    global _bench
    _bench = Bench(study)


def _measure(choice: Choice) -> Point:
    assert _bench is not None
    return _bench.measure(choice)
