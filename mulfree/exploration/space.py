"""Which choices there are: every way to fold, with every alternative of each other option."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from mulfree.compiler.folding import DEFAULT_CLOCK_MHZ
from mulfree.exploration.choice import Choice

CHEAPEST = "cheapest"
"""Of arithmetics: none is preferred, so that each layer gets the cheapest."""
NONE = "none"
"""Of adaptations: the network as it was trained."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """Alternatives of every option; an option without alternatives takes those of `defaults.filled`.

    A design is folded for one of the rates `fps`, within one of the budgets `luts`, or as one of the `foldings` says
    ("unrolled", or a folding file). Each of these is combined with every one of `arithmetics` ("cheapest", or names of
    preferred ones in order, joined by "+"), `adaptations` ("none", or requests, joined by "+"), `levels_per_stage`,
    `targets`, and files of `other_models`: the same network quantised or approximated otherwise.
    """

    fps: Sequence[float] = ()
    luts: Sequence[int] = ()
    foldings: Sequence[str] = ()
    arithmetics: Sequence[str] = ()
    adaptations: Sequence[str] = (NONE,)
    levels_per_stage: Sequence[int | None] = (None,)
    targets: Sequence[str] = ()
    other_models: Sequence[str] = ()
    clock_mhz: float = DEFAULT_CLOCK_MHZ

    @property
    def folding_files(self) -> list[str]:
        return [name for name in self.foldings if name != "unrolled"]

    def choices(self, model: str) -> list[Choice]:
        """All of them, the slow and small designs first."""
        ways = list(self._ways_to_fold())
        models = [model, *self.other_models]
        options = product(ways, models, self.targets, self.levels_per_stage, self.adaptations, self.arithmetics)
        return [
            Choice(
                **way,
                model=file,
                target=target,
                clock_mhz=self.clock_mhz,
                levels_per_stage=levels,
                adapt=joined(adapt, NONE),
                arithmetic=joined(arithmetic, CHEAPEST),
            )
            for way, file, target, levels, adapt, arithmetic in options
        ]

    def _ways_to_fold(self) -> Iterator[dict[str, Any]]:
        yield from ({"fps": fps} for fps in sorted(self.fps))
        yield from ({"luts": luts} for luts in sorted(self.luts))
        yield from ({"folding": name} for name in self.foldings)


def joined(text: str, nothing: str) -> tuple[str, ...]:
    """`a+b` as its parts; the word for nothing as none."""
    return () if text == nothing else tuple(text.split("+"))


def sampled(choices: Sequence[Choice], count: int | None, seed: int) -> list[Choice]:
    """At most so many of the choices, drawn by the seed, in their order."""
    if count is None or count >= len(choices):
        return list(choices)
    return [choices[i] for i in sorted(random.Random(seed).sample(range(len(choices)), count))]
