"""A handler starts when the body of its `try` has finished, values that ran ahead of the exception included."""

from tangentflow import workflow
from tangentflow.engine.machine import Machine
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tests.corpus.steps import e, f, g, h


@workflow
def handled(n):
    try:
        a = f(n)
        b = g(n)
    except ValueError:
        a = b = h(n)
    finally:
        e("end")
    return a, b


@workflow
def handled_loop(xs):
    try:
        out = [f(x) for x in xs]
    except ValueError:
        out = h(len(xs))
    return out


@workflow
def handled_by_caller(xs):
    out = []
    for x in xs:
        try:
            out.append(_two(x))
        except ValueError:
            out.append(h(x))
    return out


@workflow
def _two(n):
    a = f(n)
    b = g(n)
    return a, b


def settle(machine: Machine, ready: object, outcome: Outcome) -> None:
    machine.settle(ready, encode(outcome, where="test"))


def test_a_handler_waits_for_what_runs_in_the_body() -> None:
    machine = Machine(handled.graph, (1,), {})
    first, second = machine.take(), machine.take()
    assert [first.path, second.path] == ["f", "g"]
    settle(machine, first, Raised(ValueError("a")))
    assert machine.ready == []
    settle(machine, second, Value(2))
    assert [ready.path for ready in machine.ready] == ["h"]
    settle(machine, machine.take(), Value(3))
    assert [ready.path for ready in machine.ready] == ["e"]
    settle(machine, machine.take(), Value(None))
    assert machine.result == Value((3, 3))


def test_calls_in_the_body_count_and_other_iterations_do_not() -> None:
    machine = Machine(handled_by_caller.graph, ([1, 2],), {})
    steps = {ready.path: ready for ready in [machine.take() for _ in range(4)]}
    assert set(steps) == {"loop[0]._two.f", "loop[0]._two.g", "loop[1]._two.f", "loop[1]._two.g"}
    settle(machine, steps["loop[0]._two.f"], Raised(ValueError("a")))
    assert machine.ready == []
    settle(machine, steps["loop[0]._two.g"], Value(2))
    assert [ready.path for ready in machine.ready] == ["loop[0].h"]


def test_a_handler_waits_for_items_that_are_not_open_yet() -> None:
    machine = Machine(handled_loop.graph, ([1, 2, 3],), {}, lazy=True)
    assert machine.ready == [] and machine.more()
    settle(machine, machine.take(), Raised(ValueError("a")))
    for path in ("loop[1].f", "loop[2].f"):
        assert machine.ready == [] and machine.more()
        (ready,) = machine.ready
        assert ready.path == path
        settle(machine, machine.take(), Value(0))
    assert not machine.more()
    assert [ready.path for ready in machine.ready] == ["h"]
