"""Calls that are refused whatever they are given, by the name of what is called."""

from __future__ import annotations

import gast

from tangentflow.language import known
from tangentflow.language.refused_names import REFUSED, refused_name
from tangentflow.language.verdict import PURE, Verdict, moves_iterator, opaque

__all__ = ["by_name"]


def by_name(full: str, name: str, node: gast.Call | None) -> Verdict | None:
    """Return the refusal of what is refused whatever its arguments are; `node` is None if it is only passed along."""
    refused = refused_name(full)
    if refused:
        return Verdict("refused", "TF302", *REFUSED[refused])
    if node is None:
        return None
    count = len(node.args) + len(node.keywords)
    if full in known.INFINITE and not (full == "itertools.repeat" and count > 1):
        return Verdict(
            "refused", "TF303", f"`{name}` never ends, and iterables are read whole before a loop", known.INFINITE[full]
        )
    if full == "builtins.iter" and count > 1:
        return Verdict(
            "refused", "TF303", "it may never end, and iterables are read whole before a loop", "write a `while` loop"
        )
    if full == "builtins.type" and count > 1:
        return Verdict(
            "refused", "TF302", "it makes a class that no other process knows", "define the class at module level"
        )
    if full == "builtins.dir" and not count:
        return Verdict("refused", "TF302", "which names exist depends on what has run so far", "name the values")
    if full in known.SEEDED and count:
        return opaque(name)
    if full == "builtins.next":
        fresh = bool(node.args) and isinstance(node.args[0], (gast.GeneratorExp, gast.Call))
        return PURE if fresh else moves_iterator(name)
    return None
