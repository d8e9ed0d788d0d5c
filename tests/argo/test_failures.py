"""What fails in a run is what fails in a plain call, and the document's phase says so."""

import pytest

from tangentflow.engine.simulated import simulate
from tangentflow.errors import LoopLimit, NotPicklable, StepKilled
from tests.argo import programs
from tests.argo.forking import forking


def run(name, *args):
    with forking():
        found = simulate(getattr(programs, name).graph, args, {})
    assert (found.simulation.phase == "Succeeded") is (found.error is None)
    return found


@pytest.mark.parametrize(
    ("name", "args", "pods"),
    [
        ("hosted_glue_raises", (1,), 2),
        ("hosted_glue_raises", (2,), 2),
        ("hosted_test_raises", (1,), None),
        ("hosted_test_raises", (3,), None),
        ("scan_raises", (1,), None),
        ("scan_raises", (3,), None),
        ("two_raise", (0,), None),
        ("fails_late", (2,), None),
        ("fails_late", (5,), None),
        ("items_fail", (2,), None),
        ("items_fail", (5,), None),
        ("wrong_call", (1,), 2),
        ("wrong_call_last", (1,), 2),
        ("exits", (1,), 2),
        ("exits", (0,), 2),
    ],
)
def test_same_exception(name, args, pods):
    try:
        plain = "value", getattr(programs, name)(*args)
    except BaseException as error:
        plain = type(error), error.args
    found = run(name, *args)
    assert (("value", found.result()) if found.error is None else (type(found.error), found.error.args)) == plain
    assert pods is None or found.pods == pods


@pytest.mark.parametrize(("name", "path"), [("dies_first", "die"), ("dies_last", "die"), ("dies_in_loop", "loop")])
def test_a_pod_that_dies_is_named(name, path):
    error = run(name, 2).error
    assert type(error) is StepKilled
    assert error.path == path
    assert path in str(error)


def test_a_loop_without_end_ends():
    assert run("limited", 3).result() == 3
    error = run("limited", 9).error
    assert isinstance(error, LoopLimit)
    assert error.limit == 3
    assert error.lineno == programs.limited.function.__code__.co_firstlineno + 3


@pytest.mark.parametrize("name", ["unpicklable_result", "unpicklable_argument"])
def test_what_cannot_be_pickled_fails_as_in_local_runs(name):
    error = run(name, 1).error
    local = getattr(programs, name).options(executor="inline").run(1).error
    assert isinstance(error, NotPicklable)
    assert (type(local), local.args) == (type(error), error.args)


def test_nothing_runs_behind_a_failure_that_needs_it():
    found = run("fails_late", 5)
    assert [s.path for s in found.steps if s.status == "Failed"] == ["loop[2].refuse"]
    assert max(s.path for s in found.steps) == "loop[2].refuse"
