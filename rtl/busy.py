"""How long each stage is busy with a frame, from its actors alone: a lower bound of the design's interval."""

from __future__ import annotations

from mulfree.rtl.actors import Actor, Buffered, Fifo, Stepper, Varying
from mulfree.rtl.design import Stage


def busy_cycles(stage: Stage) -> int:
    """Cycles per frame in which the busiest actor of the stage takes, computes or gives; at most, if data decide."""
    tokens = stage.inputs[0].tokens if stage.inputs else 0
    busiest = 0
    for actor in stage.actors:
        cycles, tokens = _of_actor(actor, tokens)
        busiest = max(busiest, cycles)
    return busiest


def _of_actor(actor: Actor, tokens: int) -> tuple[int, int]:
    """Cycles per frame, and tokens out of the first output, for so many tokens into the first input."""
    match actor:
        case Stepper():
            periods = tokens // int(actor.consumes[0].sum())
            return periods * actor.period, periods * int(actor.emits[0].sum())
        case Buffered():
            return max(actor.tokens, len(actor.needs)), len(actor.needs)
        case Fifo():
            return tokens, tokens
        case Varying(longest=longest):
            return _of_actor(longest, tokens)
