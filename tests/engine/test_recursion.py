"""A recursion without an end is the RecursionError that it is in a plain call, and takes no more memory than others."""

from __future__ import annotations

import sys

import pytest

from tests.engine import endless_programs as programs


@pytest.fixture(autouse=True)
def shallow():
    """A lower limit, so that it is reached sooner."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("flow", [programs.chain, programs.chain_of_steps, programs.tree])
def test_without_an_end(flow):
    with pytest.raises(RecursionError) as plain:
        flow(3)
    run = flow.options(executor="inline", store=False).run(3)
    assert (type(run.error), run.error.args) == (type(plain.value), plain.value.args)
    assert len(run.steps) <= 401


def test_handled():
    run = programs.caught.options(executor="inline", store=False).run(3)
    assert run.result() == programs.caught(3) == (1.5, "RecursionError")
