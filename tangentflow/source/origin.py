"""Places in source files, in characters.

Syntax trees count columns as 0-based UTF-8 byte offsets. An `Origin` counts 1-based characters, as `SyntaxError` does.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tangentflow.errors import InternalError, Offence

__all__ = ["Origin", "SourceLines", "offence_at"]


class SourceLines(Protocol):
    """What an origin needs of a source: its file name and its lines (`FunctionSource` has both)."""

    @property
    def filename(self) -> str:
        """The file's name, as in tracebacks."""

    @property
    def lines(self) -> Sequence[str]:
        """All lines of the file, without line breaks."""


@dataclass(frozen=True, order=True)
class Origin:
    """A range of a source file: 1-based lines and character columns, `end_col` exclusive."""

    filename: str
    lineno: int
    col: int
    end_lineno: int
    end_col: int

    def __str__(self) -> str:
        return f"{self.filename}:{self.lineno}:{self.col}"

    @classmethod
    def of(cls, node: Any, source: SourceLines) -> Origin:
        """Return the range of `node`, an ast or gast node of `source`.

        Raises InternalError if the node carries no position or one outside of the source.
        """
        try:
            start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
            col, end_col = _column(source.lines, *start), _column(source.lines, *end)
        except (AttributeError, IndexError, TypeError) as error:
            raise InternalError("a node has no place in its source", node=type(node).__name__) from error
        return cls(source.filename, start[0], col, end[0], end_col)

    @classmethod
    def of_header(cls, node: Any, source: SourceLines) -> Origin:
        """Return the part of `node` on its first line: the right range for a compound statement as a whole."""
        return cls.of(node, source).header(source)

    def header(self, source: SourceLines) -> Origin:
        """Return the part of this range on its first line."""
        if self.end_lineno == self.lineno:
            return self
        line = _without_comment(source.lines[self.lineno - 1]).rstrip()
        return Origin(self.filename, self.lineno, self.col, self.lineno, len(line) + 1)

    def offence(self, source: SourceLines, *, code: str, what: str, why: str, instead: str) -> Offence:
        """Return the offence of this range, with the source line that it starts on."""
        text = source.lines[self.lineno - 1]
        place = (self.filename, self.lineno, self.col, self.end_lineno, self.end_col)
        return Offence(code, what, why, instead, *place, text)


def offence_at(node: Any, source: SourceLines, *, code: str, what: str, why: str, instead: str) -> Offence:
    """Return the offence of `node`; a statement with a body is marked by its header line only.

    Python before 3.13 draws carets within one line only.
    """
    compound = hasattr(node, "body") and isinstance(node.body, list)
    origin = Origin.of_header(node, source) if compound else Origin.of(node, source)
    return origin.offence(source, code=code, what=what, why=why, instead=instead)


def _without_comment(line: str) -> str:
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT:
                return line[: token.start[1]]
    except (tokenize.TokenError, SyntaxError):  # the header goes on in the next line
        pass
    return line


def _column(lines: Sequence[str], lineno: int, byte_offset: int) -> int:
    """Return the 1-based character column of a 0-based UTF-8 byte offset."""
    if lineno < 1:
        raise IndexError(lineno)
    line = lines[lineno - 1]
    if line.isascii():
        return byte_offset + 1
    return len(line.encode("utf-8", "surrogatepass")[:byte_offset].decode("utf-8", "surrogatepass")) + 1
