"""The verdict on a call, and how verdicts combine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import gast

__all__ = [
    "MISSING",
    "PURE",
    "Verdict",
    "calls_step",
    "changes_global",
    "dotted",
    "impure",
    "moves_iterator",
    "of_kind",
    "opaque",
    "outside",
    "step_as_data",
    "worst",
]

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
_STEP = "move it into a @step and use its result"


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


def of_kind(kind: str | None, name: str) -> Verdict:
    """Return the verdict of a table entry."""
    if kind == "pure":
        return PURE
    if kind == "impure":
        return impure(name)
    if kind == "outside":
        return outside(name)
    if kind == "message":
        return Verdict("message", why=f"`{name}` writes a message")
    return opaque(name)


def opaque(name: str) -> Verdict:
    """Return the verdict on what is not known."""
    return Verdict("opaque", why=f"what `{name}` does is not known")


def impure(name: str) -> Verdict:
    """Return the verdict on what differs from call to call."""
    return Verdict("impure", why=f"`{name}` gives another result each time")


def outside(name: str) -> Verdict:
    """Return the verdict on what reaches outside."""
    why = f"`{name}` reaches files, the network or other processes, which only a step may, as glue has no machine of its own"
    return Verdict("outside", "TF301", why, _STEP)


def changes_global(name: str) -> Verdict:
    """Return the verdict on a change of a global."""
    root = name.partition(".")[0].partition("[")[0]
    why = f"it changes `{root}`, which is not a value of the workflow: other steps run elsewhere and would not see the change"
    return Verdict(
        "refused", "TF306", why, f"copy it first (`mine = list({root})`) and change the copy, or pass it as an argument"
    )


def moves_iterator(name: str) -> Verdict:
    """Return the verdict on taking the next item of a kept iterator."""
    why = f"`{name}` moves an iterator on, and an iterator cannot be kept between steps"
    return Verdict("refused", "TF308", why, "make a list first, `items = list(xs)`, and take `items[0]`")


def calls_step(name: str) -> Verdict:
    """Return the verdict on a helper that calls a step."""
    why = f"it calls the step `{name}`, and a step call must be visible in a workflow to be scheduled"
    return Verdict("refused", "TF304", why, "decorate it with @workflow")


def step_as_data(name: str) -> Verdict:
    """Return the verdict on a step that is passed along, or on a run that is started."""
    called, _, method = name.rpartition(".")
    if method in ("run", "simulate", "submit"):
        why = f"`{name}` starts a run of its own, which no machine of the workflow would wait for"
        return Verdict("refused", "TF310", why, f"call it, which makes it a part of this run: `{called}(...)`")
    why = f"`{name}` is a step, and a step that is passed as a value could be called out of sight"
    return Verdict("refused", "TF310", why, f"call it in the workflow: `[{name.partition('.')[0]}(x) for x in xs]`")
