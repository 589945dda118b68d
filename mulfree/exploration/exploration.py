"""Measure the choices of a space that are not measured yet, and say which designs nothing beats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mulfree.api import check_arithmetics
from mulfree.compiler.adaptation import requested
from mulfree.exploration.choice import Choice
from mulfree.exploration.front import front
from mulfree.exploration.journal import Journal
from mulfree.exploration.point import LARGER_IS_BETTER, METRICS, Point
from mulfree.exploration.space import Space, sampled
from mulfree.exploration.study import Study, read_study
from mulfree.exploration.workers import NOBODY, Workers, workers
from mulfree.ir import CompileError
from mulfree.rtl.cost import target_named

Progress = Callable[[int, int, Point | None], None]
"""Called with how many points are done of how many, and the last one; first with what was known before."""
OBJECTIVES = ("area", "fps", "accuracy")


@dataclass(frozen=True)
class Exploration:
    """Points of one network, in the order of their choices; those that could not be compiled have an `error`."""

    points: tuple[Point, ...]
    known: int = 0
    """How many were measured by an earlier run."""

    @property
    def designs(self) -> list[Point]:
        return [point for point in self.points if point.error is None]

    @property
    def targets(self) -> list[str]:
        return list(dict.fromkeys(point.choice.target for point in self.points))

    def front(self, by: Sequence[str] = OBJECTIVES, least_accuracy: float = 0) -> list[Point]:
        """The designs that no other one for the same target dominates in the metrics `by`, the smallest first.

        One dominates another if it is at least as good in every metric and better in one; of equal ones the first
        stays. A metric that was not measured of every design is left out, and so is a design of less than the least
        accuracy. Raises CompileError for an unknown metric.
        """
        check_metrics(by)
        accurate = [p for p in self.designs if p.accuracy is None or p.accuracy >= least_accuracy]
        return [p for t in self.targets for p in _front([p for p in accurate if p.choice.target == t], by)]


def check_metrics(names: Sequence[str]) -> None:
    for name in names:
        if name not in METRICS:
            raise CompileError(f"'{name}' is no metric; choose from {', '.join(METRICS)}")


def _front(points: Sequence[Point], by: Sequence[str]) -> list[Point]:
    columns = {name: [point.metric(name) for point in points] for name in by}
    signs = {name: -1 if name in LARGER_IS_BETTER else 1 for name in by}
    measured = [[signs[name] * v for v in values if v is not None] for name, values in columns.items()]
    vectors = list(zip(*(values for values in measured if len(values) == len(points)), strict=True))
    return [points[i] for i in front(vectors)]


def explore(
    model: str | Path,
    space: Space | None = None,
    *,
    data: str | Path | None = None,
    calibrate: str | Path | None = None,
    inputs: Mapping[str, str] | None = None,
    folder: str | Path | None = None,
    scheduler: str | None = None,
    processes: int | None = None,
    points: int | None = None,
    seed: int = 0,
    limit: int | None = None,
    known_only: bool = False,
    progress: Progress | None = None,
) -> Exploration:
    """Compile and weigh the designs of a network that a space says, and measure their accuracy.

    Args:
        model: the ONNX file.
        space: which designs; by default, and where it leaves something open, rates from the smallest design to the
            fastest with every arithmetic that the model's layers accept.
        data: an .npz file of samples with labels, for the accuracy; of these the first `limit`.
        calibrate: an .npz or .npy file of samples that adaptations fit to.
        inputs: formats of float inputs, as for `mulfree.compile`.
        folder: where points are kept as they are measured, and found again by a later call; by default nowhere.
        scheduler: address of a Dask scheduler; by default processes of this machine measure, as many as `processes`
            says or one for each core.
        points: how many choices to draw, by `seed`, if the space has more.
        known_only: measure nothing, and give the points that an earlier call left in the folder.

    A choice that cannot be compiled is a point with an error. Raises CompileError for a model, data, a space or a
    folder that cannot be used, and for a scheduler that does not answer.
    """
    from mulfree.exploration.defaults import filled

    space = space or Space()
    files = [str(model), *space.other_models]
    optional: dict[str, Any] = {"data": data and str(data), "calibrate": calibrate and str(calibrate), "limit": limit}
    study = read_study(files, inputs or {}, foldings=space.folding_files, **optional)
    choices = sampled(filled(space, study.models[str(model)]).choices(str(model)), points, seed)
    _check(choices, study)
    journal = Journal(Path(folder)) if folder else None
    by = NOBODY if known_only else workers(scheduler, processes)
    return _completed(study, choices, journal, by, progress or _silent)


def _completed(
    study: Study, choices: Sequence[Choice], journal: Journal | None, by: Workers, progress: Progress
) -> Exploration:
    wanted = {study.key_of(choice): choice for choice in choices}
    known = {point.key: point for point in (journal.read() if journal else []) if point.key in wanted}
    found = {key: study.renewed(point, wanted[key]) for key, point in known.items()}
    progress(len(found), len(wanted), None)
    for point in _measured(study, [c for key, c in wanted.items() if key not in found], by):
        if journal:
            journal.append(point)
        found[point.key] = point
        progress(len(found), len(wanted), point)
    return Exploration(tuple(found[key] for key in wanted if key in found), len(known))


def _measured(study: Study, choices: Sequence[Choice], by: Workers) -> Iterator[Point]:
    return by.measure(study, choices) if choices else iter(())


def _check(choices: Sequence[Choice], study: Study) -> None:
    """What no choice could be compiled with is the space's mistake, not that of a point."""
    for name in dict.fromkeys(choice.target for choice in choices):
        target_named(name)
    check_arithmetics(list(dict.fromkeys(name for choice in choices for name in choice.arithmetic)))
    requests = list(dict.fromkeys(request for choice in choices for request in choice.adapt))
    for request in requests:
        requested(request)
    if requests and study.calibration is None:
        raise CompileError(f"{requests[0]}: adaptations fit to data; give samples to calibrate with")


def _silent(done: int, total: int, last: Point | None) -> None:
    del done, total, last
