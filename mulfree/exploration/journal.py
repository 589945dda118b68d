"""A file of points, a line each, to which lines are only added."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from mulfree.exploration.point import Point
from mulfree.ir import CompileError

NAME = "points.jsonl"


@dataclass(frozen=True)
class Journal:
    """The file of points in a folder; both are made as they are needed."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / NAME

    def read(self) -> list[Point]:
        """All points. A last line that was cut off is taken away.

        Raises CompileError for a folder that cannot be used, and for a line that is no point.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            self._mend()
            lines = self.path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from error
        return [self._point(line, number) for number, line in enumerate(lines, 1)]

    def append(self, point: Point) -> None:
        """Add one line, in one write, so that what interrupts it leaves at most a line without an end."""
        try:
            _append(self.path, point.to_line().encode())
        except OSError as error:
            raise self._unusable(error) from error

    def _mend(self) -> None:
        data = self.path.read_bytes()
        if not data.endswith(b"\n"):
            os.truncate(self.path, data.rfind(b"\n") + 1)

    def _point(self, line: str, number: int) -> Point:
        try:
            return Point.from_line(line)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CompileError(
                f"{self.path}, line {number}: is no point ({error}); take the line out, or choose another folder"
            ) from error

    def _unusable(self, error: Exception) -> CompileError:
        why = error.strerror if isinstance(error, OSError) else error
        return CompileError(f"{self.path}: cannot be read and written ({why}); choose another folder")


def _append(path: Path, line: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)
