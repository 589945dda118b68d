import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mulfree.backends.folder import write_folder
from mulfree.ir import CompileError

FILES = {"design.json": "{}", "rtl/top.sv": "module top; endmodule\n", "run.sh": "#!/bin/sh\n"}


class Interrupted(Mapping[str, str]):
    """Files of which the second is interrupted by Ctrl-C."""

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)

    def __getitem__(self, name: str) -> str:
        if name != "design.json":
            raise KeyboardInterrupt
        return FILES[name]


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_holds_exactly_the_files(tmp_path: Path) -> None:
    write_folder(FILES, tmp_path / "a" / "out")
    assert contents(tmp_path / "a" / "out") == FILES
    assert os.access(tmp_path / "a" / "out" / "run.sh", os.X_OK)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["out"]


def test_a_folder_of_ours_is_replaced_whole(tmp_path: Path) -> None:
    write_folder({"design.json": "{}", "rtl/old.sv": ""}, tmp_path / "out")
    write_folder(FILES, tmp_path / "out")
    assert contents(tmp_path / "out") == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_interrupt_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    write_folder(FILES, tmp_path / "out")
    for folder in (tmp_path / "out", tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            write_folder(Interrupted(), folder)
    assert contents(tmp_path / "out") == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CompileError, match="holds files that mulfree did not write"):
        write_folder(FILES, tmp_path)
    with pytest.raises(CompileError, match="is a file"):
        write_folder(FILES, tmp_path / "thesis.txt")
    assert contents(tmp_path) == {"thesis.txt": "years of work"}
