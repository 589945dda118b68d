"""Pages for people: templates, and files that are written whole beside what is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2

from mulfree.ir import CompileError


@cache
def page(name: str) -> jinja2.Template:
    """A template of this package; what it is given is escaped."""
    loader = jinja2.PackageLoader("mulfree.backends", "templates")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=True)
    return environment.get_template(name)


def write_pages(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write the files into the folder, beside what is there; a reader never sees half a file.

    All are prepared before the first is put in its place. Raises CompileError if the place cannot be written.
    """
    fresh = {name: folder / f".{name}.new" for name in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, contents in files.items():
            fresh[name].write_bytes(contents.encode() if isinstance(contents, str) else contents)
        for name in files:
            os.replace(fresh[name], folder / name)
    except OSError as error:
        raise CompileError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    finally:
        for path in fresh.values():
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # The place is no folder, as the error that goes out says.
