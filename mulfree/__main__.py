"""The command line: compile, sim, cosim, estimate, synth, prove, diff, show, approximate, demo.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

from mulfree.commands import demo, hardware, models, prove, show, simulation
from mulfree.commands.app import app

# Each module adds its sub-commands to the app as it is imported.
__all__ = ["app", "demo", "hardware", "main", "models", "prove", "show", "simulation"]


def main() -> None:
    """Entry point of the `mulfree` command."""
    app()


if __name__ == "__main__":
    main()
