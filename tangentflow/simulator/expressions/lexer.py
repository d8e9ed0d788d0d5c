"""Cut an expression into tokens, and point at a place in it as the engine's messages do."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ExpressionError", "Token", "locate", "tokens"]

_WORD_OPERATORS = frozenset(
    ["not", "in", "and", "or", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"]
)
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>0x[0-9a-fA-F]+|(?:\d+\.(?!\.)\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<bracket>[()\[\]{}])
    |(?P<operator>\?\.|\?\?|\*\*|\.\.|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:,.;|\#=])
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class ExpressionError(Exception):
    """A syntax error, an unknown name or a failing operation; the text is the engine's own, position included."""


def locate(message: str, text: str, at: int) -> ExpressionError:
    """Return an error with the position and the excerpt that the engine prints."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)].replace("\t", " ")
    column = at - start
    return ExpressionError(
        f"{message} ({text.count(chr(10), 0, at) + 1}:{column + 1})\n | {line}\n | {'.' * column}^"
    )  # fmt: skip


@dataclass(frozen=True)
class Token:
    """A token: its kind (Identifier, Operator, Bracket, Number, String, EOF), its text and where it begins."""

    kind: str
    value: str
    at: int

    def __str__(self) -> str:
        return f'{self.kind}("{self.value}")' if self.value else self.kind


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, the last one an EOF.

    Raises:
        ExpressionError: for a character that begins no token.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise locate(f"unrecognized character: U+{ord(text[at]):04X} '{text[at]}'", text, at)
        kind, value = str(match.lastgroup), match.group()
        if kind == "word":
            found.append(Token("Operator" if value in _WORD_OPERATORS else "Identifier", value, at))
        elif kind == "string":
            found.append(Token("String", _unquote(value, text, at), at))
        elif kind != "space":
            found.append(Token(kind.capitalize(), value, at))
        at = match.end()
    found.append(Token("EOF", "", max(len(text) - 1, 0)))
    return found


def _unquote(literal: str, text: str, at: int) -> str:
    body = literal[1:-1]
    if literal[0] == "`":
        return body

    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        if code in "\\'\"`":
            return code
        if code in _ESCAPES:
            return _ESCAPES[code]
        raise locate("invalid syntax: unable to unescape string", text, at)

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", replace, body)
