"""From the core tree of a flow to its nodes.

Requires a lowered function whose call sites know whether they are recursive and whether their callee has effects. Provides a
`Flow`: every site, branch and loop with the slices that answer for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

import gast

from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Map, Node, Region, Slice, Step, Try
from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.lowering import Lowered
from tangentflow.passes import facts as fact
from tangentflow.passes.carried import carries
from tangentflow.passes.changing import changed_names
from tangentflow.passes.distribute import LoopPlan, Planner
from tangentflow.passes.listing import listing
from tangentflow.passes.replays import Code, Jumps, Lines, Target, limit, lines, skip, text
from tangentflow.passes.slicing import WHOLE, leaves
from tangentflow.source.printer import to_ast

__all__ = ["build_flow"]

_NOT_REACHED = Jumps(lambda value: skip(), skip, skip)


def build_flow(lowered: Lowered, key: str, facts: fact.Facts) -> Flow:
    """Return the flow of a lowered function."""
    builder = _Builder(lowered, facts)
    result = builder.result()
    source = listing(lowered, builder.planner)
    name = lowered.source.name
    body = builder.region(lowered.body)
    shared = tuple((site.id, origin) for site, origin in lowered.shared)
    return Flow(key, name, lowered.params, body, result, source, lowered.origin, _parallel(lowered.body), shared)


def _parallel(body: Block) -> tuple[tuple[str, ...], ...]:
    """Return the nodes of each lane."""
    lanes: dict[int, list[str]] = {}
    for stmt in core.walk(body):
        name: str = getattr(stmt, "id", "")
        if stmt.lane and name and fact.sites(stmt):
            lanes.setdefault(stmt.lane, []).append(name)
    return tuple(tuple(lane) for lane in lanes.values())


class _Builder:
    def __init__(self, lowered: Lowered, facts: fact.Facts) -> None:
        self.lowered = lowered
        self.facts = facts
        self.planner = Planner(lowered.body, facts)
        self.mutated = changed_names(lowered.body, facts)

    # --- slices

    def result(self) -> Slice:
        kept, need, _ = self.planner.slicer.block(self.lowered.body, set(), WHOLE)
        code = Code(self.mutated, messages=True)
        body = code.block(kept, Jumps(_return))
        return self._slice(None, need, code, body, located=True)

    def _to(
        self, stmt: Stmt, code_there: Lines, total: bool = True, tail: Stmt | None = None, located: bool = False
    ) -> Slice:
        """Return the slice that leads to a statement and runs `code_there`, or `tail`."""
        there = tail or Target(stmt.origin, code_there)
        kept, need, start = self.planner.reach(stmt, self.planner.mode_of(stmt), tail=[there])
        code = self._code()
        code.total = total
        body = code.block(kept, _NOT_REACHED)
        if not isinstance(body[-1], ast.Return):
            body += skip()
        return self._slice(start, need, code, body, located)

    def _code(self, advances: bool = False) -> Code:
        return Code(self.mutated, advances=advances)

    def _slice(self, start: Stmt | None, need: set[str], code: Code, body: Lines, located: bool = False) -> Slice:
        if start is None:
            names = need & set(self.lowered.params)
            bound: Iterable[str] = names
        else:
            plan = self.planner.plans[start]
            names = need & self._at_head(start, plan)
            bound = ()
        written = text(body, names, bound, self.lowered.locals, self.mutated, self.lowered.imports, located)
        return Slice(start.id if start else None, tuple(sorted(names)), written, code.input_list(), code.total)  # type: ignore[attr-defined]

    def _at_head(self, loop: Stmt, plan: LoopPlan) -> set[str]:
        var = {loop.var} if isinstance(loop, core.For) else set()
        if plan.serial:
            return set(plan.carried) | set(plan.invariant) | var
        return set(plan.head)

    def _state(self, names: Iterable[str]) -> str:
        names = sorted(names)
        kind = "snapshot" if self.mutated & set(names) else "state"
        return f"_tf.{kind}({', '.join(map(repr, names))})"

    # --- nodes

    def region(self, block: Block) -> Region:
        nodes = [node for stmt in block for node in self._node(stmt)]
        inputs, outputs = self.facts.frontier(block)
        return Region(tuple(nodes), inputs, outputs)

    def _node(self, stmt: Stmt) -> list[Node]:
        if isinstance(stmt, core.Site):
            return [] if stmt.kind == "message" else [self._site(stmt)]
        if not fact.sites(stmt):
            return []
        if isinstance(stmt, core.Try):
            return [self._try(stmt)]
        if isinstance(stmt, core.If):
            test = self._to(stmt, [ast.Return(value=_truth(stmt))], total=False)
            body, orelse = self.region(stmt.body), self.region(stmt.orelse)
            return [If(stmt.id, test, body, orelse, self.facts.has_effect(stmt), stmt.origin)]
        assert isinstance(stmt, (core.For, core.While))
        plan = self.planner.plans[stmt]
        if plan.serial:
            return [self._loop(stmt, plan)]
        assert isinstance(stmt, core.For)
        return [self._map(stmt, plan)]

    def _try(self, stmt: core.Try) -> Try:
        handlers = tuple(self.region(handler.body) for handler in stmt.handlers)
        caught = tuple("" if h.type is None else ast.unparse(to_ast(h.type)) for h in stmt.handlers)
        body, _ = self.planner.body_of_try(stmt)
        picks = [
            core.Handler(h.type, h.name, [Target(stmt.origin, lines(f"return {i}"))])
            for i, h in enumerate(stmt.handlers)
        ]
        none = Target(stmt.origin, lines("return -1"))
        pick = self._to(stmt, [], total=False, tail=core.Try(stmt.origin, body, picks, [none], []))
        return Try(
            stmt.id, pick, self.region(stmt.body), caught, handlers, self.region(stmt.orelse), self.region(stmt.final),
            leaves(stmt.final), self.facts.has_effect(stmt), stmt.origin,
        )  # fmt: skip

    def _site(self, stmt: core.Site) -> Step | Glue | Call:
        if stmt.kind in ("step", "call"):
            parts = [_argument(a) for a in stmt.args]
            slice_ = self._to(stmt, lines(f"return lambda: _tf.args({stmt.callee!r})({', '.join(parts)})"))
            if stmt.kind == "call":
                return Call(
                    stmt.id, stmt.callee, stmt.name, slice_, stmt.target, stmt.effect, stmt.recursive, stmt.origin
                )
            return Step(
                stmt.id, stmt.callee, stmt.name, slice_, stmt.target, stmt.effect, stmt.pure, stmt.ordered, stmt.origin
            )  # fmt: skip
        expression = ast.unparse(to_ast(stmt.expr))
        read = {node.id for node in gast.walk(stmt.expr) if isinstance(node, gast.Name)}
        unread = sorted(
            {*stmt.operands.witnesses, *stmt.operands.names} - read
        )  # what only a function in it captures, too
        call = (
            f"[{expression}, lambda: ({', '.join(unread)},)][0]" if unread else expression
        )  # in reach, but not evaluated
        slice_ = self._to(stmt, lines(f"return lambda: {call}"), total=False, located=True)
        return Glue(
            stmt.id, stmt.kind, expression, slice_, stmt.target, stmt.effect, stmt.origin, stmt.operands, stmt.reads
        )  # fmt: skip

    def _map(self, stmt: core.For, plan: LoopPlan) -> Map:
        assert plan.carry is not None
        written = self.facts.all_uses(stmt).writes
        item = tuple(sorted(plan.head & (written | {stmt.var})))
        entry = tuple(sorted(plan.head - set(item)))
        finish = lines("return _tf.Scanned(_tf_entry, _tf_items)")
        carry = self._code().block(plan.carry, Jumps(lambda value: finish))
        tail = lines(
            f"_tf_entry = {self._state(entry)}\n"
            "_tf_items = []\n"
            "try:\n"
            f"    for {stmt.var} in {stmt.items}:\n"
            f"        _tf_items.append({self._state(item)})\n"
            "except _tf.OURS:\n"
            "    raise\n"
            "except _tf.ANY:\n"
            "    pass"
        )
        attempt = tail[-1]
        assert isinstance(attempt, ast.Try) and isinstance(attempt.body[0], ast.For)
        attempt.body[0].body += carry
        if not carry:
            tail = [*tail[:-1], attempt.body[0]]
        scan = self._to(stmt, [*tail, *finish])
        count = None if any(isinstance(s, (core.Break, core.Return)) for s in core.walk(plan.carry)) else stmt.count
        return Map(stmt.id, scan, entry, item, self.region(stmt.body), self.facts.has_effect(stmt), count, stmt.origin)

    def _loop(self, stmt: core.For | core.While, plan: LoopPlan) -> Loop:
        names = {*plan.carried, *plan.invariant}
        entry = self._to(stmt, lines(f"return {self._state(names)}"))
        advance = self._advance(stmt, plan)
        inner = stmt.body if isinstance(stmt, core.For) else [*stmt.test, *stmt.body]
        is_for = isinstance(stmt, core.For)
        return Loop(
            stmt.id, "for" if is_for else "while", entry, advance, self.region(inner), plan.invariant, plan.carried, plan.outputs,
            stmt.var if isinstance(stmt, core.For) else None, stmt.items if isinstance(stmt, core.For) else None,
            plan.why, stmt.limit if isinstance(stmt, core.While) else None, self.facts.has_effect(stmt), stmt.origin,
            carries(self.planner, stmt),
        )  # fmt: skip

    def _advance(self, stmt: core.For | core.While, plan: LoopPlan) -> Slice:
        state = self._state(plan.carried)
        after: Lines = lines(f"return _tf.Next({state})")
        done: Lines = lines(f"return _tf.Done({state})")
        caught = stmt in self.planner.caught
        left = "_tf_kept" if caught else None
        jumps = Jumps(lambda value: [_returned(value, left)], lambda: lines(f"return _tf.Done({state})"), lambda: after)
        code = self._code(advances=True)
        kept, need = self.planner.iteration(stmt, set(plan.carried))
        body: Lines = []
        if isinstance(stmt, core.While):
            *first, last = kept
            assert isinstance(last, core.If)
            body = code.block(first, jumps, sure=not caught)
            negated = ast.UnaryOp(op=ast.Not(), operand=to_ast(stmt.condition))
            body.append(ast.If(test=negated, body=done, orelse=[]))
            body += limit(stmt, "_tf.index")
            kept = last.body
        if _ends_something(kept):
            once = lines(f"for _ in _tf.once:\n    pass\nelse:\n    return _tf.Next({state})\nreturn _tf.Done({state})")
            assert isinstance(once[0], ast.For)
            once[0].body = code.block(kept, Jumps(jumps.on_return), sure=False)
            body += once
        else:
            body += [*code.block(kept, jumps, sure=isinstance(stmt, core.For) and not caught), *after]
        if caught:
            body = _keeping_state(body, state, fact.returns(stmt))
        code.total = False
        return self._slice(stmt, need | {*plan.carried}, code, body, located=True)


def _ends_something(block: Block) -> bool:
    """Whether something may happen between a jump and the end of the iteration: a `finally`, or a handler that unbinds its variable."""
    tries = (stmt for stmt in core.walk(block) if isinstance(stmt, core.Try))
    return any(stmt.final or any(handler.name for handler in stmt.handlers) for stmt in tries)


def _keeping_state(body: Lines, state: str, returns: bool) -> Lines:
    """Let an iteration that ends by an exception or a `return` tell the state that it leaves."""
    around = lines(
        "try:\n    pass\n"
        "except _tf.OURS:\n    raise\n"
        f"except _tf.ANY as _tf_error:\n    return _tf.Threw(_tf_error, {state})\n"
        + (f"finally:\n    _tf_kept.update({state})" if returns else "")
    )
    assert isinstance(around[0], ast.Try)
    around[0].body = body
    return [*(lines("_tf_kept = {}") if returns else []), *around]


def _return(value: object) -> Lines:
    return [ast.Return(value=to_ast(value))]


def _returned(value: object, left: str | None) -> ast.stmt:
    call = lines(f"return _tf.Returned(None{', ' + left if left else ''})")[0]
    assert isinstance(call, ast.Return) and isinstance(call.value, ast.Call)
    call.value.args[0] = to_ast(value)
    return call


def _truth(stmt: core.If) -> ast.expr:
    return ast.IfExp(test=to_ast(stmt.test), body=ast.Constant(value=True), orelse=ast.Constant(value=False))


def _argument(argument: core.Argument) -> str:
    value = ast.unparse(to_ast(argument.value))
    if argument.form in ("*", "**"):
        return f"{argument.form}{value}"
    return f"{argument.form}={value}" if argument.form else value
