"""`suspend`: a step that waits until somebody answers.

On Argo the engine itself waits, and no pod does (see `tangentflow.parts`).
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import time
from collections.abc import Mapping
from typing import Any

from tangentflow.decorators import step
from tangentflow.errors import StepKilled, UsageError
from tangentflow.parts import BEFORE, given, hand_on, part, status
from tangentflow.runtime.policies import seconds

__all__ = ["ANSWERS", "DEFAULT", "answers", "lasting", "nobody", "readable", "suspend"]

ANSWERS = "TANGENTFLOW_ANSWERS"
"""A variable with answers as JSON, for runs on this machine: `{"approve": true}`."""

DEFAULT = "(default)"
"""Stands in a document for a default that only the program knows; as an answer it gives that default."""

_SHOWN = 2_000
"""Characters of a message that a document shows."""


@step
def suspend(message: str = "", *, timeout: float | str | None = None, **inputs: Any) -> dict[str, Any]:
    """Wait until somebody answers; return the answers as a dict with the names of `inputs`.

    The values of `inputs` are the defaults: texts, whole numbers, numbers or truth values. Each answer is of the type of its default. What nobody
    has answered after `timeout` (seconds, or a text like "2h"; None: for ever) has its default.

    On Argo the workflow is resumed by hand (`argo resume`, `argo node set`, the web interface). On this machine the answers are asked for
    on the terminal; where there is none, TANGENTFLOW_ANSWERS has them as JSON, or the time runs out. Raises UsageError where nobody can ever
    answer, TypeError or ValueError for inputs and answers of another type.
    """
    limit = None if timeout is None else seconds(timeout)
    if limit is not None and not limit >= 0.001:
        raise ValueError(f"suspend(timeout={timeout!r}): a millisecond is the least; leave it out to wait for ever")
    for name, default in inputs.items():
        if type(default) not in (str, int, float, bool):
            raise TypeError(
                f"suspend({name}=...) takes a default: a text, a number, True or False, not {type(default).__name__}"
            )
    if part() == BEFORE:
        print(message)
        hand_on("message", readable(message))
        hand_on("duration", "" if limit is None else lasting(limit))
        return inputs
    found = _recorded() if part() else _here(message, limit, inputs)
    return {name: _read(name, found.get(name, DEFAULT), default) for name, default in inputs.items()}


def lasting(limit: float) -> str:
    """Return a duration as the engine reads it: whole seconds, or milliseconds."""
    return f"{limit:.0f}s" if limit == int(limit) else f"{limit * 1000:.0f}ms"


def readable(message: str) -> str:
    """Return a message as a document shows it: nothing in it can be taken for a tag, and it is not too long."""
    text = message.encode("utf-8", "replace").decode()
    return re.sub(r"(?<=\{)(?=\{)|(?<=\})(?=\})", "\u200b", text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _recorded() -> dict[str, str]:
    """Return the answers that the engine has got."""
    if status() != "Succeeded":
        raise StepKilled(f"suspend() ended as {status()} on the engine", "suspend")
    found: dict[str, str] = json.loads(given().get("task", "{}")).get("outputs", {}).get("parameters", {})
    return found


def answers() -> dict[str, str] | None:
    """Return the answers that this machine's environment has, as texts. Raises UsageError if they are no JSON object."""
    if ANSWERS not in os.environ:
        return None
    try:
        given = json.loads(os.environ[ANSWERS])
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise UsageError(f'{ANSWERS} is a JSON object, like {{"approve": true}}, not {os.environ[ANSWERS]!r}')
    return {name: answer if isinstance(answer, str) else json.dumps(answer) for name, answer in given.items()}


def nobody(message: str = "...") -> UsageError:
    """Return the error of a wait that nobody can end."""
    return UsageError(
        f"suspend({message!r}) waits for an answer, and nobody can give one here: there is no terminal to ask on. Call it from a terminal, give "
        f'it a timeout=, or set {ANSWERS} to the answers as JSON, like {{"approve": true}}'
    )


def _here(message: str, limit: float | None, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers that this machine has."""
    given = answers()
    if given is not None:
        return given
    until = None if limit is None else time.monotonic() + limit
    if sys.stdin is not None and sys.stdin.isatty():
        print(f"{message or 'Waiting for an answer.'}", file=sys.stderr)
        questions = [(name, f"{name} [{default}]: ") for name, default in inputs.items()] or [("", "Enter to go on: ")]
        return dict(_asked(name, question, until) for name, question in questions)
    if limit is None:
        raise nobody(message)
    time.sleep(limit)
    return {}


def _asked(name: str, question: str, until: float | None) -> tuple[str, str]:
    print(question, end="", file=sys.stderr, flush=True)
    left = None if until is None else max(0.0, until - time.monotonic())
    ready = select.select([sys.stdin], [], [], left)[0]
    return name, (sys.stdin.readline().rstrip("\n") if ready else "") or DEFAULT


def _read(name: str, text: str, default: Any) -> Any:
    """Return an answer as a value of the type of its default."""
    if text == DEFAULT or isinstance(default, str):
        return default if text == DEFAULT else text
    try:
        if isinstance(default, bool):
            return {"true": True, "yes": True, "false": False, "no": False}[text.strip().lower()]
        return type(default)(text)
    except (KeyError, ValueError):
        wanted = "true or false" if isinstance(default, bool) else f"of type {type(default).__name__}"
        raise ValueError(f"suspend({name}=...): the answer {text!r} is not {wanted}") from None
