"""The verdict on a call, and how verdicts combine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import gast

__all__ = ["MISSING", "OPAQUE", "PURE", "Verdict", "dotted", "worst"]

MISSING: Final = object()
"""What `resolve` gives for a name that is no global, closure variable or builtin."""

_RANK = {"pure": 0, "opaque": 1, "message": 2, "impure": 3, "outside": 4, "refused": 5}


@dataclass(frozen=True)
class Verdict:
    """The kind of a call: "pure", "opaque", "impure", "message", "outside" or "refused".

    `why` says what makes it no pure call; `code` and `instead` complete the offence of the kinds outside and refused.
    """

    kind: str
    code: str = ""
    why: str = ""
    instead: str = ""


PURE = Verdict("pure")
OPAQUE = Verdict("opaque", why="what it does is not known")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that decides for all of them; the first one among equals."""
    return max(verdicts, key=lambda verdict: _RANK[verdict.kind], default=PURE)


def dotted(node: gast.AST) -> str:
    """Return how an expression reads in a message: `a.b`, `a[…].b`, `f(…).b`."""
    if isinstance(node, gast.Name):
        return str(node.id)
    if isinstance(node, gast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, gast.Subscript):
        return f"{dotted(node.value)}[…]"
    if isinstance(node, gast.Call):
        return f"{dotted(node.func)}(…)"
    if isinstance(node, gast.Constant):
        return repr(node.value)
    return "(…)"
