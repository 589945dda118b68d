"""The syntax of Liberty files: groups of attributes and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mulfree.ir import CompileError

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|\\\s*\n|"(?:[^"\\]|\\.)*"|[(){};:,]|[^\s(){};:,"]+|\s+|.', re.DOTALL)
NO_TOKEN = re.compile(r"/[*/]|\\|\s")


@dataclass(slots=True)
class Group:
    """`kind (arguments) { attributes, groups }`; of an attribute that is given twice, the last value."""

    kind: str
    arguments: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    groups: list[Group] = field(default_factory=list["Group"])

    def of_kind(self, kind: str) -> list[Group]:
        return [group for group in self.groups if group.kind == kind]


def parse_liberty(text: str, name: str) -> Group:
    """The outermost group. Raises CompileError, with the line, for what is no whole Liberty text."""
    parser = _Parser(name, list(_tokens(text)))
    return parser.whole()


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Tokens with their lines; comments, blanks and continued lines left out."""
    line = 1
    for found in TOKEN.finditer(text):
        token = found.group()
        if not NO_TOKEN.match(token):
            yield token, line
        line += token.count("\n")


@dataclass(slots=True)
class _Parser:
    name: str
    tokens: list[tuple[str, int]]
    at: int = 0

    def whole(self) -> Group:
        outer = Group("")
        self.statement(outer)
        if outer.groups and self.at == len(self.tokens):
            return outer.groups[0]
        raise self.error("one group 'library (name) { ... }'")

    def statement(self, into: Group) -> None:
        """`name : value ;`, `name (arguments) ;` or `name (arguments) { statements }`."""
        kind = self.take()
        if self.peek() == ":":
            self.take()
            into.attributes[kind] = self.value()
            return
        self.take("(")
        arguments = self.arguments()
        if self.peek() != "{":
            into.attributes[kind] = ", ".join(arguments)
            self.skip(";")
            return
        group = Group(kind, arguments)
        into.groups.append(group)
        self.block(group)

    def block(self, group: Group) -> None:
        self.take("{")
        while self.peek() != "}":
            self.statement(group)
        self.take("}")
        self.skip(";")

    def arguments(self) -> tuple[str, ...]:
        found = list[str]()
        while (token := self.take()) != ")":
            if token != ",":
                found.append(token.strip('"'))
        return tuple(found)

    def value(self) -> str:
        """Up to the semicolon, which some tools leave out at the end of a line."""
        line, found = self.tokens[self.at - 1][1], [self.take()]
        while self.peek() not in (";", "}") and self.tokens[self.at][1] == line:
            found.append(self.take())
        self.skip(";")
        return " ".join(found).strip('"')

    def peek(self) -> str:
        if self.at == len(self.tokens):
            raise CompileError(f"{self.name}: ends in the middle of a group; is the file whole?")
        return self.tokens[self.at][0]

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if wanted and token != wanted:
            raise self.error(f"'{wanted}'")
        self.at += 1
        return token

    def skip(self, token: str) -> None:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == token:
            self.at += 1

    def error(self, wanted: str) -> CompileError:
        token, line = self.tokens[min(self.at, len(self.tokens) - 1)] if self.tokens else ("nothing", 1)
        return CompileError(f"{self.name}, line {line}: {wanted} is expected and '{token}' is there; is it Liberty?")
