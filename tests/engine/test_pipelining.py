"""The steps of one item of a fan-out do not wait for those of another."""

from tangentflow import workflow
from tangentflow.engine.machine import Machine
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Value
from tests.corpus.steps import f, g


@workflow
def two_steps_per_item(xs):
    out = []
    for x in xs:
        r = f(x)
        out.append(g(r))
    return out


def test_the_second_step_of_an_item_starts_when_its_first_one_has_ended() -> None:
    machine = Machine(two_steps_per_item.graph, ([1, 2, 3],), {})
    items = [machine.take() for _ in range(3)]
    for number in (1, 0, 2):
        machine.settle(items[number], encode(Value(number), where="test"))
        assert [ready.path for ready in machine.ready] == [f"loop[{number}].g"]
        machine.settle(machine.take(), encode(Value(10 * number), where="test"))
    assert machine.result == Value([0, 10, 20])
