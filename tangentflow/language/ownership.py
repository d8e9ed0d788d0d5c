"""Which changes in place value semantics can keep: those of a value that the workflow built and one name alone holds.

A forward analysis over the core tree. A name holds an immutable value, a value of its own, or one that something else may
hold too (a parameter, an alias, an element of a container). Branches join to the worst; loops run to a fixed point.

    xs = []; xs.append(1)              fine: xs alone holds the list
    ys = xs; ys.append(1)              refused: xs would change too
    rows.append(row); row.append(1)    refused: the row in rows would change too
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gast

from tangentflow.language import core, known, remedies
from tangentflow.language.aliasing import Aliasing, Keep, Report, element
from tangentflow.language.helpers import Helpers
from tangentflow.language.kinds import Kinds
from tangentflow.language.uses import bound_names, uses
from tangentflow.language.values import ALONE, IMMUTABLE, Env, Value, annotated, annotation_of, join_envs, reads_of
from tangentflow.language.verdict import MISSING, dotted

__all__ = ["Flow", "check"]

Refuse = Callable[[gast.AST, str, str, str, str], None]
_OPERATORS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@", "LShift": "<<",
    "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&",
}  # fmt: skip


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
    `xs.append(name)` of a list that the workflow built.
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


class Flow(Aliasing):
    """Runs statements of the core tree, and verbatim ones inside glue, over the environment.

    `env` is None where no path leads.
    """

    def __init__(
        self,
        resolve: Callable[[gast.expr], object],
        helpers: Helpers,
        report: Report,
        reads: Counter[str],
        *,
        callees: Mapping[str, object] | None = None,
        nested: bool = False,
    ) -> None:
        super().__init__(resolve, helpers, self._report, reads)
        self.tell = report
        self.nested = nested
        self.callees = callees or {}
        self.quiet = 0
        self.dead = False
        self.exits: list[list[Env]] = []
        self.heads: list[list[Env]] = []
        self.trail: list[list[Env]] = []
        self.sources: dict[str, set[str]] = {}
        self.returned: list[Value] = []
        self.origin: Any = None

    def _report(self, node: gast.AST, code: str, name: str, value: Value, instead: str) -> None:
        if not self.quiet and not self.dead:
            self.tell(_located(node, self.origin), code, name, value, instead)

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

    def _core_Return(self, stmt: core.Return) -> None:
        self._stmt_Return(gast.Return(value=stmt.value))

    def _core_Break(self, stmt: core.Break) -> None:
        self._stmt_Break(stmt)

    def _core_Continue(self, stmt: core.Continue) -> None:
        self._stmt_Continue(stmt)

    def _core_other(self, stmt: core.Stmt) -> None:
        """Any other statement with blocks: each may run after any part of those before it."""
        self.loosely(core.blocks(stmt))

    def _recorded(self, stmt: core.Site, expr: Any) -> Value:
        """The result of a call that is recorded: a value of its own, which may share parts with what it was made of."""
        obj = self.resolve(expr.func) if isinstance(expr, gast.Call) else MISSING
        full = "" if obj is MISSING else known.qualified_name(obj)
        if full in known.MUTATES_FIRST and isinstance(expr, gast.Call) and expr.args:
            if stmt.target is None:
                instead = (
                    "use `random.sample(xs, len(xs))`, which gives a new list"
                    if "shuffle" in full
                    else "make it a @step"
                )
                self.report(expr, "TF210", dotted(expr.func), Value(why="what it does is not in its result"), instead)
            return self._changes_first(expr, full)
        for child in gast.iter_child_nodes(expr):
            if isinstance(child, gast.expr):
                self.value(child.value if isinstance(child, gast.Starred) else child, Keep.NOTHING)
            elif isinstance(child, gast.keyword):
                self.value(child.value, Keep.NOTHING)
        if any(key in known.IMMUTABLE_RESULTS for key in known.candidates(full)):
            return IMMUTABLE
        if isinstance(expr, gast.Call) and isinstance(expr.func, gast.Attribute) and expr.func.attr in known.DRAWS:
            return Value(levels=ALONE)
        names = {name for name in uses(expr).reads if name in self.env and not self.env[name].immutable}
        return Value(levels=ALONE, related=frozenset(names - {stmt.target}))

    def _annotated_result(self, callee: object) -> Value:
        function = known.attribute(callee, "function") or callee
        annotations = known.attribute(function, "__annotations__")
        if isinstance(annotations, dict) and "return" in annotations:
            shape = annotation_of(annotations["return"])
            return shape if shape.immutable else Value(levels=ALONE, flat=shape.flat, type=shape.type)
        return Value(levels=ALONE)

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

    # --- control flow

    def branches(self, blocks: Iterable[Iterable[Any]]) -> None:
        """Run exactly one of several blocks."""
        before, ends = dict(self.env), []
        was_dead = self.dead
        for block in blocks:
            self.env, self.dead = dict(before), was_dead
            self.block(block)
            ends.append(None if self.dead else self.env)
        self.resume(ends, before)

    def resume(self, ends: Iterable[Env | None], fallback: Env) -> None:
        """Go on where one of several paths has ended."""
        joined = join_envs(ends)
        self.dead = joined is None
        self.env = joined if joined is not None else fallback

    def loosely(self, blocks: Sequence[Iterable[Any]]) -> None:
        """Run blocks each of which may start after any part of an earlier one."""
        ends: list[Env | None] = [dict(self.env)]
        self.trail.append([dict(self.env)])
        for block in blocks:
            before = join_envs(self.trail[-1]) or dict(self.env)
            self.env, self.dead = before, False
            self.block(block)
            ends.append(None if self.dead else dict(self.env))
        self.trail.pop()
        self.resume(ends, dict(self.env))

    def iterate(
        self,
        loop: int,
        head: Callable[[], None],
        body: Iterable[Any],
        orelse: Iterable[Any],
        sources: set[str],
        *,
        tested: Any = None,
    ) -> None:
        """Run a loop to its fixed point, then once more to report. `tested` is the condition of a `while`."""
        outer, self.loop = self.loop, loop
        entry, was_dead = dict(self.env), self.dead
        self.quiet += 1
        while True:
            end, _, _ = self._once(dict(entry), head, body, sources)
            joined = join_envs([entry, end]) or entry
            if _same(joined, entry):
                break
            entry = joined
        self.quiet -= 1
        _, after_head, exits = self._once(dict(entry), head, body, sources)
        self.loop = outer
        endless = isinstance(tested, gast.Constant) and bool(tested.value)
        self.env, self.dead = entry if tested is None else after_head, was_dead or endless
        self.block(orelse)
        self.resume([None if self.dead else self.env, *exits], entry)

    def _once(
        self, start: Env, head: Callable[[], None], body: Iterable[Any], sources: set[str]
    ) -> tuple[Env | None, Env, list[Env]]:
        """Run one iteration; return the environments at its end, after its head, and at its breaks."""
        was_dead = self.dead
        self.env = start
        self.exits.append([])
        self.heads.append([])
        head()
        after_head = dict(self.env)
        self.iterated.append(sources)
        self.block(body)
        self.iterated.pop()
        exits, heads = self.exits.pop(), self.heads.pop()
        end = join_envs([None if self.dead else self.env, *heads])
        self.dead = was_dead
        return end, after_head, exits

    # --- verbatim statements

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
            sources = _iterated_names(value, self.resolve)
            self.bind(target.id, self.value(value, Keep.ALL))
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

    def _stmt_AugAssign(self, node: Any) -> None:
        target, op = node.target, _OPERATORS[type(node.op).__name__]
        value = self.value(node.value, Keep.ELEMENTS)
        levels = ALONE if value.immutable or value.flat else max(value.levels, 1)
        if not isinstance(target, gast.Name):
            self._augment_part(node, value, op)
            return
        name = target.id
        old = self.env.get(name)
        if old is None:
            return
        if old.immutable:
            self.bind(name, IMMUTABLE if value.immutable else Value(levels=1))
            return
        if old.stale:
            self.report(node, "TF205" if old.captures else "TF208", name, old, "")
        if any(name in names for names in self.iterated):
            self.report(node, "TF204", name, old, remedies.iterated(name))
        elif old.levels == 0:
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
        saved = self.dead, self.exits, self.heads, self.trail, self.returned, self.line, self.loop
        self.dead, self.exits, self.heads, self.trail, self.returned = False, [], [], [], []
        self.loop = id(body)
        self.block(body)
        self.dead, self.exits, self.heads, self.trail, self.returned, self.line, self.loop = saved

    def _stmt_With(self, node: Any) -> None:
        for item in node.items:
            value = self.value(item.context_expr, Keep.ALL)
            if item.optional_vars is not None:
                self.store(
                    item.optional_vars, value.shared("alias", "its context manager holds it"), item.context_expr, node
                )
        self.block(node.body)

    def _stmt_Try(self, node: Any) -> None:
        before = dict(self.env)
        self.trail.append([before])
        self.block(node.body)
        self.block(node.orelse)
        ends: list[Env | None] = [None if self.dead else dict(self.env)]
        start = join_envs(self.trail.pop()) or before
        for handler in node.handlers:
            self.env, self.dead = dict(start), False
            if isinstance(handler.name, gast.Name):
                self.bind(handler.name.id, Value(levels=1))
            self.block(handler.body)
            ends.append(None if self.dead else self.env)
        if node.finalbody:
            raised = join_envs([start, *ends])
            self.quiet += 1  # the normal path reports
            self.env, self.dead = raised or dict(start), False
            self.block(node.finalbody)
            self.quiet -= 1
        self.resume(ends, dict(start))
        self.block(node.finalbody)

    def _stmt_Match(self, node: Any) -> None:
        subject = self.value(node.subject, Keep.ELEMENTS)
        before, ends = dict(self.env), [dict(self.env)]
        found: list[Env | None] = list(ends)
        for case in node.cases:
            self.env, self.dead = dict(before), False
            for pattern in gast.walk(case.pattern):
                name = getattr(pattern, "rest", None) or getattr(pattern, "name", None)
                if isinstance(name, str):
                    self.bind(name, element(replace(subject, immutable=False), dotted(node.subject)))
            self.value(case.guard, Keep.NOTHING)
            self.block(case.body)
            found.append(None if self.dead else self.env)
        self.resume(found, before)

    def _stmt_Import(self, node: Any) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0], IMMUTABLE)

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


def _reads(body: core.Block) -> Counter[str]:
    """Count the places that read each name."""
    found: Counter[str] = Counter()
    for stmt in core.walk(body):
        found += reads_of(_expressions(stmt))
        if isinstance(stmt, core.For):
            found[stmt.items] += 1
    return found


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


def _same(a: Env, b: Env) -> bool:
    """Whether two environments allow the same."""

    def key(value: Value) -> tuple[Any, ...]:
        return (value.immutable, value.levels, value.flat, value.type, value.sure, value.loop, value.captures, value.related,
                bool(value.stale), value.fields, value.parts)  # fmt: skip

    return a.keys() == b.keys() and all(key(a[name]) == key(b[name]) for name in a)


def _iterated_names(value: Any, resolve: Callable[[gast.expr], object]) -> set[str]:
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
    if full in known.ITERATORS or full.startswith("itertools."):
        return set().union(*(_lazily_read(argument, resolve) for argument in node.args))
    return set()


def _source_text(sources: set[str] | None, items: str) -> str:
    return min(sources) if sources else items


def _annotations(tree: Any) -> dict[str, Any]:
    found = {}
    for node in gast.walk(tree.args):
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Param) and node.annotation is not None:
            variadic = node in (tree.args.vararg, tree.args.kwarg)
            found[node.id] = None if variadic else node.annotation
    return found


def _located(node: Any, origin: Any) -> Any:
    """Return the node, or a part of it, that has a place in the source."""
    for part in gast.walk(node):
        if getattr(part, "lineno", None) is not None and getattr(part, "end_lineno", None) is not None:
            return part
    if origin is not None:
        node.lineno, node.end_lineno = origin.lineno, origin.end_lineno
        node.col_offset, node.end_col_offset = origin.col - 1, origin.end_col - 1
    return node
