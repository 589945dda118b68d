"""What every test may use: golden texts, and the real models where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"


settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
settings.register_profile("searching", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""The same examples in every run, so that a failure is the change's own; `searching` draws new ones."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden from this run")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with a file of tests/golden, or rewrite it with --update-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{path} differs; look at it, then run pytest --update-golden"

    return check


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of trained models, reference outputs and data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("MULFREE_MODELS", TESTS.parent.parent / "shared"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no trained models in {folder}; set MULFREE_MODELS to their folder")
    return folder
