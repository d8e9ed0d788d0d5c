"""The registry of constructs: one table that is both the fence and the lowering.

A rule lowers one class of syntax node. A node class without a rule is refused, so nothing passes the fence that no rule
lowers. `REFUSALS` only makes the refusal of well-known constructs say more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gast

if TYPE_CHECKING:
    from tangentflow.language.lowering import Lowering

__all__ = ["EXPRESSIONS", "PARTS", "REFUSALS", "STATEMENTS", "Refusal", "Rule", "expression", "statement"]


@dataclass(frozen=True)
class Rule:
    """How one class of nodes is lowered: its name in the language, a line on its meaning, and the function that does it."""

    node: type[gast.AST]
    construct: str
    meaning: str
    lower: Callable[[Lowering, Any], Any]


@dataclass(frozen=True)
class Refusal:
    """Why a class of nodes is refused, and what to write instead."""

    code: str
    construct: str
    why: str
    instead: str


STATEMENTS: dict[type[gast.AST], Rule] = {}
EXPRESSIONS: dict[type[gast.AST], Rule] = {}

_STAGES = "a value that is produced piece by piece cannot cross from one step to another"
_SCOPES = "other steps run elsewhere and would not see the change"

REFUSALS: dict[type[gast.AST], Refusal] = {
    gast.With: Refusal(  # but for what orders steps, which the fence knows
        "TF102", "`with`", "what a context manager does would stay on one machine", "use it inside a step"
    ),
    gast.Yield: Refusal("TF104", "`yield`", _STAGES, "collect the values in a list and return it"),
    gast.YieldFrom: Refusal("TF104", "`yield from`", _STAGES, "collect the values in a list and return it"),
    gast.Await: Refusal(
        "TF105", "`await`", "steps that do not need each other run at the same time anyway", "drop `await`"
    ),
    gast.AsyncFunctionDef: Refusal("TF105", "`async def`", "a workflow has no event loop", "write a plain function"),
    gast.AsyncFor: Refusal("TF105", "`async for`", "a workflow has no event loop", "write a plain `for`"),
    gast.AsyncWith: Refusal("TF105", "`async with`", "a workflow has no event loop", "use it inside a step"),
    gast.Global: Refusal("TF106", "`global`", _SCOPES, "pass the value as an argument and return the new one"),
    gast.Nonlocal: Refusal("TF106", "`nonlocal`", _SCOPES, "pass the value as an argument and return the new one"),
    gast.ClassDef: Refusal(
        "TF107", "a class statement", "pods import classes by name", "define the class at module level"
    ),
}
if hasattr(gast, "TryStar"):
    REFUSALS[gast.TryStar] = Refusal(
        "TF109", "`except*`", "a run ends with one exception, the first in program order", "raise a plain exception"
    )

PARTS: frozenset[type[gast.AST]] = frozenset(
    {
        gast.arguments, gast.keyword, gast.ExceptHandler, gast.withitem, gast.comprehension, gast.FormattedValue, gast.Load, gast.Store, gast.Del, gast.Param,
        gast.alias, gast.match_case, *gast.pattern.__subclasses__(),
        *gast.operator.__subclasses__(), *gast.unaryop.__subclasses__(), *gast.cmpop.__subclasses__(),
        *gast.boolop.__subclasses__(),
    }
)  # fmt: skip
"""Node classes that stand only inside others, whose rules take care of them."""


def statement(
    node: type[gast.AST], construct: str, meaning: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the rule of a statement class: a function of the lowering and the node that emits core statements."""

    def register(lower: Callable[..., None]) -> Callable[..., None]:
        assert node not in STATEMENTS, node
        STATEMENTS[node] = Rule(node, construct, meaning, lower)
        return lower

    return register


def expression(
    node: type[gast.AST], construct: str, meaning: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the rule of an expression class: it emits what must run before and returns an expression without sites."""

    def register(lower: Callable[..., Any]) -> Callable[..., Any]:
        assert node not in EXPRESSIONS, node
        EXPRESSIONS[node] = Rule(node, construct, meaning, lower)
        return lower

    return register
