"""Statements as the user wrote them, run over the environment of values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import known, known_results, remedies
from tangentflow.language.capturing import Capturing
from tangentflow.language.changes import Keep, element, path
from tangentflow.language.uses import bound_names
from tangentflow.language.values import ALONE, IMMUTABLE, Env, Value, join, join_envs
from tangentflow.language.verdict import dotted

__all__ = ["Statements", "iterated_names"]

_OPERATORS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@", "LShift": "<<",
    "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&",
}  # fmt: skip


class Statements(Capturing):
    """Runs verbatim statements: those inside glue and inside inner functions."""

    def _stmt_Assign(self, node: Any) -> None:
        if len(node.targets) == 1:
            self.assign(node.targets[0], node.value, node)
            return
        self.context = f"line {self.line} binds it to several names"
        value = self.value(node.value, Keep.ALL)
        names = [dotted(target) for target in node.targets]
        shared = value.shared("alias", f"line {self.line} makes {' and '.join(f'`{n}`' for n in names)} one value")
        for target in node.targets:
            self.store(target, shared, node.value, node)

    def _stmt_AnnAssign(self, node: Any) -> None:
        if node.value is not None:
            self.assign(node.target, node.value, node)

    def assign(self, target: Any, value: Any, node: Any) -> None:
        """Run `target = value`."""
        if isinstance(target, gast.Name):
            self.context = f"line {self.line} binds it to `{target.id}`"
            sources = iterated_names(value, self.resolve)
            sources |= {name for source in sources for name in self.read_from.get(source, ())}
            self.bind(target.id, self.renamed(value))
            if sources:
                self.sources[target.id] = sources
        elif isinstance(target, (gast.Tuple, gast.List)):
            self.unpack(target, value, node)
        else:
            root = dotted(target.value)
            self.context = f"line {self.line} puts it into `{root}`"
            self.store(target, self.value(value, Keep.ALL), value, node)

    def unpack(self, target: Any, value: Any, node: Any) -> None:
        """Run `a, b = value`."""
        if self.captured(target, value):
            return
        starred = any(isinstance(e, gast.Starred) for e in target.elts)
        pairwise = isinstance(value, (gast.Tuple, gast.List)) and len(value.elts) == len(target.elts) and not starred
        if pairwise and not any(isinstance(e, gast.Starred) for e in value.elts):
            found = []
            for one, part in zip(target.elts, value.elts, strict=True):
                self.context = f"line {self.line} binds it to `{dotted(one)}`"
                found.append(self._moved(part, target, value) or self.value(part, Keep.ALL))
            for one, part, result in zip(target.elts, value.elts, found, strict=True):
                self.store(one, result, part, node)
            return
        whole = self.value(value, Keep.ELEMENTS)
        self.store(target, whole, value, node)

    def _moved(self, part: Any, target: Any, value: Any) -> Value | None:
        """The value of a name that `a, b = b, a` binds anew and reads once: it only changes its name."""
        if not isinstance(part, gast.Name) or part.id not in bound_names(target) or part.id not in self.env:
            return None
        count = sum(isinstance(n, gast.Name) and n.id == part.id for n in gast.walk(value))
        return self.env[part.id] if count == 1 and not self.env[part.id].stale else None

    def store(self, target: Any, value: Value, source: Any, node: Any) -> None:
        """Bind or change one target, given what is known of its value."""
        if isinstance(target, gast.Name):
            self.bind(target.id, value)
        elif isinstance(target, (gast.Tuple, gast.List)):
            for i, one in enumerate(target.elts):
                part = element(value, dotted(source))
                if i < len(value.fields) and value.fields[i] and not isinstance(one, gast.Starred):
                    part = IMMUTABLE
                self.store(one, part, source, node)
        elif isinstance(target, gast.Starred):
            flat = value.immutable
            self.store(target.value, Value(levels=ALONE if flat else 1, flat=flat, type="list"), source, node)
        else:
            if isinstance(target, gast.Subscript):
                self.value(target.slice, Keep.NOTHING)
            levels = min(ALONE, 1 + value.kept_levels)
            remedy = remedies.stored(target, source)
            self.mutate(target, target.value, dotted(target), remedy, levels=levels, flat=value.immutable)
            self.holds(path(target)[0], value)

    def _stmt_AugAssign(self, node: Any) -> None:
        target, op = node.target, _OPERATORS[type(node.op).__name__]
        before = self.env.get(target.id) if isinstance(target, gast.Name) else None
        value = self.value(node.value, Keep.ELEMENTS)
        levels = ALONE if value.immutable or value.flat else max(value.levels, 1)
        if not isinstance(target, gast.Name):
            self._augment_part(node, value, op)
            return
        name = target.id
        if before is None:
            return
        old = self.env[name] = join(before, self.env[name])  # the right side may share it, or bind the name anew
        if old.immutable:
            self.bind(name, IMMUTABLE if value.immutable else Value(levels=1))
            return
        self.depth = 1
        if old.stale:
            self.report(node, "TF205" if old.captures else "TF208", name, old, "")
        if old.iterated:
            self.report(node, "TF204", name, old, remedies.iterated(name))
        elif old.levels == 0 and not _counts(node, old):
            code = {"parameter": "TF201", "function": "TF209"}.get(old.origin, "TF202")
            why = f"`{op}=` changes a list, set or array in place, and {old.why}"
            self.report(node, code, name, replace(old, why=why), remedies.augmented(target, op, node.value))
        self.changed(name, f"line {self.line} changes `{name}`")
        now = self.env[name]
        self.env[name] = replace(now, levels=min(now.levels, levels), flat=now.flat and (value.flat or value.immutable))

    def _augment_part(self, node: Any, value: Value, op: str) -> None:
        """`d[k] += e`: the element is changed in place if it can be, and stored again."""
        target = node.target
        if isinstance(target, gast.Subscript):
            self.value(target.slice, Keep.NOTHING)
        remedy = remedies.augmented(target, op, node.value)
        if self._flat_base(target.value):
            levels, receiver = 2, target.value
        else:
            levels = ALONE if value.immutable or value.flat else max(value.levels, 1)
            receiver = gast.Subscript(value=target.value, slice=gast.Constant(0, None), ctx=gast.Load())
        levels = ALONE if value.immutable else levels
        self.mutate(target, receiver, dotted(target), remedy, levels=levels, flat=value.immutable)

    def _flat_base(self, receiver: Any) -> bool:
        """Whether the elements of a receiver are immutable, so that only the receiver itself changes."""
        return isinstance(receiver, gast.Name) and receiver.id in self.env and self.env[receiver.id].flat

    def _stmt_Expr(self, node: Any) -> None:
        self.value(node.value, Keep.NOTHING)

    def _stmt_Delete(self, node: Any) -> None:
        for target in node.targets:
            if isinstance(target, gast.Name):
                self.changed_by_binding(target.id)
                self.env.pop(target.id, None)
            else:
                if isinstance(target, gast.Subscript):
                    self.value(target.slice, Keep.NOTHING)
                self.mutate(target, target.value, dotted(target), remedies.deleted(target))

    def _stmt_If(self, node: Any) -> None:
        self.value(node.test, Keep.NOTHING)
        self.branches([node.body, node.orelse])

    def _stmt_For(self, node: Any) -> None:
        items = self.value(node.iter, Keep.ELEMENTS)
        target = element(items, dotted(node.iter))

        def head() -> None:
            self.store(node.target, target, node.iter, node)

        self.iterate(id(node), head, node.body, node.orelse, _lazily_read(node.iter, self.resolve))

    def _stmt_While(self, node: Any) -> None:
        def head() -> None:
            self.value(node.test, Keep.NOTHING)

        self.iterate(id(node), head, node.body, node.orelse, set(), tested=node.test)

    def _stmt_Return(self, node: Any) -> None:
        self.context = f"line {self.line} returns it"
        found = self.value(node.value, Keep.ALL)
        if not self.quiet and not self.dead:
            self.returned.append(found)
        for leaving in self.leaving:
            leaving.append(dict(self.env))
        self.dead = True

    def _stmt_Raise(self, node: Any) -> None:
        self.value(node.exc, Keep.NOTHING)
        self.value(node.cause, Keep.NOTHING)
        self.dead = True

    def _stmt_Assert(self, node: Any) -> None:
        self.value(node.test, Keep.NOTHING)
        self.value(node.msg, Keep.NOTHING)

    def _stmt_Break(self, node: Any) -> None:
        if self.exits and not self.dead:
            self.exits[-1].append(dict(self.env))
        self.dead = True

    def _stmt_Continue(self, node: Any) -> None:
        if self.heads and not self.dead:
            self.heads[-1].append(dict(self.env))
        self.dead = True

    def _stmt_FunctionDef(self, node: Any) -> None:
        for decorator in node.decorator_list:
            self.value(decorator, Keep.ALL)
        self.bind(node.name, replace(IMMUTABLE, captures=self.function(node, node.body)))

    def _function_body(self, body: list[Any]) -> None:
        saved = (
            self.dead,
            self.exits,
            self.heads,
            self.trail,
            self.leaving,
            self.returned,
            self.line,
            self.loop,
            self.here,
        )
        self.dead, self.exits, self.heads, self.trail, self.leaving, self.returned = False, [], [], [], [], []
        self.loop = id(body)
        self.block(body)
        self.dead, self.exits, self.heads, self.trail, self.leaving, self.returned, self.line, self.loop, self.here = (
            saved
        )

    def _stmt_With(self, node: Any) -> None:
        for item in node.items:
            value = self.value(item.context_expr, Keep.ALL)
            if item.optional_vars is not None:
                self.store(
                    item.optional_vars, value.shared("alias", "its context manager holds it"), item.context_expr, node
                )
        self.block(node.body)

    def _stmt_Try(self, node: Any) -> None:
        handlers = [(h.type, h.name.id if isinstance(h.name, gast.Name) else None, h.body) for h in node.handlers]
        self.attempt(node.body, handlers, node.orelse, node.finalbody)

    def attempt(
        self, body: list[Any], handlers: list[tuple[Any, str | None, list[Any]]], orelse: list[Any], final: list[Any]
    ) -> None:
        """Run a `try`; a handler is a triple of type, name and body. An exception may come after any statement of the body."""
        before, was_dead = dict(self.env), self.dead
        self.trail.append([before])
        if final:
            self.leaving.append([])
        self.block(body)
        self.block(orelse)
        ends: list[Env | None] = [None if self.dead else dict(self.env)]
        start = join_envs(self.trail.pop()) or before
        for kind, name, inner in handlers:
            self.env, self.dead = dict(start), was_dead
            self.value(kind, Keep.NOTHING)
            if name is not None:
                self.bind(name, Value(levels=1))
            self.block(inner)
            if name is not None:
                self.changed_by_binding(name)
                self.env.pop(name, None)
            ends.append(None if self.dead else self.env)
        if final:
            returned = join_envs(self.leaving.pop())
            if (
                returned is not None and not was_dead
            ):  # what is returned is held by the caller before the `finally` runs
                self.env, self.dead = returned, False
                self.block(final)
            raised = join_envs([start, *ends])
            self.quiet += 1  # the normal path reports
            self.env, self.dead = raised or dict(start), was_dead
            self.block(final)
            self.quiet -= 1
        self.resume(ends, dict(start))
        if final:
            dead, self.dead = self.dead, was_dead
            self.block(final)
            self.dead = self.dead or dead

    def _stmt_Import(self, node: Any) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.changed_by_binding(name)
            self.env.pop(name, None)  # no value of the function: what is found in it belongs to the module

    _stmt_ImportFrom = _stmt_Import

    def _stmt_Pass(self, node: Any) -> None:
        pass

    def _stmt_other(self, node: Any) -> None:
        """A statement of no known kind: everything in it counts as kept, and every name it binds as shared."""
        for child in gast.iter_child_nodes(node):
            if isinstance(child, gast.expr):
                self.value(child, Keep.ALL)
        for name in bound_names(node):
            self.bind(name, Value(origin="alias", why=f"what `{name}` holds is not known"))


def _counts(node: Any, old: Value) -> bool:
    """Whether `x += 1` is arithmetic on a parameter that nothing else in the workflow holds.

    No built-in container takes a number there; an array would be changed for the caller only, not for a value here.
    """
    number = isinstance(node.value, gast.Constant) and isinstance(node.value.value, (int, float, complex))
    return number and not isinstance(node.op, gast.Mult) and old.origin == "parameter" and not old.aliased


def iterated_names(value: Any, resolve: Callable[[gast.expr], object]) -> set[str]:
    """Return the names that `[x for x in …]`, the snapshot of a loop, goes through."""
    if not isinstance(value, gast.ListComp) or len(value.generators) != 1:
        return set()
    return _lazily_read(value.generators[0].iter, resolve)


def _lazily_read(node: Any, resolve: Callable[[gast.expr], object]) -> set[str]:
    """Return the names whose values a loop over `node` reads item by item."""
    if isinstance(node, gast.Name):
        return {node.id}
    if not isinstance(node, gast.Call):
        return set()
    if isinstance(node.func, gast.Attribute) and node.func.attr in ("items", "keys", "values"):
        return _lazily_read(node.func.value, resolve)
    full = known.qualified_name(resolve(node.func)) if isinstance(node.func, (gast.Name, gast.Attribute)) else ""
    if full in known_results.ITERATORS or full.startswith("itertools."):
        return set().union(*(_lazily_read(argument, resolve) for argument in node.args))
    return set()
