"""What a rule works with: operands that are constants or values, and folding of all that is constant."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from mulfree.compiler.frontends.onnx.limits import MAX_FOLDED_ELEMENTS, MAX_FOLDED_PRODUCTS, check_size
from mulfree.compiler.frontends.onnx.node import OnnxNode, Unsupported
from mulfree.compiler.frontends.real import Constant, Conv, Gemm, MatMul
from mulfree.ir import AnyArray, CompileError, Graph, Location, RealOp, RealType, Value

__all__ = ["Builder", "Operand", "Unsupported"]


@dataclass(eq=False)
class Operand:
    """A tensor while importing: a constant, or a value of the graph. A constant enters the graph when first used."""

    name: str
    type: RealType
    constant: Constant | None = None
    value: Value[RealType] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def dtype(self) -> str:
        return self.type.dtype

    @property
    def rank(self) -> int:
        return len(self.type.shape)


@dataclass
class Builder:
    """The graph under construction and what every ONNX name stands for."""

    graph: Graph[RealType]
    location: Location
    operands: dict[str, Operand] = field(default_factory=dict[str, Operand])
    reserved: set[str] = field(default_factory=set[str])
    """Names of the model, which a temporary may not take."""
    wanted: set[str] = field(default_factory=set[str])
    """Names that a node or an output reads."""
    _folded: int = 0
    _unnamed: set[Operand] = field(default_factory=set[Operand])

    def get(self, node: OnnxNode, index: int) -> Operand:
        """The operand at that position. Raises Unsupported if it is left out."""
        operand = self.find(node, index)
        if operand is None:
            raise Unsupported(f"operand {index} is missing", "the file is incomplete; export it again")
        return operand

    def find(self, node: OnnxNode, index: int) -> Operand | None:
        """The operand at that position, None if it is left out."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        return self.operands[name] if name else None

    def array(self, node: OnnxNode, index: int, what: str) -> AnyArray:
        """The constant operand at that position. Raises Unsupported, naming it as `what`, if it is not constant."""
        return self.known(self.get(node, index), what)

    def known(self, operand: Operand, what: str) -> AnyArray:
        if operand.constant is None:
            raise Unsupported(f"{what} ('{operand.name}') is not constant", "make it an initialiser")
        return operand.constant.array

    def ints(self, node: OnnxNode, index: int, what: str) -> tuple[int, ...]:
        """A constant operand of a few integers (shapes, axes). Raises Unsupported if it is none."""
        array = self.array(node, index, what)
        if array.size > 4096 or not np.issubdtype(array.dtype, np.integer):
            raise Unsupported(f"{what} is not a short list of integers", "correct the operand")
        return tuple(int(v) for v in array.ravel())

    def constant(self, array: AnyArray, dtype: str = "") -> Operand:
        """A constant operand. Raises Unsupported if the model's constants together grow too large."""
        self._folded += array.size
        if self._folded > MAX_FOLDED_ELEMENTS:
            raise Unsupported(
                f"its constants have more than {MAX_FOLDED_ELEMENTS} elements together", "import a smaller model"
            )
        constant = Constant(array, dtype)
        return self._new(Operand("constant", constant.infer(), constant))

    def scalar(self, value: float, like: Operand) -> Operand:
        """A constant scalar of the operand's type."""
        dtype = Constant(np.zeros(()), like.dtype).array.dtype
        with np.errstate(all="ignore"):  # an infinity in an integer type is whatever the processor makes of it
            return self.constant(np.asarray(value).astype(dtype), like.dtype)

    def add(self, op: RealOp, *operands: Operand) -> Operand:
        """The operator applied; computed at once if every operand is constant.

        Raises Unsupported if the operands do not fit or the result is too large.
        """
        try:
            type = op.infer(*(x.type for x in operands))
        except ValueError as error:
            raise Unsupported(str(error), "correct the shapes or types in the model") from None
        check_size(type.shape)
        constants = [x.constant.array for x in operands if x.constant is not None]
        if len(constants) == len(operands):
            _check_work(op, type, operands)
            return self.constant(_folded(op, constants), type.dtype)
        name = self._fresh(f"{self.location.node}/{op.name}")
        value = self.graph.add(op, *(self.place(x) for x in operands), location=self.location, name=name)
        return self._new(Operand(name, type, value=value))

    def place(self, operand: Operand) -> Value[RealType]:
        """The operand as a value of the graph."""
        if operand.value is None:
            assert operand.constant is not None
            name = self._fresh(operand.name) if operand in self._unnamed else operand.name
            operand.value = self.graph.add(operand.constant, location=self.location, name=name)
        return operand.value

    def finish(self, operand: Operand, name: str) -> None:
        """Give a result the name it has in the model, unless it is an older tensor passed through."""
        if operand not in self._unnamed:
            return
        self._unnamed.discard(operand)
        operand.name = name
        if operand.value is not None:
            operand.value.name = name

    def _new(self, operand: Operand) -> Operand:
        self._unnamed.add(operand)
        return operand

    def _fresh(self, stem: str) -> str:
        """A name that nothing has yet: the stem, with a number if it is taken."""
        name, number = stem, 0
        while name in self.reserved:
            number += 1
            name = f"{stem}/{number}"
        self.reserved.add(name)
        return name


def _folded(op: RealOp, constants: list[AnyArray]) -> AnyArray:
    """The result. Raises Unsupported where numpy refuses the values (a negative power of an integer)."""
    try:
        with np.errstate(all="ignore"):  # infinities and NaN are what ONNX gives too
            return op.evaluate(*constants)
    except (ValueError, TypeError, ArithmeticError, IndexError) as error:
        raise Unsupported(f"its constants have no result: {error}", "correct the constants") from None


def _check_work(op: RealOp, result: RealType, operands: tuple[Operand, ...]) -> None:
    """Raises Unsupported if the constant takes too long to compute."""
    if not isinstance(op, Conv | MatMul | Gemm):
        return
    inner = prod(operands[1].shape[1:]) if isinstance(op, Conv) else max(operands[0].shape)
    if result.size * inner > MAX_FOLDED_PRODUCTS:
        raise Unsupported(
            f"it multiplies constants {result.size * inner} times", "compute the constant before exporting"
        )


def error_of(entries: list[tuple[OnnxNode, Unsupported]]) -> CompileError:
    """One error for all nodes that cannot be compiled."""
    lines = [f"  node '{n.location.node}' ({n.op_type}): {u.why}; remedy: {u.remedy}" for n, u in entries]
    count = f"{len(lines)} node{'s' if len(lines) > 1 else ''} cannot be compiled:"
    model = entries[0][0].location.model
    return CompileError("\n".join([f"{model}: {count}", *lines]), None)
