"""Patterns of `match`: which names they capture, and which of them always match."""

from __future__ import annotations

from typing import Any

import gast

__all__ = ["captures", "harmless", "irrefutable", "named", "whole"]


def named(node: gast.AST) -> str | None:
    """Return the name that a node binds which is no `Name` of its own: a capture, an import, an inner function or class."""
    if isinstance(node, (gast.MatchAs, gast.MatchStar, gast.FunctionDef, gast.AsyncFunctionDef, gast.ClassDef)):
        return node.name or None
    if isinstance(node, gast.MatchMapping):
        return node.rest or None
    if isinstance(node, gast.ExceptHandler):
        return None if node.name is None else str(getattr(node.name, "id", node.name))
    if isinstance(node, gast.alias):
        return str(node.asname or node.name.partition(".")[0])
    return None


def captures(pattern: Any) -> list[str]:
    """Return the names that a pattern binds, in the order in which they stand."""
    return list(dict.fromkeys(name for node in gast.walk(pattern) if (name := named(node)) is not None))


def irrefutable(pattern: Any) -> bool:
    """Whether a pattern matches everything: `_`, a name, and what is made of those."""
    if isinstance(pattern, gast.MatchAs):
        return pattern.pattern is None or irrefutable(pattern.pattern)
    return isinstance(pattern, gast.MatchOr) and any(map(irrefutable, pattern.patterns))


def whole(pattern: Any) -> set[str]:
    """Return the captured names that may hold the subject itself, not a part of it."""
    if isinstance(pattern, gast.MatchAs):
        inner = set() if pattern.pattern is None else whole(pattern.pattern)
        return inner | ({pattern.name} if pattern.name else set())
    if isinstance(pattern, gast.MatchOr):
        return set().union(*map(whole, pattern.patterns))
    if isinstance(pattern, gast.MatchClass) and len(pattern.patterns) == 1:
        return whole(pattern.patterns[0])  # `list(xs)` captures the list
    return set()


def harmless(pattern: Any) -> bool:
    """Whether trying a pattern cannot raise: it asks for nothing but identity with None, True or False."""
    parts = (gast.MatchAs, gast.MatchOr, gast.MatchSingleton)
    return all(isinstance(node, parts) for node in gast.walk(pattern))
