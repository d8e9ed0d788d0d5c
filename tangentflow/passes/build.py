"""From the core tree of a flow to its nodes.

Requires a lowered function whose call sites know whether they are recursive and whether their callee has effects. Provides a
`Flow`: every site, branch and loop with the slices that answer for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Map, Node, Region, Slice, Step
from tangentflow.language import core
from tangentflow.language.core import Block, Stmt
from tangentflow.language.lowering import Lowered
from tangentflow.passes import facts as fact
from tangentflow.passes.distribute import LoopPlan, Planner
from tangentflow.passes.listing import listing
from tangentflow.passes.replays import Code, Jumps, Lines, Target, limit, lines, skip, text
from tangentflow.passes.slicing import WHOLE
from tangentflow.source.printer import to_ast

__all__ = ["build_flow"]

_NOT_REACHED = Jumps(lambda value: skip(), skip, skip)


def build_flow(lowered: Lowered, key: str, facts: fact.Facts) -> Flow:
    """Return the flow of a lowered function."""
    builder = _Builder(lowered, facts)
    result = builder.result()
    source = listing(lowered, builder.planner)
    name = lowered.source.name
    return Flow(key, name, lowered.params, builder.region(lowered.body), result, source, lowered.origin)


class _Builder:
    def __init__(self, lowered: Lowered, facts: fact.Facts) -> None:
        self.lowered = lowered
        self.facts = facts
        self.planner = Planner(lowered.body, facts)
        mutated: set[str] = set()
        for stmt in lowered.body:
            mutated |= facts.all_uses(stmt).mutates | _augmented(stmt)
        self.mutated = frozenset(mutated)

    # --- slices

    def result(self) -> Slice:
        kept, need, _ = self.planner.slicer.block(self.lowered.body, set(), WHOLE)
        code = Code(self.mutated, messages=True)
        body = code.block(kept, Jumps(_return))
        return self._slice(None, need, code, body)

    def _to(self, stmt: Stmt, tail: Lines, total: bool = True) -> Slice:
        """Return the slice that leads to a statement and does `tail` there."""
        kept, need, start = self.planner.reach(stmt, self.planner.mode_of(stmt), tail=[Target(stmt.origin, tail)])
        code = self._code()
        code.total = total
        body = code.block(kept, _NOT_REACHED)
        if not isinstance(body[-1], ast.Return):
            body += skip()
        return self._slice(start, need, code, body)

    def _code(self) -> Code:
        return Code(self.mutated)

    def _slice(self, start: Stmt | None, need: set[str], code: Code, body: Lines) -> Slice:
        if start is None:
            names = need & set(self.lowered.params)
            bound: Iterable[str] = names
        else:
            plan = self.planner.plans[start]
            names = need & self._at_head(start, plan)
            bound = ()
        written = text(body, names, bound, self.lowered.locals, self.mutated)
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
        witnesses = f"[{expression}, lambda: ({', '.join(stmt.operands.witnesses)},)][0]"  # in reach, but not evaluated
        call = witnesses if stmt.operands.witnesses else expression
        slice_ = self._to(stmt, lines(f"return lambda: {call}"), total=False)
        return Glue(
            stmt.id, stmt.kind, expression, slice_, stmt.target, stmt.effect, stmt.origin, stmt.operands
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
        )  # fmt: skip

    def _advance(self, stmt: core.For | core.While, plan: LoopPlan) -> Slice:
        state = self._state(plan.carried)
        after: Lines = lines(f"return _tf.Next({state})")
        done: Lines = lines(f"return _tf.Done({state})")
        jumps = Jumps(lambda value: [_returned(value)], lambda: lines(f"return _tf.Done({state})"), lambda: after)
        code = self._code()
        kept, need = self.planner.iteration(stmt, set(plan.carried))
        if isinstance(stmt, core.While):
            *first, last = kept
            assert isinstance(last, core.If)
            body = code.block(first, jumps)
            negated = ast.UnaryOp(op=ast.Not(), operand=to_ast(stmt.condition))
            body.append(ast.If(test=negated, body=done, orelse=[]))
            body += limit(stmt, "_tf.index")
            body += code.block(last.body, jumps, sure=False)
        else:
            body = code.block(kept, jumps)
        code.total = False
        return self._slice(stmt, need | {*plan.carried}, code, [*body, *after])


def _return(value: object) -> Lines:
    return [ast.Return(value=to_ast(value))]


def _returned(value: object) -> ast.stmt:
    call = lines("return _tf.Returned(None)")[0]
    assert isinstance(call, ast.Return) and isinstance(call.value, ast.Call)
    call.value.args = [to_ast(value)]
    return call


def _truth(stmt: core.If) -> ast.expr:
    return ast.IfExp(test=to_ast(stmt.test), body=ast.Constant(value=True), orelse=ast.Constant(value=False))


def _argument(argument: core.Argument) -> str:
    value = ast.unparse(to_ast(argument.value))
    if argument.form in ("*", "**"):
        return f"{argument.form}{value}"
    return f"{argument.form}={value}" if argument.form else value


def _augmented(stmt: Stmt) -> set[str]:
    """Return names that an augmented assignment may change in place."""
    import gast

    found: set[str] = set()
    for inner in core.walk([stmt]):
        if isinstance(inner, core.Glue):
            for node in gast.walk(inner.node):
                if isinstance(node, gast.AugAssign) and isinstance(node.target, gast.Name):
                    found.add(node.target.id)
    return found
