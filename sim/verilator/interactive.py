"""A verilated design to step by hand, through pyverilator: one signal and one clock edge at a time."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from mulfree.ir import CompileError
from mulfree.sim.verilator.compile import Harness, Recipe, build_library, read_folder
from mulfree.sim.verilator.ports import declared_ports
from mulfree.sim.verilator.tool import REMEDY


def interactive(files: Mapping[str, str] | Path, top: str) -> Any:
    """A `pyverilator.PyVerilator` of module `top`: `.io.<port>`, `.clock.tick()`, `.start_vcd_trace(path)`.

    Reading a port gives an int; assigning to one settles the combinational logic at once. pyverilator itself drives
    the build of a Verilator of 2020, so the library is built here and only opened by it.
    """
    texts = read_folder(files) if isinstance(files, Path) else files
    pyverilator = _pyverilator()
    wrapper_without_ports = _wrapper("")
    library = build_library(texts, Recipe(top, trace=True), lambda h: Harness(_wrapper(h), {}), [wrapper_without_ports])
    with TemporaryDirectory() as folder:  # a library holds one model and its time: every handle opens a copy
        return pyverilator.PyVerilator(shutil.copy(library, folder))


def _wrapper(header: str) -> str:
    """pyverilator's own C++ text; all that it defines must be visible outside the library."""
    ports = declared_ports(header)
    inputs = [(name, bits) for name, (is_input, bits) in ports.items() if is_input]
    outputs = [(name, bits) for name, (is_input, bits) in ports.items() if not is_input]
    template = importlib.import_module("pyverilator.verilatorcpp")
    text: str = template.template_cpp("top", inputs, outputs, [], json.dumps(json.dumps(None)))
    headers = '#include <cstddef>\n#include "verilated_vcd_c.h"\n#include "Vtop.h"\n'
    return f"{headers}#pragma GCC visibility push(default)\n{text}\n"


def _pyverilator() -> Any:
    try:
        importlib.import_module("tclwrapper")
    except Exception:  # it starts Tcl when imported, fails on Python >= 3.11, and serves only to steer GTKWave
        sys.modules["tclwrapper"] = _without_tcl()
    try:
        return importlib.import_module("pyverilator")
    except ImportError as error:
        raise CompileError(f"interactive simulation needs pyverilator: {REMEDY}") from error


def _without_tcl() -> ModuleType:
    def refuse(*arguments: object) -> None:
        raise CompileError("steering GTKWave needs Tcl and a tclwrapper that works on this Python")

    module = ModuleType("tclwrapper")
    vars(module)["TCLWrapper"] = refuse
    return module
