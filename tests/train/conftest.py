"""These tests need PyTorch, but for those of trees, and are skipped, module by module, where it is absent."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

WITHOUT_TORCH = ("test_logic_trees.py",)
REASON = "mulfree.train needs PyTorch: pip install 'mulfree[train]'"


class _Skipped(pytest.Module):
    """A module that says why it is not even imported."""

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        pytest.skip(REASON, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if find_spec("torch") is not None:
        _use_one_thread()
        return None
    if module_path.name in WITHOUT_TORCH:
        return None
    skipped: pytest.Module = _Skipped.from_parent(parent, path=module_path)
    return skipped


def _use_one_thread() -> None:
    """Test processes run side by side: threads of each would wait for those of the others."""
    import torch

    torch.set_num_threads(1)
