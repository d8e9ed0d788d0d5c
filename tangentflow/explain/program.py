"""The source that a flow was made of, as its user sees it: statements by line, jumps before a place, names."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gast

from tangentflow.source.find import FunctionSource
from tangentflow.source.origin import Origin
from tangentflow.source.printer import to_ast

__all__ = ["Program"]

_JUMPS = {gast.Return: "return", gast.Break: "break", gast.Continue: "continue", gast.Raise: "raise"}
_LOOPS = (gast.For, gast.While)
_SCOPES = (gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef)


@dataclass
class Program:
    """One function of the user's."""

    source: FunctionSource

    @cached_property
    def body(self) -> list[Any]:
        """The statements of the function; of a lambda its expression."""
        body = self.source.tree.body
        return list(body) if isinstance(body, list) else [body]

    @cached_property
    def first(self) -> int:
        """The line on which the function begins, decorators included."""
        tree = self.source.tree
        return int(min([tree.lineno, *[d.lineno for d in getattr(tree, "decorator_list", [])]]))

    @property
    def last(self) -> int:
        """The line on which the function ends."""
        return int(self.source.tree.end_lineno)

    def holds(self, origin: Origin) -> bool:
        """Whether a place is in the function."""
        return origin.filename == self.source.filename and self.first <= origin.lineno <= self.last

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the user wrote, as opposed to those that the compiler made."""
        return frozenset(node.id for node in gast.walk(self.source.tree) if isinstance(node, gast.Name))

    def text(self, line: int) -> str:
        """Return a line of the file without its margin and comment."""
        whole = self.source.lines[line - 1]
        try:
            for token in tokenize.generate_tokens(io.StringIO(whole).readline):
                if token.type == tokenize.COMMENT:
                    return whole[: token.start[1]].strip()
        except (tokenize.TokenError, SyntaxError):  # the statement goes on in the next line
            pass
        return whole.strip()

    def way(self, line: int) -> list[tuple[Any, list[Any]]]:
        """Return the statement on a line and those around it, innermost last, each with the block that it stands in."""
        found: list[tuple[Any, list[Any]]] = []
        block = self.body
        while True:
            inner = next((stmt for stmt in block if _start(stmt) <= line <= stmt.end_lineno), None)
            if inner is None:
                return found
            found.append((inner, block))
            block = next((b for b in _blocks(inner) if b and _start(b[0]) <= line <= b[-1].end_lineno), [])

    def starts(self, line: int) -> int | None:
        """Return the first line of the statement that a line belongs to; None if it belongs to none."""
        way = self.way(line)
        return int(way[-1][0].lineno) if way else None

    def plain(self, line: int) -> str | None:
        """Return the simple statement on a line as normalized text, as slices have it; None for another one."""
        way = self.way(line)
        if not way or any(True for _ in _blocks(way[-1][0])) or not isinstance(way[-1][0], gast.stmt):
            return None
        return ast.unparse(to_ast(way[-1][0]))

    def jumps_in(self, line: int) -> list[tuple[str, int]]:
        """Return the jumps that the statement on a line may take out of itself: (word, line)."""
        way = self.way(line)
        return sorted(_jumps(way[-1][0], True), key=lambda jump: jump[1]) if way else []

    def loop_around(self, line: int) -> int | None:
        """Return the line of the innermost loop around the statement on a line."""
        return next((int(stmt.lineno) for stmt, _ in self.way(line)[-2::-1] if isinstance(stmt, _LOOPS)), None)

    def only_orders(self, line: int) -> tuple[int, int] | None:
        """Return the lines of a `with` that begins on a line: it orders what stands in it."""
        way = self.way(line)
        if not way or not isinstance(way[-1][0], gast.With):
            return None
        return int(way[-1][0].body[0].lineno), int(way[-1][0].end_lineno)

    def jumps_before(self, line: int) -> list[tuple[str, int]]:
        """Return the jumps that may end the way to a line: (word, line), those that leave the loop around it included."""
        found: list[tuple[str, int]] = []
        inner = True  # no loop between the line and the block
        for stmt, block in reversed(self.way(line)):
            for before in block[: next(i for i, other in enumerate(block) if other is stmt)]:
                found += [(word, at) for word, at in _jumps(before, True) if inner or word not in ("break", "continue")]
            inner = inner and not isinstance(stmt, _LOOPS)
        return sorted(found, key=lambda jump: jump[1])


def _start(stmt: Any) -> int:
    return int(min([stmt.lineno, *[d.lineno for d in getattr(stmt, "decorator_list", [])]]))


def _blocks(stmt: Any) -> Iterator[list[Any]]:
    if isinstance(stmt, _SCOPES):
        return
    for name in ("body", "orelse", "finalbody"):
        part = getattr(stmt, name, None)
        if isinstance(part, list) and part:
            yield part
    for clause in [*getattr(stmt, "handlers", []), *getattr(stmt, "cases", [])]:
        yield clause.body


def _jumps(stmt: Any, own: bool) -> Iterator[tuple[str, int]]:
    for kind, word in _JUMPS.items():
        if isinstance(stmt, kind) and (own or word not in ("break", "continue")):
            yield word, int(stmt.lineno)
    for block in _blocks(stmt):
        for inner in block:
            yield from _jumps(inner, own and not isinstance(stmt, _LOOPS))
