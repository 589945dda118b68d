"""Write what an implementation made: the bitstream, and for a board what it was made of."""

from __future__ import annotations

from pathlib import Path

from mulfree.backends.pages import write_pages
from mulfree.backends.synth.nextpnr import Placement
from mulfree.backends.verilog import top_name
from mulfree.rtl import Design


def write_implementation(folder: Path, design: Design, placement: Placement) -> dict[str, str]:
    """Every file of the placement into the folder, named after the design; returns the paths by suffix.

    Each file is there whole or not at all. Raises CompileError if the place cannot be written.
    """
    stem = top_name(design) + ("_serial" if placement.board else "")
    names = {suffix: f"{stem}.{suffix}" for suffix in placement.files}
    write_pages({names[suffix]: content for suffix, content in placement.files.items()}, folder)
    return {suffix: str(folder / name) for suffix, name in names.items()}
