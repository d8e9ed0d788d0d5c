"""Which changes in place value semantics can keep: those of a value that the workflow built and one name alone holds.

A forward analysis over the core tree. A name holds an immutable value, a value of its own, or one that something else may
hold too (a parameter, an alias, an element of a container). Branches join to the worst; loops run to a fixed point.

    xs = []; xs.append(1)              fine: xs alone holds the list
    ys = xs; ys.append(1)              refused: xs would change too
    rows.append(row); row.append(1)    refused: the row in rows would change too
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import core, known
from tangentflow.language.changes import Keep, element
from tangentflow.language.helpers import Helpers
from tangentflow.language.kinds import Kinds
from tangentflow.language.recorded import RecordedCalls
from tangentflow.language.values import ALONE, Reads, Value, annotated, annotation_of

__all__ = ["Flow", "check"]

Refuse = Callable[[gast.AST, str, str, str, str], None]


def check(
    body: core.Block,
    params: Sequence[str],
    resolve: Callable[[gast.expr], object],
    refuse: Refuse,
    *,
    tree: Any = None,
    callees: Mapping[str, object] | None = None,
) -> None:
    """Refuse every change in place that value semantics cannot keep.

    `resolve` gives the live object of a global name or attribute chain, else MISSING; `refuse(node, code, what, why, instead)`
    takes the offences. `tree` is the function's own node: what its annotations call immutable is. `callees` are the step
    objects by `Site.callee`: so are results that their `->` calls immutable. Marks `Glue` that turns out total:
    `xs.append(name)` of a list that the workflow built, and each recorded call with the names that it may change.
    """
    seen: set[tuple[int, str]] = set()

    def report(node: gast.AST, code: str, name: str, value: Value, instead: str) -> None:
        if (id(node), code) in seen:
            return
        seen.add((id(node), code))
        what, remedy = _headline(node, code, name)
        refuse(
            node,
            code,
            what,
            value.stale if code in ("TF205", "TF208") else _reason(code, name, value),
            instead or remedy,
        )

    flow = Flow(resolve, Helpers(lambda obj: False, Kinds), report, _reads(body), callees=callees)
    flow.parameters(params, tree)
    flow.block(body)
    flow.compare_calls()


def _headline(node: gast.AST, code: str, name: str) -> tuple[str, str]:
    """Return what is refused, and what to write where the change itself does not say it."""
    if code == "TF205":
        return f"`{name}` is used after what it captured has changed", "bind it early, as a default: `lambda …, x=x: …`"
    if code == "TF208":
        return f"`{name}` is read after a change that it may share", "copy it before: `copy.deepcopy(…)`"
    if code == "TF204":
        return f"`{name}` changes while a loop goes through it", ""
    text = f"`{name}` changes in place" if name.isidentifier() else f"`{name}(…)` changes a value in place"
    return text, ""


def _reason(code: str, name: str, value: Value) -> str:
    if code == "TF204":
        return "a loop goes through the items that were there when it started, so the change would be lost on it"
    return value.why or f"something else may hold the value of `{name}` too"


class Flow(RecordedCalls):
    """Runs statements of the core tree, and verbatim ones, over the environment."""

    def parameters(self, params: Iterable[str], tree: Any = None) -> None:
        """Bind the parameters: values that the caller holds too."""
        annotations = {} if tree is None else _annotations(tree)
        for name in params:
            why = f"`{name}` is a parameter, and the caller would see the change"
            shape = annotated(annotations.get(name)) if annotations.get(name) is not None else Value()
            self.env[name] = (
                shape if shape.immutable else replace(shape, levels=0, origin="parameter", why=why, root=name)
            )

    # --- the core tree

    def block(self, stmts: Iterable[Any]) -> None:
        """Run statements one after the other."""
        for stmt in stmts:
            self.here = self.reads.numbers.get(id(stmt), self.here)
            if isinstance(stmt, core.Stmt):
                self.origin = stmt.origin
                self.line = stmt.origin.lineno
                getattr(self, f"_core_{type(stmt).__name__}", self._core_other)(stmt)
            else:
                self.line = getattr(stmt, "lineno", None) or self.line
                getattr(self, f"_stmt_{type(stmt).__name__}", self._stmt_other)(stmt)
            for trail in self.trail:
                if not self.dead:
                    trail.append(dict(self.env))

    def _core_Glue(self, stmt: core.Glue) -> None:
        total = self._total(stmt.node)
        self.block([stmt.node])
        if not self.quiet and total:
            stmt.total = True

    def _core_Site(self, stmt: core.Site) -> None:
        for argument in stmt.args:
            self.value(argument.value, Keep.NOTHING)
        if stmt.expr is not None:
            result = self._recorded(stmt, stmt.expr)
        else:
            result = self._annotated_result(self.callees.get(stmt.callee))
        if stmt.target is not None:
            self.bind(stmt.target, result)

    def _core_If(self, stmt: core.If) -> None:
        self.value(stmt.test, Keep.NOTHING)
        self.branches([stmt.body, stmt.orelse])

    def _core_For(self, stmt: core.For) -> None:
        items = self.env.get(stmt.items, Value())
        target = replace(element(items, _source_text(self.sources.get(stmt.items), stmt.items)))

        def head() -> None:
            self.bind(stmt.var, target)

        self.iterate(id(stmt), head, stmt.body, stmt.orelse, self.sources.get(stmt.items, set()))

    def _core_While(self, stmt: core.While) -> None:
        def head() -> None:
            self.block(stmt.test)
            self.value(stmt.condition, Keep.NOTHING)

        self.iterate(id(stmt), head, stmt.body, stmt.orelse, set(), tested=stmt.condition)

    def _core_Try(self, stmt: core.Try) -> None:
        handlers = [(h.type, h.name, h.body) for h in stmt.handlers]
        self.attempt(stmt.body, handlers, stmt.orelse, stmt.final)

    def _core_Return(self, stmt: core.Return) -> None:
        self._stmt_Return(gast.Return(value=stmt.value))

    def _core_Break(self, stmt: core.Break) -> None:
        self._stmt_Break(stmt)

    def _core_Continue(self, stmt: core.Continue) -> None:
        self._stmt_Continue(stmt)

    def _core_other(self, stmt: core.Stmt) -> None:
        """Any other statement with blocks: each may run after any part of those before it."""
        self.loosely(core.blocks(stmt))

    def _annotated_result(self, callee: object) -> Value:
        function = known.attribute(callee, "function") or callee
        annotations = known.attribute(function, "__annotations__")
        if isinstance(annotations, dict) and "return" in annotations:
            shape = annotation_of(annotations["return"])
            return shape if shape.immutable else Value(levels=ALONE, flat=shape.flat, type=shape.type, foreign=True)
        return Value(levels=ALONE, foreign=True)

    def _total(self, node: Any) -> bool:
        """Whether a statement is `xs.append(e)` of a list that is surely there, and e cannot raise."""
        if not isinstance(node, gast.Expr) or not isinstance(node.value, gast.Call) or self.dead:
            return False
        call = node.value
        if not isinstance(call.func, gast.Attribute) or not isinstance(call.func.value, gast.Name) or call.keywords:
            return False
        known_as = self.env.get(call.func.value.id, Value(sure=False))
        if not known_as.sure or len(call.args) != 1:
            return False
        argument = call.args[0]
        there = isinstance(argument, gast.Name) and self.env.get(argument.id, Value(sure=False)).sure
        if call.func.attr == "append":
            return known_as.type == "list" and (there or isinstance(argument, gast.Constant))
        return call.func.attr == "add" and known_as.type == "set" and isinstance(argument, gast.Constant)


def _reads(body: core.Block) -> Reads:
    reads = Reads()
    for stmt in core.walk(body):
        reads.number(stmt, _expressions(stmt))
        if isinstance(stmt, core.For):
            reads.at.setdefault(stmt.items, []).append(reads.numbers[id(stmt)])
    return reads


def _expressions(stmt: core.Stmt) -> Iterator[Any]:
    """Yield the gast trees that a core statement holds itself."""
    for value in vars(stmt).values():
        if isinstance(value, gast.AST):
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, core.Argument):
                    yield item.value
                elif isinstance(item, gast.AST):
                    yield item
                elif hasattr(item, "__dict__") and not isinstance(item, core.Stmt):
                    yield from (inner for inner in vars(item).values() if isinstance(inner, gast.AST))


def _source_text(sources: set[str] | None, items: str) -> str:
    return min(sources) if sources else items


def _annotations(tree: Any) -> dict[str, Any]:
    found = {}
    for node in gast.walk(tree.args):
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param) and node.annotation is not None:
            variadic = node in (tree.args.vararg, tree.args.kwarg)
            found[node.id] = None if variadic else node.annotation
    return found
