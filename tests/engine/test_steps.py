"""What a finished run tells of its steps, and how they are scheduled."""

from __future__ import annotations

import os
import re
import threading
import time

import pytest

import tangentflow
from tests.engine import policy_steps, steps

EXECUTORS = ("inline", "thread", "process")


@pytest.mark.parametrize("executor", EXECUTORS)
def test_steps_come_in_program_order(executor):
    run = steps.nested.options(executor=executor).run(2)
    assert [step.path for step in run.steps] == [
        "loop[0].pair.add", "loop[0].pair.point", "loop[0].pair_2.add", "loop[0].pair_2.point",
        "loop[1].pair.add", "loop[1].pair.point", "loop[1].pair_2.add", "loop[1].pair_2.point",
    ]  # fmt: skip


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_run_tells_its_story(executor):
    before = time.time()
    run = steps.straight.options(executor=executor).run(3)
    after = time.time()
    first, second, third = run.steps
    assert (first.name, first.path, first.status) == ("add", "add", "Succeeded")
    assert (second.path, third.path) == ("add_2", "add_3")
    assert dict(first.inputs) == {"a": 3, "b": 1} or dict(first.inputs) == {"a": 3}
    assert dict(third.inputs) == {"a": 4, "b": 13}
    assert (first.result, second.result, third.result) == (4, 13, 17)
    assert first.error is None and first.attempts == 1 and first.cached is False
    assert before <= first.started <= first.finished <= after
    assert third.started >= max(first.finished, second.finished)
    file, _, line = third.source.partition(":")
    assert file == "steps.py"
    with open(steps.__file__) as text:
        assert text.read().splitlines()[int(line) - 1] == "    return a, add(a, b), Point(a, b)"


def test_steps_are_found_by_name_and_by_path():
    run = steps.mapped.options(executor="inline").run([5, 6, 7])
    assert [step.result for step in run.steps["same"]] == [5, 6, 7]
    assert run.steps["nothing"] == []
    assert run.step("loop.add", i=2).result == 9
    assert run.step("loop[2].add") is run.step("loop.add", i=2)
    assert len(run.steps) == 6 and run.steps[-1].path == "loop[2].add"
    with pytest.raises(tangentflow.TangentflowError, match="no step 'loop.sub'"):
        run.step("loop.sub", i=1)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_was_not_chosen_is_skipped(executor):
    run = steps.skips.options(executor=executor).run(3)
    assert [(step.path, step.status) for step in run.steps] == [
        ("add", "Skipped"), ("loop[0].add", "Skipped"), ("loop[1].add", "Succeeded"), ("loop[2].add", "Skipped"),
    ]  # fmt: skip
    skipped = run.steps[0]
    assert (skipped.started, skipped.finished, skipped.attempts, skipped.result) == (None, None, 0, None)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_failed_step_tells_its_error(executor):
    run = steps.first_odd_fails.options(executor=executor).run([2, 3, 4])
    assert [step.status for step in run.steps][:2] == ["Succeeded", "Failed"]
    failed = run.steps[1]
    assert isinstance(failed.error, ValueError) and failed.error.args == ("odd", 3) and failed.result is None


@pytest.mark.parametrize("executor", EXECUTORS)
def test_everything_earlier_in_the_program_finishes(executor):
    run = steps.slow_then_failing.options(executor=executor).run(0.3)
    assert isinstance(run.error, ValueError) and run.error.args == ("odd", 1)
    assert run.steps["nap"][0].status == "Succeeded"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_effects_keep_their_order(executor, tmp_path):
    path = tmp_path / "notes"
    steps.notes.options(executor=executor).run(str(path), list("abc"))
    assert path.read_text().split() == ["first", "a", "b", "c", "last"]


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_two_independent_steps_run_at_the_same_time(executor):
    bound = steps.naps.options(executor=executor, workers=2)
    bound.run(0.01)  # starts the workers
    started = time.perf_counter()
    run = bound.run(2)
    elapsed = time.perf_counter() - started
    first, second = run.steps
    assert run.result() == 4
    assert first.started < second.finished and second.started < first.finished
    assert elapsed < 3


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_one_worker_runs_one_step_at_a_time(executor):
    first, second = steps.naps.options(executor=executor, workers=1).run(0.1).steps
    assert first.finished <= second.started


def test_where_steps_run():
    here = os.getpid()
    assert set(steps.where.options(executor="inline").run(3).result()) == {here}
    assert set(steps.where.options(executor="thread").run(3).result()) == {here}
    assert here not in steps.where.options(executor="process").run(3).result()
    assert here not in steps.where.run(3).result()
    assert threading.get_ident() not in steps.threads.options(executor="thread").run(3).result()


def test_a_step_gets_its_own_copy():
    class Marked:
        pass

    marked = Marked()
    for executor in ("inline", "thread"):
        run = steps.echo.options(executor=executor).run([marked])
        assert run.result()[0] is not marked


def test_a_wide_fan_out():
    items = list(range(2000))
    run = steps.echo.options(executor="thread").run(items)
    assert run.result() == items
    assert len(run.steps) == 2000 and run.step("loop.same", i=1999).result == 1999


def test_a_run_has_a_name_of_its_own():
    first, second = (steps.echo.options(executor="inline").run([]) for _ in range(2))
    assert first.id != second.id and first.id.startswith("echo-")
    assert first.wait() is first


@pytest.mark.parametrize("executor", EXECUTORS)
def test_what_steps_write_is_shown_and_kept(executor, capsys):
    run = policy_steps.chat.options(executor=executor).run(3)
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == ["out 0", "out 1", "out 2"]
    assert sorted(err.splitlines()) == ["err 0", "err 1", "err 2"]
    for i, step in enumerate(run.steps):
        assert sorted(step.logs().splitlines()) == [f"err {i}", f"out {i}"]
    lines = [f"loop[{i}].chatter: {name} {i}" for i in range(3) for name in ("err", "out")]
    assert sorted(run.logs().splitlines()) == lines


@pytest.mark.parametrize("path", ["add", "loop[7].pair.add", "add[2]", "add[x]"])
def test_a_step_run_that_there_is_not(path):
    run = steps.nested.options(executor="inline").run(2)
    assert run.step("loop.pair_2.add", i=1) is run.step("loop[1].pair_2.add")
    ran = r"add ran as loop\[0\].pair.add, loop\[0\].pair_2.add, loop\[1\].pair.add, loop\[1\].pair_2.add$"
    with pytest.raises(tangentflow.errors.UsageError, match=rf"the run has no step '{re.escape(path)}'; {ran}"):
        run.step(path)
    with pytest.raises(
        tangentflow.errors.UsageError, match=r"no step 'fit' at {'i': 3}; it has loop\[0\].pair.add, .*point$"
    ):
        run.step("fit", i=3)


def test_steps_that_are_no_plain_functions():
    def lines(n):
        yield n

    async def fetch(n):
        return n

    with pytest.raises(TypeError, match="lines, a generator: .* collect the items in a list and return it"):
        tangentflow.step(lines)
    with pytest.raises(TypeError, match=r"fetch, which is async: .* call `asyncio.run\(...\)` in it"):
        tangentflow.step(fetch)
