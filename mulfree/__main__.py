"""The command line. Everything heavy is imported inside the commands, so that `--help` answers at once."""

from __future__ import annotations

from mulfree.commands import demo, explore, hardware, models, netlists, networks, prove, show, simulation, tables
from mulfree.commands.app import app

# Each module adds its sub-commands to the app as it is imported.
__all__ = [
    "app",
    "demo",
    "explore",
    "hardware",
    "main",
    "models",
    "netlists",
    "networks",
    "prove",
    "show",
    "simulation",
    "tables",
]


def main() -> None:
    """Entry point of the `mulfree` command."""
    app()


if __name__ == "__main__":
    main()
