"""What one run of the tools may take, and where its results are kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mulfree.backends.synth.bounded import Bounds
from mulfree.sim.store import store_folder


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds of every single run of a tool, how many run side by side, and whether earlier results are used."""

    bounds: Bounds = field(default_factory=Bounds)
    jobs: int | None = None
    """None: as many as there are processors."""
    cache: bool = True
    """Keep results in the user's cache folder (`MULFREE_CACHE`), and take those that are there."""

    @property
    def workers(self) -> int:
        return self.jobs or os.cpu_count() or 1

    @contextmanager
    def store(self) -> Generator[Path]:
        """The root of the store for the length of a run: the user's, or one that is gone afterwards."""
        if self.cache:
            yield store_folder()
            return
        folder = Path(tempfile.mkdtemp(prefix="mulfree-synth-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
