"""A name that has got another meaning since a workflow was compiled: a notebook cell that is run again, say."""

from __future__ import annotations

import importlib
import sys

import pytest

from tangentflow import step, workflow

MODULE = """
from tangentflow import step, workflow


def helper(x):
    return x + 1

@step
def s(x):
    return helper(x)

@workflow
def sub(x):
    return s(x) - 10

@workflow
def wf(n=2):
    return s(n) + sub(n)

@workflow
def later(n=2):
    return not_yet(n)

@workflow
def counted(n=2):
    return len([s(i) for i in range(n)])
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "cells.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("cells")
    sys.modules.pop("cells", None)


@step
def hundredfold(x):
    return 100 * x


@workflow
def negative(x):
    return -hundredfold(x)


def ways(flow, *args):
    """Return what the plain call and a local run give."""
    return flow(*args), flow.options(executor="inline", store=False).run(*args).result()


def test_nothing_changed(module):
    graph = module.wf.graph
    assert ways(module.wf) == (-4, -4) and module.wf.graph is graph


def test_a_step_is_another_one(module):
    graph = module.wf.graph
    module.s = hundredfold
    assert ways(module.wf) == (390, 390) and module.wf.graph is not graph
    graph = module.wf.graph
    assert module.wf.graph is graph


def test_a_workflow_is_another_one(module):
    assert ways(module.wf) == (-4, -4)
    module.sub = negative
    assert ways(module.wf) == (-197, -197)


def test_a_name_that_there_was_not(module):
    with pytest.raises(NameError):
        module.later.options(executor="inline", store=False).run().result()
    module.not_yet = hundredfold
    assert ways(module.later) == (200, 200)


def test_a_builtin_that_is_hidden(module):
    assert ways(module.counted) == (2, 2)
    module.len = hundredfold
    assert ways(module.counted) == ([1, 2] * 100, [1, 2] * 100)
    del module.len
    assert ways(module.counted) == (2, 2)


def test_a_variable_of_a_function_around():
    def made(s):
        @workflow
        def wf(n=2):
            return s(n)

        def again(new):
            nonlocal s
            s = new

        return wf, again

    wf, again = made(hundredfold)
    assert ways(wf) == (200, 200)

    @step
    def double(x):
        return 2 * x

    again(double)
    assert ways(wf) == (4, 4)


def test_a_step_of_a_module(module, tmp_path):
    (tmp_path / "cells2.py").write_text(
        "import cells\nfrom tangentflow import workflow\n\n@workflow\ndef wf(n=2):\n    return cells.s(n)\n"
    )
    other = importlib.import_module("cells2")
    try:
        assert ways(other.wf) == (3, 3)
        module.s = hundredfold
        assert ways(other.wf) == (200, 200)
    finally:
        sys.modules.pop("cells2", None)


def test_what_an_exit_handler_calls():
    def made():
        called = hundredfold

        @workflow
        def handler(status):
            called(len(status))

        @workflow(on_exit=handler)
        def wf():
            return hundredfold(1)

        def again(new):
            nonlocal called
            called = new

        return wf, again

    @step
    def double(x):
        return 2 * x

    wf, again = made()
    assert hundredfold in wf.graph.exit.bindings.values()
    again(double)
    assert double in wf.graph.exit.bindings.values() and hundredfold not in wf.graph.exit.bindings.values()
