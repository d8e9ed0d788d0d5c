"""Decide a task's `when`: by now a text, compared by the small language of the engine where bare words are texts."""

from __future__ import annotations

import re
from typing import Any

from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.expressions.functions import go_text

__all__ = ["WhenError", "should_execute"]

_ARITHMETIC = ("+", "-", "*", "/", "%")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
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
        raise WhenError(f"Expected boolean evaluation for '{when}'. Got {go_text(value)}")
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

    def failed(self, why: str) -> WhenError:
        return WhenError(f"Failed to evaluate 'when' expresion '{self.when}': {why}")

    def read(self) -> Any:
        """Return the value of the whole text."""
        value = self.either()
        if self.index < len(self.tokens):
            if self.tokens[self.index][1] in _ARITHMETIC:
                raise NotSimulated("", f"arithmetic in the when {self.when!r} is not simulated")
            raise self.wrong(f"Cannot transition token types at '{self.tokens[self.index][1]}'")
        return value

    def takes(self, *operators: str) -> str:
        if self.index < len(self.tokens):
            kind, text = self.tokens[self.index]
            if kind == "operator" and text in operators:
                self.index += 1
                return text
        return ""

    def either(self, wanted: bool = True) -> Any:
        """Read `a || b`; `wanted` is false where the value does not matter any more: then nothing is compared."""
        value = self.both(wanted)
        while self.takes("||"):
            first = self.truth(value, "||", wanted)
            other = self.both(wanted and not first)
            value = first or self.truth(other, "||", wanted and not first)
        return value

    def both(self, wanted: bool) -> Any:
        value = self.comparison(wanted)
        while self.takes("&&"):
            first = self.truth(value, "&&", wanted)
            other = self.comparison(wanted and first)
            value = first and self.truth(other, "&&", wanted and first)
        return value

    def truth(self, value: Any, operator: str, wanted: bool) -> bool:
        if isinstance(value, bool) or not wanted:
            return value is True
        raise self.failed(
            f"Value '{go_text(value)}' cannot be used with the logical operator '{operator}', it is not a bool"
        )

    def comparison(self, wanted: bool) -> Any:
        left = self.operand(wanted)
        while operator := self.takes("==", "!=", "<", ">", "<=", ">=", "=~", "!~"):
            right = self.operand(wanted)
            left = self.compare(operator, left, right) if wanted else False
        return left

    def compare(self, operator: str, left: Any, right: Any) -> bool:
        if operator in ("==", "!="):
            return (type(left) is type(right) and left == right) is (operator == "==")
        if operator in ("=~", "!~"):
            raise NotSimulated("", f"the operator {operator} of the when {self.when!r} is not simulated")
        if isinstance(left, bool) or isinstance(right, bool) or type(left) is not type(right):
            wrong = next((v for v in (left, right) if not isinstance(v, float)), left)
            raise self.failed(
                f"Value '{go_text(wrong)}' cannot be used with the comparator '{operator}', it is not a number"
            )
        return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])

    def operand(self, wanted: bool) -> Any:
        if self.takes("!"):
            return not self.truth(self.operand(wanted), "!", wanted)
        if self.takes("-"):
            value = self.operand(wanted)
            if isinstance(value, float):
                return -value
            raise self.failed(f"Value '{go_text(value)}' cannot be used with the prefix '-'")
        if self.takes("("):
            value = self.either(wanted)
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
            raise self.wrong(f"Unable to access unexported field '{text.split('.')[1]}' in token '{text}'")
        if kind in ("single", "double") and _DATE.match(text):
            raise NotSimulated("", f"{text!r} in the when {self.when!r} is compared as a time, which is not simulated")
        return text
