"""Reads attribute values: their notation alone says what they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from fractions import Fraction
from typing import Any, TypeVar, cast

import numpy as np

from mulfree.ir.op import AnyArray
from mulfree.ir.tensor import Tensor
from mulfree.ir.text.packing import unpack
from mulfree.ir.text.scanner import Scanner, Token
from mulfree.ir.types import IntRange

Item = TypeVar("Item")

CONSTANTS: Mapping[str, object] = {"none": None, "true": True, "false": False}


class AttributeReader:
    """Reads attributes from a scanner; `records` are the dataclasses that may occur, by class name."""

    def __init__(self, scanner: Scanner, records: Mapping[str, type]) -> None:
        self.scanner = scanner
        self.records = records

    def read(self) -> object:
        """Any attribute. Raises TextError."""
        match self.scanner.ahead:
            case Token("int", text):
                return self._after_take(int(text))
            case Token("float", text):
                return self._after_take(float(text))
            case Token("fraction"):
                return self.read_fraction()
            case Token("string", _):
                return self.read_string()
            case Token("mark", "("):
                return self._read_tuple()
            case Token("mark", "["):
                return self.read_range()
            case Token("word"):
                return self._read_word()
            case _:
                self.scanner.fail_expecting("an attribute's value")

    def read_int(self) -> int:
        return int(self.scanner.take_kind("int", what="an integer").text)

    def read_fraction(self) -> Fraction:
        token = self.scanner.take_kind("fraction", what="a fraction such as 1/2")
        numerator, denominator = (int(part) for part in token.text.split("/"))
        if denominator == 0:
            self.scanner.fail("the denominator is 0", token)
        return Fraction(numerator, denominator)

    def read_string(self) -> str:
        token = self.scanner.take_kind("string", what="a string")
        return str(self.checked(token, lambda: json.loads(token.text)))

    def read_range(self) -> IntRange:
        """`[lo, hi]` or `[lo, hi, step]`."""
        start = self.scanner.ahead
        numbers = self._read_list()
        if len(numbers) not in (2, 3):
            self.scanner.fail("a range is [lo, hi] or [lo, hi, step]", start)
        return self.checked(start, lambda: IntRange(*numbers))

    def read_shape(self) -> tuple[int, ...]:
        """`2x3x3`, `10` or `scalar`."""
        if self.scanner.accept("scalar"):
            return ()
        token = self.scanner.take_kind("shape", "int", what="a shape such as 3x8x8")
        return tuple(int(length) for length in token.text.split("x"))

    def read_record(self, open: str, close: str) -> dict[str, Any]:
        """`name = value, ...` between the two marks."""
        record: dict[str, Any] = {}
        self.scanner.expect(open)
        while not self.scanner.accept(close):
            name = self.scanner.take_kind("word", what="an attribute's name")
            if name.text in record:
                self.scanner.fail(f"'{name.text}' is given twice", name)
            self.scanner.expect("=")
            record[name.text] = self.read()
            if not self.scanner.sees(close):
                self.scanner.expect(",")
        return record

    def build(self, at: Token, kind: type[Item], arguments: Mapping[str, Any]) -> Item:
        """The dataclass with these fields; those with a default may be left out."""
        known = {field.name: field for field in fields(cast(Any, kind))}
        needed = [n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING]
        for problem, names in {
            "does not have": arguments.keys() - known.keys(),
            "also needs": set(needed) - arguments.keys(),
        }.items():
            if names:
                self.scanner.fail(f"{at.text} {problem} {', '.join(sorted(names))}", at)
        return self.checked(at, lambda: kind(**arguments))

    def checked(self, at: Token, build: Callable[[], Item]) -> Item:
        """The result of `build`; what it raises about its arguments becomes a TextError at the token."""
        try:
            return build()
        except (ValueError, TypeError, LookupError, AssertionError) as error:
            self.scanner.fail(str(error), at)

    def _after_take(self, value: object) -> object:
        self.scanner.take()
        return value

    def _read_tuple(self) -> tuple[object, ...]:
        items: list[object] = []
        self.scanner.expect("(")
        while not self.scanner.accept(")"):
            items.append(self.read())
            if not self.scanner.sees(")"):
                self.scanner.expect(",")
        return tuple(items)

    def _read_list(self) -> list[int]:
        numbers: list[int] = []
        self.scanner.expect("[")
        while not self.scanner.accept("]"):
            numbers.append(self.read_int())
            if not self.scanner.sees("]"):
                self.scanner.expect(",")
        return numbers

    def _read_word(self) -> object:
        token = self.scanner.take()
        if token.text in CONSTANTS:
            return CONSTANTS[token.text]
        if token.text == "tensor":
            return self._read_tensor(token)
        if token.text == "array":
            return self._read_array(token)
        if token.text not in self.records:
            self.scanner.fail(f"there is no attribute class '{token.text}'", token)
        return self.build(token, self.records[token.text], self.read_record("(", ")"))

    def _read_tensor(self, at: Token) -> Tensor:
        self.scanner.expect("<")
        shape = self.read_shape()
        if self.scanner.sees("["):
            numbers = self._read_list()
            array: AnyArray = self.checked(at, lambda: np.array(numbers, dtype=object).reshape(shape))
        else:
            array = self._read_packed(shape)
        self.scanner.expect(">")
        return self.checked(at, lambda: Tensor(array))

    def _read_array(self, at: Token) -> AnyArray:
        self.scanner.expect("<")
        array = self._read_packed(self.read_shape())
        self.scanner.expect(">")
        return array

    def _read_packed(self, shape: tuple[int, ...]) -> AnyArray:
        dtype = self.scanner.take_kind("word", what="an element type")
        data = self.read_string()
        return self.checked(dtype, lambda: unpack(data, dtype.text, shape))
