"""Changes of a trained network that calibration data decides, made only where they are asked for.

An adaptation is asked for in words, `NAME:OPTION=VALUE`, for example `prune-sum-max:kept=10240`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntOp, Node, TensorType

Parse = Callable[[str], Any]
"""From the text after the sign of equality to a value. Raises ValueError for text that is none."""

Change = Callable[[QuantisedModel, Mapping[str, AnyArray]], QuantisedModel]
"""From a model and its inputs by name to the adapted model."""


class Apply(Protocol):
    """The adapted model for inputs x by name and the options given; its notes say what became of each layer."""

    def __call__(self, model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel: ...


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A change of the integer model, with the options that may be given."""

    name: str
    apply: Apply
    options: Mapping[str, Parse]

    def option(self, text: str) -> tuple[str, Any]:
        """Name and value of `NAME=VALUE`. Raises CompileError."""
        name, _, value = text.partition("=")
        try:
            return name, self.options[name](value)
        except (KeyError, ValueError):
            known = ", ".join(f"{option}=..." for option in self.options)
            raise CompileError(f"{self.name}: '{text}' cannot be understood; write {known}") from None


def adapt(model: QuantisedModel, request: str, x: Mapping[str, AnyArray]) -> QuantisedModel:
    """The model changed as the words say, with x for calibration.

    Raises CompileError for a name or an option that is unknown, and for what the adaptation itself refuses.
    """
    return requested(request)(model, x)


def requested(request: str) -> Change:
    """The adaptation that the words name, with the options given. Raises CompileError for what is unknown."""
    from mulfree.compiler.registry import adaptations

    name, *given = request.split(":")
    found = {a.name: a for a in adaptations()}
    if name not in found:
        raise CompileError(f"'{name}' is no adaptation; choose from {', '.join(found)}")
    options = dict(found[name].option(text) for text in given)
    return lambda model, x: found[name].apply(model, x, **options)


def names(text: str) -> list[str] | None:
    """`a,b` as a list; `all` as None."""
    return None if text == "all" else text.split(",")


def chosen_layers(
    graph: Graph[TensorType], kind: type[IntOp], what: str, layers: Iterable[str] | None
) -> dict[str, Node[TensorType]]:
    """The named layers, or all (None), of a kind of operator that messages call `what`.

    Raises CompileError if there is none, and for a name that is none of them.
    """
    named = layer_names(graph)
    found = {named[node.output]: node for node in graph.nodes if isinstance(node.op, kind)}
    if not found:
        raise CompileError(f"{graph.name} has no {what}")
    wanted = list(found) if layers is None else list(layers)
    for name in wanted:
        if name not in found:
            raise CompileError(f"'{name}' is no {what} of {graph.name}; these are: {', '.join(found)}")
    return {name: found[name] for name in wanted}
