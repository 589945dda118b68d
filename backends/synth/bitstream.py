"""Write what an implementation made: the bitstream, and for a board what it was made of."""

from __future__ import annotations

import os
from pathlib import Path

from mulfree.backends.synth.nextpnr import Placement
from mulfree.backends.verilog import top_name
from mulfree.ir import CompileError
from mulfree.rtl import Design


def write_implementation(folder: Path, design: Design, placement: Placement) -> dict[str, str]:
    """Every file of the placement into the folder, named after the design; returns the paths by suffix.

    Each file is there whole or not at all. Raises CompileError if the place cannot be written.
    """
    written = dict[str, str]()
    stem = top_name(design) + ("_serial" if placement.board else "")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, content in placement.files.items():
            path = folder / f"{stem}.{suffix}"
            fresh = folder / f".{path.name}.new"
            fresh.write_bytes(content)
            os.replace(fresh, path)
            written[suffix] = str(path)
    except OSError as error:
        raise CompileError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    return written
