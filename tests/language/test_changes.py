"""Glue that changes what it must not change fails when it runs; what it does right the corpus shows."""

from __future__ import annotations

import array
import io
import random
from dataclasses import dataclass
from typing import Any

import pytest

from tangentflow import workflow
from tangentflow.engine.judge import judge
from tangentflow.errors import MutatedArgument
from tangentflow.graph.nodes import Glue, Loop, Map
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.runtime.sharing import parts_at, share
from tests.corpus import changes
from tests.corpus.library import Pile, peek, put, put_in, same, take
from tests.corpus.steps import f, make


@workflow
def of_a_parameter(xs):
    x = take(xs)
    return x, f(xs)


@workflow
def of_an_alias(n):
    q = [1, n]
    r = q
    x = take(q)
    return x, q, r


@workflow
def of_a_result(n):
    q = make(n + 2)
    x = take(q)
    return x, q


@workflow
def of_what_it_was_put_into(n):
    a, b = [n], [1]
    k = put_in(a, b)
    j = put(b, 3)
    return f(k), a, b, j


@workflow
def of_what_was_handed_out(n):
    pile = Pile(n)
    rest = pile.rest()
    k = pile.take()
    return rest, f(k)


@workflow
def of_what_was_stored(n):
    rows, kept = [[1], [n]], []
    kept.append(peek(rows))
    k = put(rows, [3])
    return kept, f(k), rows


@workflow
def of_a_parameter_in_a_list(xs):
    q = [xs, 1]
    x = peek(q)
    x.append(1)
    return f(x)


@workflow
def of_an_item_that_is_held(xs):
    q = [xs, [1]]
    k = put(q[0], 1)
    return f(k), q


@workflow
def of_a_result_that_may_be_a_parameter(xs):
    ys = same(xs)
    ys.append(f(1))
    return len(ys)


REFUSED = [
    (of_a_parameter, [1, 2], "xs"),
    (of_an_alias, 1, "q"),
    (of_a_result, 1, "q"),
    (of_what_it_was_put_into, 1, "a"),
    (of_what_was_handed_out, 3, "rest"),
    (of_what_was_stored, 3, "rows"),
    (of_a_parameter_in_a_list, [1, 2], "q"),
    (of_an_item_that_is_held, [1, 2], "q"),
    (of_a_result_that_may_be_a_parameter, [1, 2], "xs"),
]


@pytest.mark.parametrize("program, argument, name", [pytest.param(*case, id=case[0].__name__) for case in REFUSED])
def test_changes_that_would_be_lost(program: Any, argument: Any, name: str) -> None:
    outcome = judge(program.graph, (argument,)).outcome
    assert isinstance(outcome, Raised)
    error = outcome.exception
    assert isinstance(error, MutatedArgument)
    assert error.argument == name
    assert f"(line {error.line})" in str(error)
    assert "copy" in str(error)


def test_a_result_that_shares_is_fine_while_nothing_changes_it() -> None:
    assert judge(changes.peeks.graph, (2,)).outcome == Value(([1], 2, [[1], [2]], [1]))


def test_only_what_is_read_again_is_kept() -> None:
    nodes = {node.id: node for node in changes.takes.graph.main.body.walk() if isinstance(node, Glue)}
    assert nodes["take"].operands.changes == ("q",)
    (last,) = (node for node in changes.q_dead.graph.main.body.walk() if isinstance(node, Glue))
    assert (last.operands.changes, last.operands.spent) == ((), ("q",))


@pytest.mark.parametrize("program", [changes.draws, changes.pushes, changes.insort_key], ids=lambda p: p.__name__)
def test_known_changes_leave_fan_outs(program: Any) -> None:
    loops = [node for node in program.graph.main.body.walk() if isinstance(node, (Map, Loop))]
    assert isinstance(loops[0], Map)


def test_unknown_changes_that_are_carried_make_a_loop_serial() -> None:
    (loop,) = (node for node in changes.for_takes.graph.main.body.walk() if isinstance(node, (Map, Loop)))
    assert isinstance(loop, Loop)
    assert [why[0] for why in loop.why] == ["q"]


def test_lines_that_change_the_same_are_not_reordered() -> None:
    @workflow
    def one(n):
        rng = random.Random(1)
        a = rng.random()
        b = rng.randint(0, n)
        return f(a), f(b)

    @workflow
    def other(n):
        rng = random.Random(1)
        b = rng.randint(0, n)
        a = rng.random()
        return f(a), f(b)

    assert one.graph != other.graph
    assert "# changes rng" in one.graph.source()


@dataclass(frozen=True)
class _Pair:
    a: object
    b: object


def test_parts_in_common() -> None:
    inner = [1]
    assert share(inner, [inner])
    assert share(_Pair(inner, 1), {"k": (inner,)})
    assert not share(_Pair([1], 1), _Pair([1], 1))
    assert not share(("a", 1, None), ("a", 1, None))
    assert not share([int, random.random], [int, random.random])
    assert share(array.array("i"), array.array("i"))  # nobody can look into them
    assert not share(array.array("i"), array.array("i"), closed=False)
    assert not share(io.StringIO(), array.array("i"))
    assert parts_at([inner, 2], 0) == [[inner, 2]]
    assert parts_at([inner, 2], 1) == [inner]
    assert parts_at(_Pair({"k": inner}, 2), 2) == [inner]
