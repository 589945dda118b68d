"""Tokens of the text form, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from mulfree.ir.errors import CompileError

TOKEN = re.compile(
    r"""
      (?P<space>(?:\s|//[^\n]*)+)
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<shape>\d+(?:x\d+)+)
    | (?P<fraction>-?\d+/\d+)
    | (?P<float>-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|inf\b)|nan\b)
    | (?P<int>-?\d+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<mark>[%(){}\[\]<>=:,*])
    """,
    re.VERBOSE,
)


def is_word(text: str) -> bool:
    """Whether the text is read as one word."""
    found = TOKEN.match(text)
    return found is not None and found.lastgroup == "word" and found.end() == len(text)


class TextError(CompileError):
    """The text is not a graph; the message shows the line and a caret under the place."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: its kind is the name of a group of TOKEN, or `end`."""

    kind: str
    text: str
    start: int


class Scanner:
    """Reads a text token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ahead = self._token_at(0)

    def take(self) -> Token:
        """The next token; the scanner moves past it."""
        token = self.ahead
        self.ahead = self._token_at(token.start + len(token.text))
        return token

    def take_kind(self, *kinds: str, what: str) -> Token:
        """The next token, which must be of one of the kinds; else TextError says that `what` is expected."""
        if self.ahead.kind not in kinds:
            self.fail_expecting(what)
        return self.take()

    def sees(self, text: str) -> bool:
        """Whether the next token is this mark or word."""
        return self.ahead.kind in ("mark", "word") and self.ahead.text == text

    def accept(self, text: str) -> bool:
        """Take the next token if it is this mark or word."""
        found = self.sees(text)
        if found:
            self.take()
        return found

    def expect(self, text: str) -> None:
        """Take this mark or word, or raise TextError."""
        if not self.accept(text):
            self.fail_expecting(f"'{text}'")

    def fail_expecting(self, what: str) -> NoReturn:
        found = f"'{self.ahead.text}'" if self.ahead.text else "the end of the text"
        self.fail(f"{what} is expected, not {found}", self.ahead)

    def fail(self, message: str, at: Token) -> NoReturn:
        """Raise TextError with the line of the token and a caret under it."""
        raise self._error(message, at.start)

    def _error(self, message: str, place: int) -> TextError:
        before = self.text[:place]
        line_start = before.rfind("\n") + 1
        line = self.text[line_start:].split("\n", 1)[0]
        caret = re.sub(r"[^\t]", " ", line[: place - line_start]) + "^"
        return TextError(f"line {before.count(chr(10)) + 1}: {message}\n  {line}\n  {caret}")

    def _token_at(self, place: int) -> Token:
        match = TOKEN.match(self.text, place)
        if match and match.lastgroup == "space":
            place = match.end()
            match = TOKEN.match(self.text, place)
        if match:
            return Token(str(match.lastgroup), match.group(), place)
        if place < len(self.text):
            raise self._error(f"unexpected character {self.text[place]!r}", place)
        return Token("end", "", place)
