"""A failed run shows where it failed as the plain call does: the caller's lines, then the step's own frames."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tangentflow.decorators import WorkflowFunction
from tests.engine import failing

PROGRAMS = [
    failing.in_a_step, failing.in_a_sub_workflow_of_a_comprehension, failing.in_a_serial_loop, failing.in_a_while, failing.in_glue, failing.in_glue_of_a_loop,
    failing.in_a_serial_loop_of_a_sub_workflow, failing.raised_here, failing.asserted_here, failing.raised_again, failing.behind_a_finally, failing.closure(4),
]  # fmt: skip

WAYS = {
    "inline": lambda wf: wf.options(executor="inline").run().result(),
    "thread": lambda wf: wf.options(executor="thread").run().result(),
    "process": lambda wf: wf.options(workers=1).run().result(),
    "simulate": lambda wf: wf.simulate().result(),
}


def frames(call: Callable[[], Any]) -> tuple[str, list[tuple[str, int, str]]]:
    """Return the exception of a call, and the frames of the programs that it comes through: name, line, text."""
    with pytest.raises(Exception) as caught:
        call()
    found = [
        (frame.name, frame.lineno or 0, frame.line or "")
        for frame in traceback.extract_tb(caught.value.__traceback__)
        if frame.filename == failing.__file__ and frame.name != "<listcomp>"
    ]  # fmt: skip
    return repr(caught.value), found


@pytest.mark.parametrize("way", ["inline", "thread"])
@pytest.mark.parametrize("workflow", PROGRAMS, ids=lambda wf: wf.__name__)
def test_the_lines_of_the_plain_call(workflow: WorkflowFunction[..., Any], way: str) -> None:
    plain = frames(workflow)
    assert plain[1][0][0] == workflow.__name__
    assert frames(lambda: WAYS[way](workflow)) == plain


@pytest.mark.parametrize("way", ["process", "simulate"])
def test_from_other_processes(way: str) -> None:
    for wf in (failing.in_a_sub_workflow_of_a_comprehension, failing.in_a_while, failing.in_glue):
        assert frames(lambda: WAYS[way](wf)) == frames(wf)  # noqa: B023


def test_nothing_of_the_machinery_is_shown() -> None:
    with pytest.raises(KeyError) as caught:
        WAYS["inline"](failing.in_a_while)
    shown = "".join(traceback.format_exception(caught.value))
    assert "<tangentflow" not in shown and "_tf" not in shown and "replay.py" not in shown
    assert "y = part(x)" in shown
