"""A Dask cluster as the place where choices are measured."""

from __future__ import annotations

import importlib
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import mulfree
from mulfree.exploration import digest
from mulfree.exploration.bench import Bench
from mulfree.exploration.choice import Choice
from mulfree.exploration.point import Point
from mulfree.exploration.study import Study
from mulfree.ir import CompileError

SECONDS = 10
"""For the scheduler to answer."""
ADDRESS = re.compile(r"(\w+://)?[^/\s]+:\d+")
REMEDY = "pip install 'mulfree[explore]', or leave the scheduler out"


@dataclass(frozen=True)
class Cluster:
    """The workers of the Dask scheduler at an address, such as tcp://10.0.0.1:8786."""

    scheduler: str

    def measure(self, study: Study, choices: Sequence[Choice]) -> Iterator[Point]:
        """Raises CompileError if no scheduler answers, or if workers have no mulfree of this version."""
        distributed = _distributed()
        with _connected(distributed, self.scheduler) as client:
            _check_workers(client, self.scheduler)
            shared = client.scatter(study, broadcast=True, hash=False)
            futures = [client.submit(measure_on_worker, shared, choice, pure=False) for choice in choices]
            try:
                for future in distributed.as_completed(futures, loop=client.loop):
                    yield future.result()
            finally:
                client.cancel(futures)


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        raise CompileError(f"Dask is not installed: {REMEDY}") from None


@contextmanager
def _connected(distributed: Any, address: str) -> Generator[Any]:
    if not ADDRESS.fullmatch(address):
        raise CompileError(f"'{address}' is no address of a Dask scheduler; write for example tcp://10.0.0.1:8786")
    try:
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise CompileError(f"{address}: no Dask scheduler answers ({error}); start one with 'dask scheduler'") from None
    try:
        yield client
    finally:
        client.close()


def _check_workers(client: Any, address: str) -> None:
    # A function without a name is sent as it is; one of this module would need mulfree to be there.
    found = client.run(lambda: importlib.import_module("mulfree.exploration.digest").of_mulfree(), on_error="return")
    if not found:
        raise CompileError(f"{address}: the scheduler has no workers; start some with 'dask worker {address}'")
    for worker, program in found.items():
        if program != digest.of_mulfree():
            why = f" ({program})" if isinstance(program, Exception) else ""
            raise CompileError(f"{worker}: has not this very mulfree, {mulfree.__version__}{why}; install it there")


_alone = Lock()
"""A worker with several threads measures in one of them: they would wait for each other anyway."""


def measure_on_worker(study: Study, choice: Choice) -> Point:
    with _alone:
        return _bench_of(study).measure(choice)


@lru_cache(maxsize=1)
def _bench_of(study: Study) -> Bench:
    """One for each worker."""
    return Bench(study)
