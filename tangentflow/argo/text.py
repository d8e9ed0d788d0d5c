"""Documents as YAML text, in which no scalar can be taken for another type."""

from __future__ import annotations

import re
from typing import Any

from tangentflow.errors import InternalError
from tangentflow.source.garbage import no_collection

__all__ = ["to_yaml"]

_ESCAPED = re.compile(r'["\\\u2028\u2029\ufeff]|[^ -~\xa0-\ud7ff\ue000-\ufffd]')
_LETTERS = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\u2028\u2029', r'0abtnvfre"\NLP', strict=True))
_NOT_PLAIN = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def to_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML: keys in their order, texts quoted, longer ones as blocks. Equal documents give equal bytes.

    Raises InternalError for a value that is none of map, list, text, whole number, truth value and None.
    """
    writer = _Writer()
    with no_collection():
        writer.value(document, 0, "", "")
    return "".join(writer.out).lstrip() + "\n"


class _Writer:
    """Writes one document; keys and texts come again and again, and are quoted once."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.keys: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def value(self, value: object, indent: int, inline: str, line: str) -> None:
        """Write a value: a map or list after `line`, anything else after `inline`. The lines of a block scalar are indented further."""
        if isinstance(value, dict) and value:
            for key, item in value.items():
                if key not in self.keys:
                    self.keys[key] = f"{_key(key)}:"
                self.out += line, self.keys[key]
                line = "\n" + " " * indent
                inner = indent if isinstance(item, list) else indent + 2
                self.value(item, inner, " ", "\n" + " " * inner)
        elif isinstance(value, list) and value:
            for item in value:
                self.out += line, "-"
                line = "\n" + " " * indent
                self.value(item, indent + 2, " ", " ")
        elif isinstance(value, str) and "\n" not in value:
            if value not in self.texts:
                self.texts[value] = _quoted(value)
            self.out += inline, self.texts[value]
        else:
            self.out += inline, _scalar(value, indent)


def _key(key: str) -> str:
    return key if key.isidentifier() and key.lower() not in _NOT_PLAIN else _quoted(key)


def _scalar(value: object, indent: int) -> str:
    if isinstance(value, str):
        lines = value.split("\n")
        block = len(lines) > 1 and all(line.isprintable() and line == line.rstrip() for line in lines)
        return _block(value, lines, indent) if block else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if value in ({}, []):
        return "{}" if isinstance(value, dict) else "[]"
    raise InternalError("a document cannot hold such a value", type=type(value).__name__)


def _block(value: str, lines: list[str], indent: int) -> str:
    """Return a text of several lines as they are."""
    hint = "2" if value[0] in " \n" else ""
    if lines[-1]:
        hint += "-"
    else:
        del lines[-1]
        hint += "" if lines[-1] else "+"
    before = "\n" + " " * indent
    return "|" + hint + "".join([before + line if line else "\n" for line in lines])


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _LETTERS:
        return "\\" + _LETTERS[char]
    number = ord(char)
    return f"\\x{number:02X}" if number <= 0xFF else f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"
