"""Measuring choices, in whatever process: models are adapted, and their accuracy is measured, once in each."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import mulfree
from mulfree.api import CompiledModel, compile_quantised
from mulfree.compiler.adaptation import adapt
from mulfree.compiler.families import Arithmetic
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.model import QuantisedModel
from mulfree.exploration.choice import Choice
from mulfree.exploration.point import Point
from mulfree.exploration.study import Data, Study
from mulfree.ir import CompileError
from mulfree.summary import simulate

BATCH = 256
OF_STAGES = ("stages", "calibration", "timing_calibration")
"""What a point leaves out of an estimate."""
Adapted = tuple[str, tuple[str, ...]]
"""A model's file and its adaptations: what decides the integers."""


class Bench:
    """Measures the choices of one study."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._models: dict[Adapted, QuantisedModel] = {}
        self._accuracies: dict[Adapted, float | None] = {}

    def measure(self, choice: Choice) -> Point:
        """The point of a choice; of one that cannot be compiled with the reason as its `error`."""
        began = time.perf_counter()
        try:
            found = self._measured(choice)
        except CompileError as error:
            found = {"error": str(error)}
        return self._point(choice, time.perf_counter() - began, found)

    def _point(self, choice: Choice, seconds: float, found: dict[str, Any]) -> Point:
        study = self.study
        return Point(
            key=study.key_of(choice),
            choice=choice,
            mulfree=mulfree.__version__,
            digests=study.digests_of(choice),
            command=study.command(choice),
            accuracy_command=study.accuracy_command(choice),
            seconds=round(seconds, 3),
            **found,
        )

    def _measured(self, choice: Choice) -> dict[str, Any]:
        design = compile_quantised(self._model(choice), choice.model, **choice.compile_options())
        estimate = design.estimate().to_dict()
        return {
            "estimate": {name: value for name, value in estimate.items() if name not in OF_STAGES},
            "folding": {name: asdict(layer) for name, layer in design.hardware.folding.items()},
            "arithmetic": taken(design),
            "accuracy": self._accuracy(choice, design),
            "samples": self.study.data.samples.count if self.study.data else 0,
            "notes": tuple(design.model.notes),
        }

    def _model(self, choice: Choice) -> QuantisedModel:
        key = choice.model, choice.adapt
        if key not in self._models:
            self._models[key] = self._adapted(choice)
        return self._models[key]

    def _adapted(self, choice: Choice) -> QuantisedModel:
        model = self.study.models[choice.model]
        for request in choice.adapt:
            assert self.study.calibration is not None
            model = adapt(model, request, self.study.calibration.samples.inputs)
        return model

    def _accuracy(self, choice: Choice, design: CompiledModel) -> float | None:
        """Hardware is exact, so that only the integers decide."""
        key = choice.model, choice.adapt
        if key not in self._accuracies:
            self._accuracies[key] = _accuracy(design, self.study.data) if self.study.data else None
        return self._accuracies[key]


def _accuracy(design: CompiledModel, data: Data) -> float | None:
    count = data.samples.count
    parts = [slice(start, start + BATCH) for start in range(0, count, BATCH)]
    return simulate(design, data.samples, parts).accuracy


def taken(design: CompiledModel) -> dict[str, str]:
    """The arithmetic of every layer that has one, by name."""
    graph = design.hardware.graph
    names = layer_names(graph)
    return {names[node.output]: node.op.name for node in graph.nodes if isinstance(node.op, Arithmetic)}
