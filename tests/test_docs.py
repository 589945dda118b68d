"""The documentation does what it says."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import mulfree
from mulfree.__main__ import app

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TUTORIALS = sorted((DOCS / "tutorial").glob("*.md"))
WITH_COMMANDS = [page for page in TUTORIALS if "```console" in page.read_text()]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def beside_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds the example files."""
    for path in (Path(mulfree.__file__).parent / "examples").iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda p: p.stem)
def test_examples_of_the_tutorial_give_what_it_shows(page: Path, beside_the_examples: Path) -> None:
    if "from mulfree import train" in page.read_text():
        pytest.importorskip("torch", reason="this page needs PyTorch: pip install 'mulfree[train]'")
    failed, attempted = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS)
    assert attempted > 0
    assert failed == 0


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda p: p.stem)
def test_commands_of_the_tutorial_print_what_it_shows(page: Path, beside_the_examples: Path) -> None:
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)
    steps = [step for block in blocks for step in block.split("$ ") if step]
    assert steps
    for step in steps:
        command, *shown = step.splitlines()
        program, *arguments = shlex.split(command)
        assert program == "mulfree"
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert all(line in result.stdout for line in shown), result.stdout


def test_every_page_is_in_the_navigation_and_exists() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    assert set(pages(nav)) == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def pages(entry: object) -> list[str]:
    match entry:
        case str():
            return [entry]
        case dict():
            return [page for part in entry.values() for page in pages(part)]
        case list():
            return [page for part in entry for page in pages(part)]
        case _:
            raise AssertionError(entry)


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^):#]+\.md)[^)]*\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_reference_pages_name_modules_that_import() -> None:
    from importlib import import_module

    names = [n for page in (DOCS / "reference").glob("*.md") for n in re.findall(r"^::: (\S+)", page.read_text(), re.M)]
    assert len(names) > 20
    for name in names:
        if name.startswith("mulfree.train") and not find_spec("torch"):
            continue
        assert import_module(name).__doc__, f"{name} has no docstring"


def test_why_pages_cover_every_layer() -> None:
    assert {p.stem for p in (DOCS / "why").glob("*.md")} >= {"ir", "compiler", "rtl", "sim", "backends", "train"}
