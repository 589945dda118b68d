"""Multiplication-free networks, compiled to hardware.

    design = mulfree.compile("model.onnx")
    y = design.simulate(x)

Nothing heavy is imported before it is used: `import mulfree` alone loads neither numba nor onnx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mulfree.api import CompiledModel, compile
    from mulfree.compiler.families.piecewise.approximate import approximate_piecewise
    from mulfree.compiler.folding import LayerFolding
    from mulfree.compiler.model import InputFormat
    from mulfree.exploration import Exploration, Space, explore
    from mulfree.ir import CompileError, Graph, IntRange, TensorType

__version__ = "0.1.0"

_HOMES = {
    "approximate_piecewise": "mulfree.compiler.families.piecewise.approximate",
    "CompileError": "mulfree.ir",
    "CompiledModel": "mulfree.api",
    "Exploration": "mulfree.exploration",
    "Graph": "mulfree.ir",
    "InputFormat": "mulfree.compiler.model",
    "IntRange": "mulfree.ir",
    "LayerFolding": "mulfree.compiler.folding",
    "Space": "mulfree.exploration",
    "TensorType": "mulfree.ir",
    "compile": "mulfree.api",
    "explore": "mulfree.exploration",
}

__all__ = [
    "CompileError",
    "CompiledModel",
    "Exploration",
    "Graph",
    "InputFormat",
    "IntRange",
    "LayerFolding",
    "Space",
    "TensorType",
    "__version__",
    "approximate_piecewise",
    "compile",
    "explore",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mulfree' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
