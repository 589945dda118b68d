"""What is shipped, and what importing it costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import mulfree

ROOT = Path(__file__).parent.parent
LAYERS = ("ir", "rtl", "sim", "compiler", "backends")
OWN = ("commands", "examples", "exploration", "networks", "tables", "train")
HEAVY = ("torch", "numba", "onnx", "networkx", "numpy", "jinja2", "typer", "rich")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the tree stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*LAYERS, "mulfree"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir"]
    subprocess.run([*build, str(folder), str(source)], check=True, timeout=300)
    (result,) = folder.glob("*.whl")
    return result


def tree() -> set[str]:
    """Every file of the root folders and of mulfree/ itself, under the name that it has in the package."""
    layers = {f"mulfree/{path.relative_to(ROOT)}" for layer in LAYERS for path in (ROOT / layer).rglob("*")}
    own = {str(path.relative_to(ROOT)) for path in (ROOT / "mulfree").glob("*")}
    inner = [path for name in OWN for path in (ROOT / "mulfree" / name).rglob("*")]
    names = layers | own | {str(path.relative_to(ROOT)) for path in inner}
    return {name for name in names if (ROOT / name).is_file() and "__pycache__" not in name}


def test_the_wheel_holds_every_file_of_the_tree_and_no_other(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert shipped == tree()


def test_the_wheel_holds_the_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_wheel_works_without_the_tree(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import mulfree.ir.text, mulfree.compiler, mulfree.sim, mulfree.backends; print(mulfree.ir.__file__)"
    assert Path(run_python(code, PYTHONPATH=str(tmp_path))).is_relative_to(tmp_path)


def test_importing_mulfree_loads_nothing_heavy() -> None:
    loaded = run_python("import sys, mulfree; print(*sys.modules)").split()
    assert "mulfree" in loaded
    assert not set(HEAVY) & set(loaded)


def test_each_layer_is_the_folder_of_its_name() -> None:
    for layer in LAYERS:
        assert (ROOT / "mulfree" / layer).resolve() == ROOT / layer


def test_version_is_the_one_of_the_project() -> None:
    assert f'version = "{mulfree.__version__}"' in (ROOT / "pyproject.toml").read_text()


def run_python(code: str, **variables: str) -> str:
    """What a new interpreter prints for the code, away from the tree."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        cwd=os.sep,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.strip()
