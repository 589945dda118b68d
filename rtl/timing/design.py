"""The longest paths of stages: by themselves, between registers, or where they stand in a design."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.cost.target import target_named
from mulfree.rtl.design import Design, Stage
from mulfree.rtl.timing.delays import Delays, cells_of
from mulfree.rtl.timing.paths import Offer, Paths
from mulfree.rtl.timing.signal import Signal, leaf
from mulfree.rtl.timing.stages import offers, settle


def longest_alone(stage: Stage, target: str, delays: Delays) -> float:
    """From ports and registers to ports and registers, as the stage stands by itself."""
    paths = Paths(delays, target_named(target))
    given = [Offer(leaf(0.0, (x.lanes, x.element_bits)), leaf(0.0)) for x in stage.inputs]
    made = offers(paths, stage)
    s_readys = settle(paths, stage, given, [leaf(0.0)] * len(stage.outputs))
    paths.data(*s_readys, *(signal for offer in made for signal in offer))
    return paths.latest


def levels(stage: Stage, target: str) -> float:
    """Cells of the target on the longest path of the stage by itself, carry chains and memories included."""
    return longest_alone(stage, target, cells_of(target))


def longest_between_registers(stage: Stage, target: str, delays: Delays) -> float:
    """The same where every port has a register on the other side; that behind an output takes it through a table."""
    paths = Paths(delays, target_named(target))
    given = [Offer(paths.lanes(x.lanes, x.element_bits), paths.held) for x in stage.inputs]
    made = offers(paths, stage)
    s_readys = settle(paths, stage, given, [paths.held] * len(stage.outputs))
    paths.data(*(paths.table(signal, paths.held) for signal in s_readys))
    paths.data(*(paths.table(x.data, paths.held) for x in made))
    return paths.latest


def longest_in(design: Design, target: str, delays: Delays) -> list[float]:
    """By stage: paths that end in its registers, and those of its outputs that end where s_ready comes from.

    Streams go forward from register to register; s_ready goes back, perhaps through several stages. Each stage is
    synthesised by itself, so that no table takes in logic of its neighbour.
    """
    timings = [Paths(delays, target_named(target)) for _ in design.stages]
    made = dict(_sources(design, timings))
    readys: dict[str, Signal] = {stream.name: timings[0].held for stream in design.outputs} if timings else {}
    for stage, paths in reversed([*zip(design.stages, timings, strict=True)]):
        given = [made[x.name] for x in stage.inputs]
        behind = [readys.get(y.name, paths.held) for y in stage.outputs]
        for x, ready in zip(stage.inputs, settle(paths, stage, given, behind), strict=True):
            readys[x.name] = leaf(ready.at)
    return [paths.latest for paths in timings]


def _sources(design: Design, timings: Sequence[Paths]) -> list[tuple[str, Offer]]:
    """What every stream of the design offers, by its name; those of the design's inputs come from registers."""
    found: list[tuple[str, Offer]] = []
    if timings:
        first = timings[0]
        found += [(x.name, Offer(first.lanes(x.lanes, x.element_bits), first.held)) for x in design.inputs]
    for stage, paths in zip(design.stages, timings, strict=True):
        made = [Offer(leaf(data.at), leaf(valid.at)) for data, valid in offers(paths, stage)]
        names = [y.name for y in stage.outputs]
        found += list(zip(names, made, strict=True))
    return found
