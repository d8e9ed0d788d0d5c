"""Decide a task's `when`: by now a text, compared by the small language of the engine where bare words are texts."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["WhenError", "should_execute"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|'(?P<single>[^'\\]*)'|\"(?P<double>[^\"\\]*)\""
    r"|(?P<operator>==|!=|>=|<=|=~|!~|&&|\|\||[<>!()+*/%-]))"
)


class WhenError(Exception):
    """A `when` that is no boolean expression; the text is the message of the node."""


def should_execute(when: str) -> bool:
    """Return what a `when` says; an empty one is true.

    Raises:
        WhenError: where it does not parse or is no boolean.
    """
    if when in ("", "true"):
        return True
    if when == "false":
        return False
    value = _Reader(when).read()
    if not isinstance(value, bool):
        raise WhenError(f"Expected boolean evaluation for '{when}'. Got {value}")
    return value


class _Reader:
    def __init__(self, when: str) -> None:
        self.when = when
        self.tokens: list[tuple[str, str]] = []
        at, end = 0, len(when.rstrip())
        while at < end:
            match = _TOKEN.match(when, at)
            if match is None:
                raise self.wrong(
                    f"Invalid token: '{when[at:].split(maxsplit=1)[0]}'",
                    ' (hint: try wrapping the affected expression in quotes ("))',
                )
            self.tokens.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
            at = match.end()
        self.index = 0

    def wrong(self, why: str, hint: str = "") -> WhenError:
        return WhenError(f"Invalid 'when' expression '{self.when}': {why}{hint}")

    def read(self) -> Any:
        value = self.either()
        if self.index < len(self.tokens):
            raise self.wrong(f"Cannot transition token types at '{self.tokens[self.index][1]}'")
        return value

    def takes(self, *operators: str) -> str:
        if self.index < len(self.tokens):
            kind, text = self.tokens[self.index]
            if kind == "operator" and text in operators:
                self.index += 1
                return text
        return ""

    def either(self) -> Any:
        value = self.both()
        while self.takes("||"):
            other = self.both()
            value = self.truth(value) or self.truth(other)
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.takes("&&"):
            other = self.comparison()
            value = self.truth(value) and self.truth(other)
        return value

    def truth(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        raise self.wrong(f"Value '{value}' cannot be used with a logical operator, it is not a bool")

    def comparison(self) -> Any:
        left = self.operand()
        operator = self.takes("==", "!=", "<", ">", "<=", ">=", "=~", "!~")
        if not operator:
            return left
        right = self.operand()
        if operator in ("==", "!="):
            same = type(left) is type(right) and left == right
            return same if operator == "==" else not same
        if operator in ("=~", "!~"):
            found = re.search(str(right), str(left)) is not None
            return found if operator == "=~" else not found
        if isinstance(left, bool) or type(left) is not type(right):
            raise self.wrong(f"Value '{left}' cannot be used with the comparator '{operator}'")
        return {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]

    def operand(self) -> Any:
        if self.takes("!"):
            return not self.truth(self.operand())
        if self.takes("-"):
            value = self.operand()
            if isinstance(value, float):
                return -value
            raise self.wrong(f"Value '{value}' cannot be used with the prefix '-'")
        if self.takes("("):
            value = self.either()
            if not self.takes(")"):
                raise self.wrong("Unbalanced parenthesis")
            return value
        if self.index >= len(self.tokens):
            raise self.wrong("Unexpected end of expression")
        kind, text = self.tokens[self.index]
        self.index += 1
        if kind == "number":
            return float(text)
        if kind == "operator":
            raise self.wrong(f"Cannot transition token types to '{text}'")
        if kind == "word" and text in ("true", "false"):
            return text == "true"
        if kind == "word" and "." in text:
            raise self.wrong(f"Unable to access unexported field or method in '{text}'")
        return text
