"""A run gives the value or the exception of the plain call, whatever executes the steps."""

from __future__ import annotations

import traceback

import pytest

from tests.engine import steps

EXECUTORS = ("inline", "thread", "process")

HOSTILE = [
    "", " ", "{{workflow.uid}}", "{{inputs.parameters.x}}", "${HOME}", "$(id)", "%s", "'", '"', "\\", "\\n", "\n\n", "\0", "\r\n", "\t",
    "y", "no", "null", "~", "1e3", "0x10", "- a", "a: b", "# c", "!!python/none", "\ud800", "\U0001f40b", "\u2028", "a" * 100_000,
]  # fmt: skip

VALUES = [
    (steps.straight, (3,)),
    (steps.mapped, ([],)),
    (steps.mapped, ([1],)),
    (steps.mapped, (list(range(9)),)),
    (steps.mapped, ({3: "x", 4: "y"},)),
    (steps.counted, (0,)),
    (steps.counted, (7,)),
    (steps.branch, (0,)),
    (steps.branch, (1,)),
    (steps.branch, (5,)),
    (steps.nested, (0,)),
    (steps.nested, (3,)),
    (steps.factorial, (1,)),
    (steps.factorial, (6,)),
    (steps.passes_lambda, (4,)),
    (steps.skips, (5,)),
    (steps.grows_unchecked, (1,)),
]

EXCEPTIONS = [
    (steps.straight, ("text",)),
    (steps.straight, (None,)),
    (steps.mapped, ([1, "x"],)),
    (steps.mapped, (3,)),
    (steps.branch, ("x",)),
    (steps.counted, ("x",)),
    (steps.raises_picky, (7,)),
    (steps.raises_chained, (7,)),
    (steps.raises_exit, (0,)),
    (steps.raises_exit, ("text",)),
    (steps.raises_in_glue, (7,)),
    (steps.first_odd_fails, ([2, 3, 4, 5],)),
    (steps.factorial, ("x",)),
    (steps.nested, ("x",)),
]


def shape(error: BaseException | None):
    """What of an exception must be the same."""
    if error is None:
        return None
    return type(error), error.args, vars(error), str(error), shape(error.__cause__)


def name(case):
    return f"{case[0].__name__}{case[1]}"


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("case", VALUES, ids=name)
def test_a_value(case, executor):
    workflow, args = case
    run = workflow.options(executor=executor).run(*args)
    assert run.status == "Succeeded" and run.error is None
    assert run.result() == workflow(*args)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("case", EXCEPTIONS, ids=name)
def test_an_exception(case, executor):
    workflow, args = case
    try:
        workflow(*args)
    except BaseException as error:
        expected = error
    run = workflow.options(executor=executor).run(*args)
    assert run.status == "Failed"
    assert shape(run.error) == shape(expected)
    with pytest.raises(type(expected)) as caught:
        run.result()
    assert caught.value is run.error


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_exception_shows_where_it_was_raised(executor):
    error = steps.raises_picky.options(executor=executor).run(7).error
    text = "".join(traceback.format_exception(error))
    assert "steps.py" in text and 'raise Picky(code, hint="look")' in text


@pytest.mark.parametrize("executor", EXECUTORS)
def test_hostile_strings(executor):
    run = steps.echo.options(executor=executor).run(HOSTILE)
    assert run.result() == HOSTILE


@pytest.mark.parametrize("executor", EXECUTORS)
def test_arguments_that_do_not_fit(executor):
    with pytest.raises(TypeError):
        steps.straight.options(executor=executor).run()
    with pytest.raises(TypeError):
        steps.straight.options(executor=executor).run(1, wrong=2)
    assert steps.straight.options(executor=executor).run(n=3).result() == steps.straight(n=3)


def test_unknown_options_are_refused():
    import tangentflow

    with pytest.raises(TypeError, match="'colour'"):
        steps.straight.options(colour="red")
    with pytest.raises(tangentflow.TangentflowError, match="'slow'"):
        steps.straight.options(executor="slow").run(1)
    with pytest.raises(tangentflow.TangentflowError, match="workers"):
        steps.straight.options(workers=0).run(1)


def test_a_long_loop_and_a_deep_recursion():
    assert steps.counted.options(executor="inline").run(1000).result() == steps.counted(1000)
    assert steps.factorial.options(executor="inline").run(60).result() == steps.factorial(60)
