"""Slices become functions that see what the workflow sees."""

from __future__ import annotations

import linecache
import types

import pytest

from tangentflow.runtime.replay import Replay
from tangentflow.runtime.slices import slice_function

TEXT = "def slice(_tf):\n    return scale, OFFSET"


def workflow(scale: int, offset: int) -> types.FunctionType:
    """Return a function with a variable of its own around it, and globals of its own; all have the same code."""

    def flow() -> int:
        return scale

    return types.FunctionType(flow.__code__, {"OFFSET": offset}, "flow", None, flow.__closure__)


def replay() -> Replay:
    return Replay(None, {}, (), {})  # type: ignore[arg-type]


def test_each_workflow_has_its_own_names():
    """The text is compiled once; what its names mean is that of each function, as it is when the slice runs."""
    first, second = workflow(2, 10), workflow(3, 20)
    ours, theirs = slice_function(TEXT, first, "flow"), slice_function(TEXT, second, "flow")
    assert ours.__code__ is theirs.__code__
    assert ours(replay()) == (2, 10) and theirs(replay()) == (3, 20)
    first.__globals__["OFFSET"] = 11
    first.__closure__[0].cell_contents = 5
    assert ours(replay()) == (5, 11) and theirs(replay()) == (3, 20)


def test_the_text_of_a_slice_without_lines_is_shown_in_tracebacks():
    """Also of one that was compiled before, and another of that label after it."""
    flow, texts = workflow(1, 1), ["def slice(_tf):\n    return 1 / 0", "def slice(_tf):\n    return [][1]"]
    for text in [*texts, *texts]:
        slice_ = slice_function(text, flow, "of two")
        with pytest.raises((ZeroDivisionError, IndexError)) as raised:
            slice_(replay())
        entry = raised.traceback[-1]
        shown = linecache.getline(str(entry.frame.code.raw.co_filename), entry.lineno + 1)
        assert shown.strip() == text.splitlines()[1].strip()


def test_a_slice_that_tells_its_lines_stands_in_the_file_of_its_workflow():
    code = "def slice(_tf):\n    return 1 / 0  # line 7"
    slice_ = slice_function(code, workflow(1, 1), "flow")
    with pytest.raises(ZeroDivisionError) as raised:
        slice_(replay())
    assert raised.traceback[-1].lineno + 1 == 7 and str(raised.traceback[-1].path) == __file__
