"""What a rule is given and what it may ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.deferred import Deferred, Failed, Known, Meaning, Tailed, Unsupported
from mulfree.ir import AnyArray, Node, RealOp, RealType

OpT = TypeVar("OpT", bound=RealOp)


@dataclass(frozen=True)
class Work:
    """A node with what its operands stand for."""

    builder: Builder
    node: Node[RealType]
    operands: Sequence[Meaning]

    @property
    def name(self) -> str:
        return self.node.output.name

    @property
    def dtype(self) -> str:
        return self.node.output.type.dtype

    @property
    def sample(self) -> tuple[int, ...]:
        """Shape of the result without the batch axis."""
        return self.node.output.type.shape[1:]

    def op(self, kind: type[OpT]) -> OpT:
        assert isinstance(self.node.op, kind)
        return self.node.op

    def shape(self, index: int) -> tuple[int, ...]:
        return self.node.inputs[index].type.shape

    def activation(self, index: int = 0) -> Deferred:
        """The operand as a tensor computed from the input. Raises Unsupported if it is none."""
        match self.operands[index]:
            case Deferred() as x:
                return x
            case Known():
                raise Unsupported(
                    f"operand {index} is a constant where an activation is expected", "exchange the operands"
                )
            case Tailed():
                raise unfinished()
            case Failed():
                raise Skip

    def constant(self, index: int, what: str) -> AnyArray:
        """The operand as a constant. Raises Unsupported, naming it as `what`, if it is computed from the input."""
        operand = self.operands[index]
        if isinstance(operand, Known):
            return operand.array
        raise Unsupported(
            f"{what} ('{self.node.inputs[index].name}') are computed from the input, so two activations would be "
            "multiplied",
            "make them constants",
        )


class Skip(Exception):
    """An operand's node is listed already; nothing new to say."""


Rule = Callable[[Work], Meaning]


def unfinished() -> Unsupported:
    return Unsupported(
        "it reads a softmax, which only the host computes, after the last layer",
        "leave the softmax out, or make it the last node",
    )
