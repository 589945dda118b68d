"""Where results of tools are kept between runs, by the content they were made from."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def store_folder() -> Path:
    """`MULFREE_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("MULFREE_CACHE")
    user = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(chosen) if chosen else user / "mulfree"


def content_key(parts: Iterable[str]) -> str:
    """Name for what is built from the given texts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:".encode() + part.encode())
    return digest.hexdigest()[:32]


def stored(
    name: str,
    key: str,
    build: Callable[[Path, Path], None],
    *,
    root: Path | None = None,
    is_whole: Callable[[Path], bool] = Path.is_dir,
) -> Path:
    """The folder `name/key` of the store (`root` or `store_folder`), made by `build(work, final)` unless it is there.

    The work folder becomes the final one in a single step, so processes that build the same thing at once do no harm,
    and an interrupt leaves nothing. A folder that is not whole (a disk was full, a file was touched) is built anew.
    """
    final = (root or store_folder()) / name / key
    if final.is_dir() and is_whole(final):
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=final.parent))
    try:
        build(work, final)
        _publish(work, final, is_whole)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final


def _publish(work: Path, final: Path, is_whole: Callable[[Path], bool]) -> None:
    if final.is_dir() and not is_whole(final):
        shutil.rmtree(final, ignore_errors=True)
    try:
        work.rename(final)
    except OSError:
        if not final.is_dir():  # else another process was faster, with the same content
            raise
