"""Failures that plain Python has not: a worker that dies, a value that cannot travel, an argument that a step changed."""

from __future__ import annotations

import pytest

from tangentflow import MutatedArgument, StepFailed
from tests.engine import steps

EXECUTORS = ("inline", "thread", "process")


def test_a_worker_that_dies_fails_its_step():
    run = steps.dies.options(executor="process").run(1)
    assert run.status == "Failed"
    with pytest.raises(StepFailed, match="die"):
        run.result()
    assert [(step.path, step.status) for step in run.steps] == [("add", "Succeeded"), ("die", "Failed")]
    assert steps.straight.options(executor="process").run(3).result() == steps.straight(3)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_result_that_cannot_be_pickled(executor):
    error = steps.returns_lock.options(executor=executor).run().error
    assert isinstance(error, StepFailed)
    assert "'lock'" in str(error) and "['a'][0]" in str(error)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_argument_that_cannot_be_pickled(executor):
    import threading

    error = steps.echo.options(executor=executor).run([threading.Lock()]).error
    assert isinstance(error, StepFailed)
    assert "'same'" in str(error)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_that_changes_an_argument(executor):
    error = steps.grows.options(executor=executor).run(1).error
    assert isinstance(error, MutatedArgument)
    assert (error.step, error.argument) == ("grow", "xs") and error.line


@pytest.mark.parametrize("executor", EXECUTORS)
def test_no_check_where_the_step_declines_it(executor):
    run = steps.grows_unchecked.options(executor=executor).run(1)
    assert run.result() == [1, 1]
