"""Code of slices: a reduced core tree becomes the text of a function `slice(_tf)`.

In it each site is a look-up (`_tf.out`), each serial loop the state that it left (`_tf.leave`). Jumps become what they mean for the
slice: before a site, a `return` means that the site is not reached.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import gast

from tangentflow.graph.nodes import Input
from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.imports import Imported
from tangentflow.language.uses import unbound_in
from tangentflow.passes.facts import sites
from tangentflow.passes.slicing import Bound, Leave, Unreached, evaluated
from tangentflow.runtime.slices import LINE_MARK
from tangentflow.source.printer import to_ast

__all__ = ["Code", "Jumps", "Target", "limit", "lines", "skip", "text"]

Lines = list[ast.stmt]


@dataclass(frozen=True)
class Jumps:
    """What `return`, `break` and `continue` become; None leaves the last two as they are (inside a loop of the slice)."""

    on_return: Callable[[gast.expr], Lines]
    on_break: Callable[[], Lines] | None = None
    on_continue: Callable[[], Lines] | None = None


@dataclass(eq=False)
class Target(Stmt):
    """In a slice: the place that it leads to; `code` is what the slice does there."""

    code: Lines


def lines(source: str) -> Lines:
    """Parse generated statements."""
    return ast.parse(source).body


def skip() -> Lines:
    """Return what a slice does where its target is not reached."""
    return lines("return _tf.SKIP")


@dataclass
class Code:
    """Emits one slice.

    `mutated` are names whose looked-up values the slice may change; `messages` issues messages; `advances`: it is the one that leads
    from an iteration to the next.
    """

    mutated: frozenset[str]
    messages: bool = False
    advances: bool = False
    inputs: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)
    counters: list[tuple[str, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    total: bool = True

    def block(self, block: Block, jumps: Jumps, sure: bool = True) -> Lines:
        """Emit statements; `sure` says that control gets here in every run of the slice that ends."""
        out: Lines = []
        for stmt in block:
            out += self.stmt(stmt, jumps, sure)
            if sure and _may_leave(stmt):
                sure = False
        return out

    def stmt(self, stmt: Stmt, jumps: Jumps, sure: bool) -> Lines:
        """Emit one statement, which knows its line."""
        out = self._stmt(stmt, jumps, sure)
        for made in out:
            vars(made).setdefault("origin", stmt.origin.lineno)
        return out

    def _stmt(self, stmt: Stmt, jumps: Jumps, sure: bool) -> Lines:
        if stmt.stops:
            return _around(stmt.stops, self.stmt(replace(stmt, stops=""), jumps, sure))
        if isinstance(stmt, core.Glue):
            self.total = self.total and stmt.total
            if self.advances and "again" in stmt.jumps:
                assert isinstance(stmt.node, gast.Raise) and isinstance(stmt.node.exc, gast.Name)
                return lines(f"raise _tf.again({stmt.node.exc.id})")
            return [to_ast(stmt.node)]
        if isinstance(stmt, core.Site):
            return self._site(stmt, sure)
        if isinstance(stmt, Leave):
            return self._leave(stmt, jumps, sure)
        if isinstance(stmt, Unreached):
            return skip()
        if isinstance(stmt, Bound):
            return limit(stmt.loop, "_tf.index")
        if isinstance(stmt, core.If):
            self.total = False
            body = self.block(stmt.body, jumps, False) or [ast.Pass()]
            return [ast.If(test=to_ast(stmt.test), body=body, orelse=self.block(stmt.orelse, jumps, False))]
        if isinstance(stmt, core.For):
            return self._for(stmt, jumps)
        if isinstance(stmt, core.While):
            return self._while(stmt, jumps)
        if isinstance(stmt, core.Try):
            return self._try(stmt, jumps, sure)
        if isinstance(stmt, core.Return):
            return jumps.on_return(stmt.value)
        if isinstance(stmt, core.Break):
            return jumps.on_break() if jumps.on_break else [ast.Break()]
        if isinstance(stmt, core.Continue):
            return jumps.on_continue() if jumps.on_continue else [ast.Continue()]
        assert isinstance(stmt, Target), stmt
        return stmt.code

    def reads(self, site: str, sure: bool) -> str:
        """Note that an outcome is looked up here; return the arguments of the look-up."""
        key = site, tuple(loop for loop, _ in self.counters if loop)
        self.inputs[key] = self.inputs.get(key, False) or (sure and not self.counters)
        return ", ".join([repr(site), *[counter for loop, counter in self.counters if loop]])

    def _site(self, stmt: core.Site, sure: bool) -> Lines:
        if stmt.kind == "message":
            if (
                not self.messages
            ):  # in a loop that is kept whole; it is not issued, but evaluating its arguments may raise
                return [] if stmt.total else [to_ast(evaluated(stmt).node)]
            self.total = False
            call = to_ast(stmt.expr)
            assert isinstance(call, ast.Call)
            return [ast.Expr(ast.Call(_expr("_tf.message"), [call.func, *call.args], call.keywords))]
        if stmt.operands.names:
            return self._changed(stmt, sure)
        look = "own" if stmt.target in self.mutated else "out"
        call = f"_tf.{look}({self.reads(stmt.id, sure)})"
        return lines(f"{stmt.target} = {call}" if stmt.target else call)

    def _changed(self, stmt: core.Site, sure: bool) -> Lines:
        """Look up a call that changed operands: their new values first, since it may have raised after that."""
        found = self._name("changed")
        out = lines(f"{found} = _tf.own({self.reads(stmt.id, sure)})")
        for name in stmt.operands.names:
            out += lines(f"{name} = {found}.values[{name!r}]")
        return out + lines(f"{stmt.target} = {found}.result()" if stmt.target else f"{found}.result()")

    def _try(self, stmt: core.Try, jumps: Jumps, sure: bool) -> Lines:
        """Emit a `try`. "Not run" passes through it: no handler catches it, and no `finally` goes on."""
        self.total = False
        asked = bool(stmt.handlers) or any(isinstance(inner, Target) for inner in stmt.orelse)
        if not asked and not stmt.final:
            return self.block([*stmt.body, *stmt.orelse], jumps, sure)
        skeleton = (
            "try:\n    pass\n"
            + ("except _tf.OURS:\n    raise\n" if asked else "")
            + ("finally:\n    _tf.check()" if stmt.final else "")
        )
        attempt = lines(skeleton)[0]
        assert isinstance(attempt, ast.Try)
        attempt.body = self.block(stmt.body, jumps, False) or [ast.Pass()]
        for handler in stmt.handlers:
            caught_all = _expr("_tf.ANY") if handler.name else None
            kind = caught_all if handler.type is None else to_ast(handler.type)
            body = self.block(handler.body, jumps, False) or [ast.Pass()]
            name = handler.name
            if name is not None and any(isinstance(inner, Target) for inner in core.walk(handler.body)):
                # What the slice gives is evaluated after the handler has ended, and with it its name.
                body = [*lines(f"{name} = _tf_caught"), *body]
                name = "_tf_caught"
            attempt.handlers.append(ast.ExceptHandler(type=kind, name=name, body=body))
        orelse = self.block(stmt.orelse, jumps, False)
        attempt.orelse = orelse if asked else []
        if not asked:
            attempt.body += orelse
        attempt.finalbody += self.block(stmt.final, jumps, sure) if stmt.final else []
        return [attempt]

    def _leave(self, stmt: Leave, jumps: Jumps, sure: bool) -> Lines:
        left = self._name("left")
        out = lines(f"{left} = _tf.leave({self.reads(stmt.loop.id, sure)})")
        if isinstance(stmt.loop, core.For) and stmt.loop.generator:
            out = _around("generator", out)
        ends: Lines = []
        if stmt.returns:
            leaves = jumps.on_return(gast.Attribute(value=_load(left), attr="value", ctx=gast.Load()))
            ends.append(ast.If(test=_expr(f"_tf.returned({left})"), body=leaves, orelse=[]))
        if stmt.caught:
            ends += lines(f"_tf.go_on({left})")
        else:
            out, ends = out + ends, []
        deleted = _deleted(stmt.loop)
        for name in stmt.outputs:
            if name in deleted:  # it may be bound here and unbound after the loop
                out += lines(f"{name} = None\ndel {name}")
            value = f"{left}.state[{name!r}]"
            value = f"_tf.fresh({value})" if name in self.mutated else value
            out += lines(f"if {name!r} in {left}.state:\n    {name} = {value}")
        return out + ends

    def _for(self, stmt: core.For, jumps: Jumps) -> Lines:
        inner = Jumps(jumps.on_return)
        counter = self._name("n")
        self.counters.append((stmt.id, counter))
        body = self.block(stmt.body, inner, False) or [ast.Pass()]
        self.counters.pop()
        loop = lines(f"for {counter}, {stmt.var} in _tf.each({stmt.items}): pass")[0]
        assert isinstance(loop, ast.For)
        loop.body = body
        return _around("generator", [loop]) if stmt.generator else [loop]

    def _while(self, stmt: core.While, jumps: Jumps) -> Lines:
        self.total = False
        if not sites(stmt):
            body = self.block(stmt.body, Jumps(jumps.on_return), False) or [ast.Pass()]
            return [ast.While(test=to_ast(stmt.condition), body=body, orelse=[])]
        counter = self._name("n")
        self.counters.append((stmt.id, counter))
        inner = Jumps(jumps.on_return)
        test = self.block(stmt.test, inner, False)
        body = self.block(stmt.body, inner, False)
        self.counters.pop()
        head = lines(f"for {counter} in _tf.counting(): pass")[0]
        assert isinstance(head, ast.For)
        ends = ast.If(test=ast.UnaryOp(op=ast.Not(), operand=to_ast(stmt.condition)), body=[ast.Break()], orelse=[])
        head.body = [*test, ends, *limit(stmt, counter), *body]
        return [head]

    def _name(self, wish: str) -> str:
        number = len(self.used)
        name = f"_tf_{wish}{number or ''}"
        self.used.add(name)
        return name

    def input_list(self) -> tuple[Input, ...]:
        """Return the outcomes that the slice may look up, in a stable order."""
        return tuple(Input(site, every, sure) for (site, every), sure in sorted(self.inputs.items()))


def limit(stmt: core.While, counter: str) -> Lines:
    """Return the check of a `while` against its bound."""
    if stmt.limit is None:
        return []
    return lines(
        f"_tf.limit({counter}, {stmt.limit}, {os.path.basename(stmt.origin.filename)!r}, {stmt.origin.lineno})"
    )


def _around(what: str, body: Lines) -> Lines:
    around = lines(f"with _tf.{what}(): pass")[0]
    assert isinstance(around, ast.With)
    around.body = body
    return [around]


def _may_leave(stmt: Stmt) -> bool:
    return any(
        isinstance(s, (core.Return, core.Break, core.Continue)) or (isinstance(s, Leave) and s.returns) for s in core.walk([stmt])
    )  # fmt: skip


def _deleted(loop: Stmt) -> frozenset[str]:
    """Return the names that a loop unbinds: by `del`, and at the end of a handler that has a variable."""
    names: set[str] = set()
    for stmt in core.walk([loop]):
        if isinstance(stmt, core.Glue):
            names |= unbound_in(stmt.node)
        elif isinstance(stmt, core.Try):
            names |= {handler.name for handler in stmt.handlers if handler.name is not None}
    return frozenset(names)


def _load(name: str) -> gast.Name:
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def _expr(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def text(
    body: Lines, names: Iterable[str], bound: Iterable[str], local: frozenset[str], mutated: frozenset[str],
    imports: Iterable[Imported] = (), located: bool = False,
) -> str:  # fmt: skip
    """Return the text of `slice(_tf)`: imports of what it reads, the names taken at the start, then the body.

    In a `located` one, a comment behind each statement tells its line in the user's file, for tracebacks.
    """
    sure, loaded = frozenset(bound), _loaded(body)
    head: Lines = [to_ast(each.node) for each in imports if each.always or not loaded.isdisjoint(each.names)]
    for name in sorted(names):
        take = f"{name} = _tf.{'copy' if name in mutated else 'take'}({name!r})"
        head += lines(take if name in sure else f"if _tf.has({name!r}):\n    {take}")
    undefined = sorted((loaded & local) - _stored([*head, *body]))
    if undefined:  # names of the function whose assignments were cut away: they must not be taken for globals
        head = lines(f"if 0:\n    {' = '.join(undefined)} = None") + head
    function = lines("def slice(_tf): pass")[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*head, *body] or [ast.Pass()]
    written = ast.unparse(ast.fix_missing_locations(function))
    return _located(written, function) if located else written


def _located(written: str, function: ast.FunctionDef) -> str:
    """Put the line that each statement comes from behind it."""
    out = written.split("\n")
    for made, shown in zip(_statements(function), _statements(ast.parse(written).body[0]), strict=True):
        body = getattr(shown, "body", None)
        last = body[0].lineno - 1 if body else shown.end_lineno
        if "origin" in vars(made) and last == shown.lineno:  # else a string may go on in the next line
            out[shown.lineno - 1] += f"{LINE_MARK}{vars(made)['origin']}"
    return "\n".join(out)


def _statements(node: ast.AST) -> list[ast.stmt]:
    return [inner for inner in ast.walk(node) if isinstance(inner, ast.stmt)]


def _loaded(body: Sequence[ast.AST]) -> frozenset[str]:
    return frozenset(
        n.id for stmt in body for n in ast.walk(stmt) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    )


def _stored(body: Sequence[ast.AST]) -> frozenset[str]:
    """Return names bound by the function itself: those of comprehensions, lambdas and inner functions are not."""
    names: set[str] = set()
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            todo += [*node.decorator_list]
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            names |= {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        if isinstance(node, ast.ExceptHandler) and node.name is not None:
            names.add(node.name)
        todo += list(ast.iter_child_nodes(node))
    return frozenset(names)
