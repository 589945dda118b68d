"""What choices are measured on: models of integers and data, each read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mulfree.api import quantised
from mulfree.compiler.model import QuantisedModel
from mulfree.exploration import digest
from mulfree.exploration.choice import Choice, command_line, number
from mulfree.exploration.point import Point
from mulfree.ir import CompileError
from mulfree.samples import Samples, read_samples

KEY_LETTERS = 16

Formats = Mapping[str, str]
"""Of float inputs, by name, as `mulfree.compile` takes them."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Samples, the file that they are from, and how many of its first ones were asked for."""

    file: str
    samples: Samples
    digest: str
    limit: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Models by file name, what is known of their inputs, samples with labels, and samples that adaptations fit to.

    All that a process needs to measure a choice: it can be sent to another machine.
    """

    models: Mapping[str, QuantisedModel]
    inputs: Formats
    data: Data | None
    calibration: Data | None
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    """By file: of the models, and of the folding files that choices name. By "mulfree": of the program itself."""

    def digests_of(self, choice: Choice) -> dict[str, str]:
        """Of everything that the choice's results depend on."""
        found = {"mulfree": self.digests["mulfree"], "model": self.digests[choice.model]}
        found |= {"data": self.data.digest} if self.data else {}
        found |= {"calibration": self.calibration.digest} if self.calibration and choice.adapt else {}
        file = choice.folding or ""
        return found | ({"folding": self.digests[file]} if file in self.digests else {})

    def key_of(self, choice: Choice) -> str:
        """Equal only for equal choices on equal models and data, measured by the very same program."""
        options = {name: value for name, value in choice.to_dict().items() if name != "model"}
        return digest.of_data({"options": options, "digests": self.digests_of(choice)})[:KEY_LETTERS]

    def renewed(self, point: Point, choice: Choice) -> Point:
        """A point of an equal choice, with the file names of this one."""
        return replace(
            point, choice=choice, command=self.command(choice), accuracy_command=self.accuracy_command(choice)
        )

    def command(self, choice: Choice) -> str:
        """Prints the estimate of the choice."""
        return command_line("estimate", choice.model, *choice.hardware_arguments(), *self._model_arguments(choice))

    def accuracy_command(self, choice: Choice) -> str | None:
        """Prints the accuracy of the choice."""
        if self.data is None:
            return None
        limit = [] if self.data.limit is None else ["--limit", number(self.data.limit)]
        return command_line("sim", choice.model, self.data.file, *limit, *self._model_arguments(choice))

    def _model_arguments(self, choice: Choice) -> list[str]:
        calibrate = ["--calibrate", self.calibration.file] if self.calibration and choice.adapt else []
        formats = [argument for name, text in self.inputs.items() for argument in ("--input", f"{name}={text}")]
        return [*choice.model_arguments(), *calibrate, *formats]


def read_study(
    models: Sequence[str],
    inputs: Formats,
    *,
    data: str | None = None,
    limit: int | None = None,
    calibrate: str | None = None,
    foldings: Sequence[str] = (),
) -> Study:
    """Read all of it. Of the data only the first `limit` samples are used.

    Raises CompileError for a model or data that cannot be used, for data without labels, and for models that do not
    take the same inputs.
    """
    read = {file: quantised(file, inputs) for file in models}
    for file in models[1:]:
        _check_inputs(file, read[file], models[0], read[models[0]])
    ports = read[models[0]].inputs
    samples = _labelled(data, read_samples(Path(data), ports).first(limit), limit) if data else None
    fitted = _data(calibrate, read_samples(Path(calibrate), ports)) if calibrate else None
    digests = {file: digest.of_model(Path(file), inputs) for file in models}
    digests["mulfree"] = digest.of_mulfree()
    digests |= {file: digest.of_file(Path(file)) for file in foldings}
    return Study(models=read, inputs=inputs, data=samples, calibration=fitted, digests=digests)


def _labelled(file: str, samples: Samples, limit: int | None) -> Data:
    if samples.labels is None:
        raise CompileError(f"{file}: holds no labels, so no accuracy can be measured; add them as 'y', or leave it out")
    return _data(file, samples, limit)


def _data(file: str, samples: Samples, limit: int | None = None) -> Data:
    return Data(file=file, samples=samples, digest=digest.of_samples(samples), limit=limit)


def _check_inputs(file: str, model: QuantisedModel, first: str, other: QuantisedModel) -> None:
    ours, theirs = ([(p.name, p.shape[1:], p.dtype) for p in m.inputs] for m in (model, other))
    if ours != theirs:
        raise CompileError(f"{file}: takes the inputs {ours}, but {first} takes {theirs}; give one network's files")
