"""Turn SystemVerilog text into a shared library: Verilator makes C++, we compile it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby
from pathlib import Path, PurePosixPath

from mulfree.sim.store import content_key, stored
from mulfree.sim.verilator.tool import Tool, run_tool, run_tools, verilator_tool

SOURCES = (".sv", ".v")
LIBRARY = "design.so"

CPP_FLAGS = (
    *("-std=c++17", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-fcf-protection=none", "-w"),
    *("-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_SAIF=0"),
)
"""Symbols stay inside each library: several designs, each with its own runtime, live in one process."""

LANES = """`verilator_config
no_inline -module "*__lane"
public_flat_rd -module "*__lane" -var "x"
public_flat_rd -module "*__lane" -var "w"
public_flat_rd -module "*__lane" -var "a"
"""
"""A stage's circuit `lane` stands there once for each output that is computed at once: one function for all of them
instead of one each, which needs its inputs to be variables. `Recipe` has the two flags that this takes as well."""
UNIT_BYTES = 1 << 20
"""Of C++ that one run of the compiler is given: many small files take longer than few large ones."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to verilate. `unknowns` is 'fast' or 'unique': the latter starts every register with a random value."""

    top: str
    unknowns: str = "fast"
    trace: bool = False

    @property
    def verilator_flags(self) -> tuple[str, ...]:
        unknowns = ("--x-assign", self.unknowns, "--x-initial", self.unknowns)
        trace = ("--trace-vcd",) if self.trace else ()
        # Tables and what the data-flow pass substitutes differ from lane to lane. Without that pass, Verilator takes
        # words of an array that are made one from the other for a loop.
        shared = ("-fno-table", "-fno-dfg", "-Wno-UNOPTFLAT")
        return ("--cc", "-sv", "-O3", *shared, "-Wall", *unknowns, *trace, "--top-module", self.top, "--prefix", "Vtop")

    @property
    def cpp_flags(self) -> tuple[str, ...]:
        # pyverilator, which asks for the trace, has its own answer to $finish.
        trace = ("-DVM_TRACE=1", "-DVM_TRACE_VCD=1", "-DVL_USER_FINISH")
        return (*CPP_FLAGS, *(trace if self.trace else ("-DVM_TRACE=0", "-DVM_TRACE_VCD=0")))


@dataclass(frozen=True, slots=True)
class Harness:
    """C++ that is linked with the design: `source` may include the files of `headers` and Vtop.h."""

    source: str
    headers: Mapping[str, str]


HarnessOf = Callable[[str], Harness]
"""Of Verilator's header of the top module, which declares its ports; CompileError if they are not those wanted."""


def read_folder(folder: Path) -> dict[str, str]:
    """Verilog and memory files of a folder and its subfolders, by relative path."""
    wanted = (*SOURCES, ".svh", ".vh", ".hex", ".mem")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in wanted)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def build_library(files: Mapping[str, str], recipe: Recipe, harness_of: HarnessOf, known: Sequence[str]) -> Path:
    """Path of the shared library of the design and its harness, built only if it is not in the store.

    `known` is all that the harness depends on besides the design. Every warning of Verilator is a CompileError.
    """
    flags = (*recipe.verilator_flags, *recipe.cpp_flags, LANES)
    key = content_key([verilator_tool().identity, *flags, *_flat(files), *known])
    return stored("designs", key, lambda work, final: _build(files, recipe, harness_of, work, final)) / LIBRARY


def _build(files: Mapping[str, str], recipe: Recipe, harness_of: HarnessOf, work: Path, final: Path) -> None:
    generated = _verilate(files, recipe, work, final)
    harness = harness_of((generated / "Vtop.h").read_text())
    for name, text in {**harness.headers, "harness.cpp": harness.source}.items():
        (generated / name).write_text(text)
    tool = verilator_tool()
    fast, slow, runtime = _units(generated)
    hot = [*_joined(generated, "fast", fast), generated / "harness.cpp"]
    commands = [_compile(tool, recipe, path, "-O2") for path in hot]
    commands += [_compile(tool, recipe, path, "-O0") for path in _joined(generated, "slow", slow)]
    run_tools(commands, generated)
    objects = [*map(str, generated.glob("*.o")), *map(str, _runtime(recipe, tuple(runtime)))]
    run_tool([tool.compiler, "-shared", "-Wl,-Bsymbolic", "-o", str(work / LIBRARY), *objects, "-pthread"], generated)
    for path in generated.iterdir():
        path.unlink()


def _joined(generated: Path, kind: str, names: Sequence[str]) -> Iterator[Path]:
    """Files that include these, each as many as come to about `UNIT_BYTES`."""
    ends = accumulate((generated / f"{name}.cpp").stat().st_size for name in names)
    for unit, members in groupby(zip(names, ends, strict=True), lambda member: member[1] // UNIT_BYTES):
        path = generated / f"{kind}_{unit}.cpp"
        path.write_text("".join(f'#include "{name}.cpp"\n' for name, _ in members))
        yield path


def _verilate(files: Mapping[str, str], recipe: Recipe, work: Path, final: Path) -> Path:
    """Writes the design into `work` and its C++ into the folder returned."""
    tool, generated = verilator_tool(), work / "generated"
    generated.mkdir()
    for name, text in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_absolute_memories(text, files, final) if path.suffix in SOURCES else text)
    sources = [name for name in files if PurePosixPath(name).suffix in SOURCES]
    folders = sorted({str(PurePosixPath(name).parent) for name in files})
    includes = [f"-I{folder}" for folder in folders]
    (generated / "lanes.vlt").write_text(LANES)
    command = [str(tool.binary), *recipe.verilator_flags, "--Mdir", "generated", *includes, "generated/lanes.vlt"]
    run_tool([*command, *sources], work, tool.root)
    return generated


def _absolute_memories(text: str, files: Mapping[str, str], final: Path) -> str:
    """Verilog text that names its memory files by full path: a simulation reads them from any working folder."""
    memories = {PurePosixPath(name).name: final / name for name in files if name.endswith((".hex", ".mem"))}
    memories |= {name: final / name for name in files if name.endswith((".hex", ".mem"))}

    def full(quoted: re.Match[str]) -> str:
        return f'"{memories.get(quoted[1], quoted[1])}"'

    return re.sub(r'"([^"\n]+\.(?:hex|mem))"', full, text)


def _units(generated: Path) -> tuple[list[str], list[str], list[str]]:
    """Names of the C++ files: hot ones, those that run once, and the parts of Verilator's runtime they need."""
    listed = (generated / "Vtop_classes.mk").read_text()
    groups = dict(re.findall(r"^(VM_\w+) \+= \\\n((?:\s+\S+ \\\n)*)", listed, re.MULTILINE))
    names = {group: text.replace("\\", " ").split() for group, text in groups.items()}
    fast = names["VM_CLASSES_FAST"] + names["VM_SUPPORT_FAST"]
    slow = names["VM_CLASSES_SLOW"] + names["VM_SUPPORT_SLOW"]
    return fast, slow, names["VM_GLOBAL_FAST"] + names["VM_GLOBAL_SLOW"]


def _compile(tool: Tool, recipe: Recipe, source: Path, level: str) -> list[str]:
    includes = ["-I.", f"-I{tool.include}", f"-I{tool.include / 'vltstd'}"]
    return [tool.compiler, level, *recipe.cpp_flags, *includes, "-c", str(source), "-o", f"{source.stem}.o"]


@cache
def _runtime(recipe: Recipe, names: tuple[str, ...]) -> list[Path]:
    """Objects of Verilator's runtime, compiled once per user."""
    tool = verilator_tool()

    def build(work: Path, final: Path) -> None:
        run_tools([_compile(tool, recipe, tool.include / f"{name}.cpp", "-O1") for name in names], work)

    folder = stored("runtime", content_key([tool.identity, *recipe.cpp_flags, *names]), build)
    return [folder / f"{name}.o" for name in names]


def _flat(files: Mapping[str, str]) -> Sequence[str]:
    return [text for item in sorted(files.items()) for text in item]
