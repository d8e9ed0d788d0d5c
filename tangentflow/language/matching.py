"""The rule of `match`: cases become branches.

match f(x):                     becomes     f_1 = f(x)
    case {"k": v} if g(v):                  match f_1:
        a = v                                   case {"k": v_2}:
    case _:                                         captured = (v_2,)
        a = 0                                   case _:
                                                    captured = None
                                            matched = False
                                            if captured is not None:
                                                v, = captured
                                                matched = g(v)
                                            if matched:
                                                v, = captured
                                                a = v
                                            else:
                                                a = 0

Captures go through a tuple, so that a slice sees that a branch which reads them needs nothing from before the `match`; the second
unpacking, after a guard, says so of the branch. What a pattern captured before its guard failed stays bound, as in Python.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import gast

from tangentflow.language import core
from tangentflow.language.expressions import assign_to
from tangentflow.language.lowering import Lowering, assignment, load, store
from tangentflow.language.patterns import captures, harmless, irrefutable
from tangentflow.language.registry import statement
from tangentflow.language.uses import uses
from tangentflow.source.origin import Origin

__all__: list[str] = []


@statement(gast.Match, "`match` with captures and guards", "cases are tried in order; only the chosen arm runs")
def _match(lowering: Lowering, node: gast.Match) -> None:
    text = gast.unparse(node.subject)
    subject = lowering.expr(node.subject)
    lowering.no_iterator(subject)
    if not lowering.stable(subject, [part for case in node.cases for part in (case.pattern, case.guard) if part]):
        subject = lowering.temp(subject, "subject")
    _cases(lowering, subject, text, node.cases)


def _cases(lowering: Lowering, subject: gast.expr, text: str, cases: Sequence[gast.match_case]) -> None:
    """Lower the cases that are left, the later ones in the `else` of the first."""
    case, *rest = cases
    lowering.origin = Origin.of(case.pattern, lowering.source)
    test, names = _pattern(lowering, subject, text, case.pattern)
    if case.guard is not None:
        test, names = _guarded(lowering, test, names, case.guard)
    if test is None:
        lowering.out += lowering.block(case.body)
        return
    origin = lowering.origin
    with lowering.branch() as first:
        outer, lowering.out = lowering.out, []
        if names is not None:
            _unpack(lowering, names)
        body = lowering.out + lowering.block(case.body)
        lowering.out = []
    with lowering.branch() as second:
        if rest:
            _cases(lowering, subject, text, rest)
        orelse, lowering.out = lowering.out, outer
    lowering.emit(core.If(origin, test, body, orelse))
    lowering.join(first, second)


class _Captured:
    """The tuple that holds what a pattern captured, and the names that are to hold it."""

    def __init__(self, name: str, targets: list[str]) -> None:
        self.name = name
        self.targets = targets


def _pattern(
    lowering: Lowering, subject: gast.expr, text: str, pattern: gast.pattern
) -> tuple[gast.expr | None, _Captured | None]:
    """Emit the trial of a pattern; return the test that tells whether it matched (None: it always does) and its captures."""
    names = captures(pattern)
    if all(isinstance(node, gast.MatchAs) for node in gast.walk(pattern)):
        for name in names:
            lowering.assign(name, subject)
        return None, None
    if not names:
        if irrefutable(pattern):
            _try(lowering, subject, text, pattern, gast.Pass(), gast.Pass())
            return None, None
        flag = lowering.namer.fresh("matched")
        yes, no = (assignment(flag, gast.Constant(value=found, kind=None)) for found in (True, False))
        _try(lowering, subject, text, pattern, yes, no)
        return load(flag), None
    renamed = {name: lowering.namer.fresh(name) for name in names}
    found = _Captured(lowering.namer.fresh("captured"), names)
    held = gast.Tuple(elts=[load(renamed[name]) for name in names], ctx=gast.Load())
    pattern = _renamed(pattern, renamed)
    lowering.locals |= set(renamed.values())
    yes, no = assignment(found.name, held), assignment(found.name, gast.Constant(value=None, kind=None))
    _try(lowering, subject, text, pattern, yes, no, (found.name, [renamed[name] for name in names]))
    if irrefutable(pattern):
        _unpack(lowering, found)
        return None, None
    return _is_there(found), found


def _try(
    lowering: Lowering,
    subject: gast.expr,
    text: str,
    pattern: gast.pattern,
    yes: gast.stmt,
    no: gast.stmt,
    held: tuple[str, list[str]] | None = None,
) -> None:
    """Emit the `match` statement that does `yes` if the pattern matches, else `no`."""
    cases = [gast.match_case(pattern=pattern, guard=None, body=[yes])]
    if not irrefutable(pattern):
        anything = gast.MatchAs(pattern=None, name=None)
        cases.append(gast.match_case(pattern=anything, guard=None, body=[no]))
    node = gast.Match(subject=subject, cases=cases)
    node.shown, node.held = text, held
    lowering.glue(node, total=harmless(pattern) and lowering.kinds.total(subject, lowering.bound))


def _guarded(
    lowering: Lowering, test: gast.expr | None, names: _Captured | None, guard: gast.expr
) -> tuple[gast.expr, _Captured | None]:
    """Emit a guard; return the test of the whole case, and the captures that it has left as they were."""
    if test is None:
        return lowering.expr(guard), None
    if names is None and not lowering.has_site(guard):
        return gast.BoolOp(op=gast.And(), values=[test, guard]), None
    holds = lowering.namer.fresh("matched")
    lowering.assign(holds, gast.Constant(value=False, kind=None))
    outer, lowering.out = lowering.out, []
    with lowering.branch():
        if names is not None:
            _unpack(lowering, names)
        assign_to(lowering, holds, guard)
    body, lowering.out = lowering.out, outer
    lowering.emit(core.If(lowering.origin, test, body, []))
    if names is not None and set(names.targets) & uses(guard).writes:
        names = None
    return load(holds), names


def _is_there(found: _Captured) -> gast.expr:
    nothing = gast.Constant(value=None, kind=None)
    return gast.Compare(left=load(found.name), ops=[gast.IsNot()], comparators=[nothing])


def _unpack(lowering: Lowering, found: _Captured) -> None:
    """Emit the statement that binds the captured names."""
    targets = gast.Tuple(elts=[store(name) for name in found.targets], ctx=gast.Store())
    lowering.glue(gast.Assign(targets=[targets], value=load(found.name), type_comment=None), total=True)


def _renamed(pattern: gast.pattern, names: dict[str, str]) -> gast.pattern:
    pattern = copy.deepcopy(pattern)
    for node in gast.walk(pattern):
        if isinstance(node, (gast.MatchAs, gast.MatchStar)) and node.name:
            node.name = names[node.name]
        elif isinstance(node, gast.MatchMapping) and node.rest:
            node.rest = names[node.rest]
    return pattern
