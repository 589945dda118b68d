"""From the text form to a graph."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Generic

from mulfree.ir.errors import Location
from mulfree.ir.graph import Graph, Node, Value
from mulfree.ir.op import Op, TypeT
from mulfree.ir.text.attributes import AttributeReader
from mulfree.ir.text.printer import type_text
from mulfree.ir.text.records import attribute_records
from mulfree.ir.text.scanner import Scanner, Token
from mulfree.ir.types import RealType, TensorType


def parse(text: str, operators: Iterable[type[Op[TypeT]]]) -> Graph[TypeT]:
    """The graph that `to_text` printed; `operators` are the classes that may occur in it.

    Every type is inferred again and must be the one written. Raises TextError, with the line and a caret.
    """
    return _Parser[TypeT](text, tuple(operators)).read_graph()


class _Parser(Generic[TypeT]):
    def __init__(self, text: str, operators: tuple[type[Op[TypeT]], ...]) -> None:
        self.scanner = Scanner(text)
        self.operators: dict[str, type[Op[TypeT]]] = {operator.name: operator for operator in operators}
        self.attributes = AttributeReader(self.scanner, attribute_records(operators))
        self.values: dict[str, Value[TypeT]] = {}

    def read_graph(self) -> Graph[TypeT]:
        graph = Graph[TypeT]()
        self.scanner.expect("graph")
        graph.name = self._read_name()
        graph.inputs = self._read_inputs()
        self.scanner.expect("{")
        while not self.scanner.accept("return"):
            graph.nodes.append(self._read_node())
        graph.outputs = self._read_outputs()
        self.scanner.take_kind("end", what="the end of the text")
        return graph

    def _read_inputs(self) -> list[Value[TypeT]]:
        inputs: list[Value[TypeT]] = []
        self.scanner.expect("(")
        while not self.scanner.accept(")"):
            token, name = self._read_new_name()
            self.scanner.expect(":")
            inputs.append(self._define(token, Value(name, self._read_type())))
            self._read_separator(")")
        return inputs

    def _read_outputs(self) -> list[Value[TypeT]]:
        outputs: list[Value[TypeT]] = []
        while not self.scanner.accept("}"):
            outputs.append(self._read_use())
            self._read_separator("}")
        return outputs

    def _read_node(self) -> Node[TypeT]:
        token, name = self._read_new_name()
        self.scanner.expect("=")
        operator = self.scanner.take_kind("word", what="an operator")
        operands = self._read_operands()
        op = self._build(operator)
        self.scanner.expect(":")
        type = self._read_checked_type(op, operands, operator)
        return Node(op, operands, self._define(token, Value(name, type)), self._read_location())

    def _read_operands(self) -> tuple[Value[TypeT], ...]:
        operands: list[Value[TypeT]] = []
        self.scanner.expect("(")
        while not self.scanner.accept(")"):
            operands.append(self._read_use())
            self._read_separator(")")
        return tuple(operands)

    def _build(self, operator: Token) -> Op[TypeT]:
        kind = self.operators.get(operator.text)
        if kind is None:
            self.scanner.fail(f"there is no operator '{operator.text}'", operator)
        attributes = self.attributes.read_record("{", "}") if self.scanner.sees("{") else {}
        return self.attributes.build(operator, kind, attributes)

    def _read_checked_type(self, op: Op[TypeT], operands: tuple[Value[TypeT], ...], operator: Token) -> TypeT:
        inferred = self.attributes.checked(operator, lambda: op.infer(*(v.type for v in operands)))
        at = self.scanner.ahead
        written: TypeT = self._read_type()
        if written != inferred:
            self.scanner.fail(f"the type of this result is {type_text(inferred)}", at)
        return written

    def _read_type(self) -> Any:
        shape = self.attributes.read_shape()
        if self.scanner.accept(":"):
            return RealType(shape, self.scanner.take_kind("word", what="an element type").text)
        range = self.attributes.read_range()
        return TensorType(shape, range, self._read_scale()) if self.scanner.accept("*") else TensorType(shape, range)

    def _read_scale(self) -> Any:
        at = self.scanner.ahead
        scale = self.attributes.read()
        parts = scale if isinstance(scale, tuple) else (scale,)
        if not all(isinstance(part, Fraction) for part in parts):
            self.scanner.fail("a scale is a fraction, or one fraction per channel", at)
        return scale

    def _read_location(self) -> Location | None:
        if not self.scanner.accept("at"):
            return None
        return Location(self.attributes.read_string(), self.attributes.read_string())

    def _read_name(self) -> str:
        if self.scanner.ahead.kind == "string":
            return self.attributes.read_string()
        return self.scanner.take_kind("word", "int", what="a name").text

    def _read_new_name(self) -> tuple[Token, str]:
        token = self.scanner.ahead
        self.scanner.expect("%")
        return token, self._read_name()

    def _read_use(self) -> Value[TypeT]:
        token, name = self._read_new_name()
        if name not in self.values:
            self.scanner.fail(f"'{name}' is not defined above", token)
        return self.values[name]

    def _define(self, at: Token, value: Value[TypeT]) -> Value[TypeT]:
        if value.name in self.values:
            self.scanner.fail(f"'{value.name}' is defined twice", at)
        self.values[value.name] = value
        return value

    def _read_separator(self, close: str) -> None:
        if not self.scanner.sees(close):
            self.scanner.expect(",")
