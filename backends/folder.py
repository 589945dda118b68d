"""Write a set of files as one folder: all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mulfree.ir import CompileError

MARK = "design.json"
"""The file by which a folder is known to be one of ours, and so may be replaced."""


def write_folder(files: Mapping[str, str], folder: Path) -> None:
    """Write `files` (relative path to text) as `folder`, replacing a folder that an earlier run wrote.

    Whatever interrupts it, the folder is the old one or the new one, never half of each. Scripts (*.sh) are
    executable. Raises CompileError if something else is in the way or the place cannot be written.
    """
    _check_place(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise CompileError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    try:
        _fill(fresh, files)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _check_place(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CompileError(f"{folder}: is a file; choose another folder")
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise CompileError(f"{folder}: holds files that mulfree did not write; choose an empty or new folder")


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    folder.chmod(0o755)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.suffix == ".sh":
            path.chmod(0o755)


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; the old one is removed last."""
    if not folder.exists():
        os.replace(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    os.replace(folder, old / "was")
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)
