"""Plain calls under TANGENTFLOW_CHECK=1: they fail where a run would differ, because a step shares values with its caller."""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from tangentflow.errors import MutatedArgument
from tangentflow.runtime.digest import digest

__all__ = ["call_step", "call_workflow"]

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_IMMUTABLE = frozenset({int, float, complex, str, bytes, bool, type(None)})


class _State(threading.local):
    """How many workflows and steps are being called, and which arguments steps have returned since the outermost workflow was called: (value,
    its digest, step, parameter, line).
    """

    def __init__(self) -> None:
        self.depth = 0
        self.in_step = False
        self.returned: list[tuple[Any, str, str, str, int]] = []


_state = _State()


def call_step(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a step; inside of a workflow, look at what it does to its arguments. (What it calls itself is its own affair.)

    Raises MutatedArgument if it changes an argument in place (a run gives it a copy, so the change would be lost), or if an argument that a
    step returned earlier has been changed since (in a run the result is a copy too).
    """
    if not _state.depth or _state.in_step:
        return function(*args, **kwargs)
    line = _line()
    _look_again()
    given = _arguments(function, args, kwargs)
    before = {name: digest(value) for name, value in given.items()}
    _state.in_step = True
    try:
        result = function(*args, **kwargs)
    finally:
        _state.in_step = False
        changed = [name for name, value in given.items() if digest(value) != before[name]]
        if changed:
            raise MutatedArgument(function.__qualname__, ", ".join(changed), line)
    for name, value in given.items():
        if result is value or (type(result) is tuple and any(part is value for part in result)):
            _state.returned.append((value, before[name], function.__qualname__, name, line))
    return result


def call_workflow(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a workflow. Raises MutatedArgument if an argument that a step returned has been changed since."""
    if _state.in_step:
        return function(*args, **kwargs)
    _state.depth += 1
    try:
        result = function(*args, **kwargs)
        _look_again()
        return result
    finally:
        _state.depth -= 1
        if not _state.depth:
            _state.returned.clear()


def _look_again() -> None:
    for value, before, step, name, line in _state.returned:
        if digest(value) != before:
            raise MutatedArgument(step, name, line, returned=True)


def _arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments by parameter, without those that nothing can change. Wrong arguments are the call's own error."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except TypeError:
        return {}
    return {name: value for name, value in bound.items() if type(value) not in _IMMUTABLE}


def _line() -> int:
    """Return the line that called the step."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
    return frame.f_lineno
