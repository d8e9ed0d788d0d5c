"""The core tree: what a workflow body is lowered to before it becomes a graph.

A few statement shapes are left. Every expression that contains a step call has been taken apart, so that a call stands alone
(`Site`) with arguments that are names or constants; everything else is user code kept as it is (`Glue`). Conditions and
iterables are names or site-free expressions. Every node keeps the origin of the source that it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import gast

from tangentflow.runtime.operands import Operands
from tangentflow.source.origin import Origin

__all__ = [
    "Argument",
    "Block",
    "Break",
    "Continue",
    "For",
    "Glue",
    "Handler",
    "If",
    "Return",
    "Site",
    "Stmt",
    "Try",
    "While",
    "walk",
]


@dataclass(eq=False)
class Stmt:
    """A statement of the core tree. Effects of the same `lane` (not 0) of a block do not wait for each other.

    `stops` says what StopIteration out of it means: "mapping", the end of the `map` that calls it; "generator", an error of the
    generator expression that it belongs to.
    """

    origin: Origin
    lane: int = field(default=0, kw_only=True)
    stops: str = field(default="", kw_only=True)


Block = list[Stmt]


@dataclass(eq=False)
class Glue(Stmt):
    """User code without a step call: one statement, evaluated again wherever a slice needs it.

    `jumps` holds "return" or "raise" where the code leaves the workflow in so many words, and "again" where a bare `raise` in a loop
    does; `total` says that it cannot raise.
    """

    node: gast.stmt
    total: bool = False
    jumps: frozenset[str] = frozenset()


@dataclass(eq=False)
class Argument:
    """An argument of a call: a name or constant. `form` is "", "*", "**" or the keyword `name=`'s name."""

    form: str
    value: gast.expr


@dataclass(eq=False)
class Site(Stmt):
    """A call whose outcome is recorded.

    kind "step" and "call" (a sub-workflow) have `callee` and `args`; "opaque" (evaluated once, ordered by data), "impure"
    (evaluated once, ordered like an effect) and "message" (print, logging: once, in their own order) have `expr`. `speaks` says of a
    sub-workflow that it issues messages, `total` of a message that evaluating its arguments cannot raise. An opaque or impure
    call may change `operands`, whose names it binds anew; `reads` says whether its result, should it be an iterator, is read at once.
    """

    kind: str
    name: str
    target: str | None
    callee: str = ""
    args: list[Argument] = field(default_factory=list)
    expr: gast.expr | None = None
    pure: bool = False
    ordered: bool = False
    recursive: bool = False
    effectful: bool = False
    id: str = ""
    used: bool = True
    speaks: bool = False
    total: bool = False
    operands: Operands = field(default_factory=Operands)
    reads: str = ""

    @property
    def targets(self) -> set[str]:
        """The names that it binds."""
        return {*self.operands.names, *([self.target] if self.target else [])}

    @property
    def effect(self) -> bool:
        """Whether it keeps its place among the effects.

        It does if its result is dropped, or if it is impure, ordered, recursive, or a sub-workflow with effects inside.
        """
        if self.kind == "message":
            return False
        if self.kind == "impure" or self.ordered or self.recursive or self.effectful:
            return True
        return self.kind != "opaque" and not self.used


@dataclass(eq=False)
class If(Stmt):
    """A branch; `test` has no site in it. `total` says that deciding it cannot raise."""

    test: gast.expr
    body: Block
    orelse: Block
    id: str = ""
    total: bool = False


@dataclass(eq=False)
class For(Stmt):
    """A `for` over the list `items` (a name bound just before); the body starts with the assignment of `var` to the target.

    `generator`: it stands for a generator expression, out of which StopIteration comes as RuntimeError.
    """

    var: str
    items: str
    body: Block
    orelse: Block
    forced: bool = False
    generator: bool = False
    count: int | None = None
    id: str = ""


@dataclass(eq=False)
class While(Stmt):
    """A `while`: the statements of `test` run before each iteration and bind what `condition` reads."""

    test: Block
    condition: gast.expr
    body: Block
    orelse: Block
    limit: int | None = None
    id: str = ""


@dataclass(eq=False)
class Handler:
    """An `except` clause. `type` has no site in it; None catches everything. `name` is bound in the body and unbound after it."""

    type: gast.expr | None
    name: str | None
    body: Block


@dataclass(eq=False)
class Try(Stmt):
    """A `try`: handlers, an `else` and a `finally`, each of which may be missing."""

    body: Block
    handlers: list[Handler]
    orelse: Block
    final: Block
    id: str = ""


@dataclass(eq=False)
class Return(Stmt):
    """The end of the workflow with a value."""

    value: gast.expr


@dataclass(eq=False)
class Break(Stmt):
    """The end of the innermost loop."""


@dataclass(eq=False)
class Continue(Stmt):
    """The end of the iteration."""


def blocks(stmt: Stmt) -> list[Block]:
    """Return the inner blocks of a statement, in program order."""
    if isinstance(stmt, If):
        return [stmt.body, stmt.orelse]
    if isinstance(stmt, For):
        return [stmt.body, stmt.orelse]
    if isinstance(stmt, While):
        return [stmt.test, stmt.body, stmt.orelse]
    if isinstance(stmt, Try):
        return [stmt.body, *[handler.body for handler in stmt.handlers], stmt.orelse, stmt.final]
    return []


def walk(block: Block) -> Iterator[Stmt]:
    """Yield every statement of a block, inner ones included, in program order."""
    for stmt in block:
        yield stmt
        for inner in blocks(stmt):
            yield from walk(inner)
