"""Plain calls under TANGENTFLOW_CHECK=1."""

from __future__ import annotations

import pytest

from tangentflow import MutatedArgument, step, workflow


@step
def push(xs, x):
    xs.append(x)
    return len(xs)


@step(check=False)
def push_freely(xs, x):
    xs.append(x)
    return len(xs)


@step
def same(xs):
    return xs


@step
def both(x, ys):
    return x, ys


@step
def calls_a_step(xs):
    ys = list(xs)
    push(ys, 3)
    return ys


@step
def fails(xs):
    xs.append(1)
    raise ValueError(xs)


@workflow
def changes():
    xs = [1]
    n = push(xs, 2)
    return n


@workflow
def changes_freely():
    xs = [1]
    return push_freely(xs, 2)


@workflow
def changes_a_returned_one():
    xs = [1]
    ys = same(xs)
    xs.append(2)
    return ys


@workflow
def changes_a_part():
    xs = [1]
    n, ys = both(3, xs)
    xs.append(2)
    return same(ys)


@workflow
def leaves_alone(xs):
    ys = calls_a_step(same(xs))
    return ys, both(1, ys), inner(ys)


@workflow
def inner(ys):
    return same(ys)


@workflow
def changes_and_fails():
    return fails([])


@pytest.fixture(autouse=True)
def checked(monkeypatch):
    monkeypatch.setenv("TANGENTFLOW_CHECK", "1")


def test_an_argument_changed_in_place_names_step_argument_and_line():
    with pytest.raises(MutatedArgument, match=r"step 'push' changed its argument 'xs' in place") as caught:
        changes()
    assert caught.value.line == changes.function.__code__.co_firstlineno + 3
    run = changes.options(executor="inline").run()
    assert (str(run.error), type(run.error)) == (str(caught.value), MutatedArgument)


def test_an_argument_changed_by_a_step_that_fails():
    with pytest.raises(MutatedArgument, match="'fails' changed its argument 'xs'"):
        changes_and_fails()
    assert isinstance(changes_and_fails.options(executor="inline").run().error, MutatedArgument)


@pytest.mark.parametrize("program", [changes_a_returned_one, changes_a_part])
def test_an_argument_that_a_step_returned_is_changed_later(program):
    with pytest.raises(MutatedArgument, match=r"returned its argument '\w+', which has been changed since"):
        program()


def test_what_a_step_calls_itself_is_its_own_affair():
    assert leaves_alone([1]) == ([1, 3], (1, [1, 3]), [1, 3])


def test_no_check_where_the_step_declines_it():
    assert changes_freely() == 2


@pytest.mark.parametrize("value", ["0", ""])
def test_no_check_unless_asked_for(value, monkeypatch):
    monkeypatch.setenv("TANGENTFLOW_CHECK", value)
    assert (changes(), changes_a_returned_one()) == (2, [1, 2])


def test_calls_outside_of_a_workflow_are_plain():
    xs = [1]
    assert push(xs, 2) == 2


def test_wrong_arguments_are_the_error_of_the_call():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        workflow_without_arguments()


@workflow
def workflow_without_arguments():
    return push([1])
