"""`tangentflow lint`: all that the language refuses in the workflows of a file, and what may surprise in the others."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import sys
import traceback
from collections.abc import Iterable

from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load_all
from tangentflow.cli.main import FINE, REFUSED, users_part
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import LanguageError, Note, Offence, TangentflowError, UsageError

__all__ = ["lint_file"]


def lint_file(target: str, form: str) -> int:
    """Print the offences and notes of all workflows of a file, or of the one that is named, and of all that these call.

    Notes change nothing about the exit code: they are no offences.
    """
    notes: list[Note] = []
    with own_output() as out:
        try:
            workflows = _loaded(target)
            offences, notes = _looked_through(workflows)
        except LanguageError as error:  # no Python
            workflows, offences = [], list(error.offences)
        write = _as_json if form == "json" else functools.partial(_as_text, target)
        print(write(workflows, offences, notes), file=out)
    return REFUSED if offences else FINE


def _loaded(target: str) -> list[WorkflowFunction[..., object]]:
    try:
        return load_all(target)
    except TangentflowError:
        raise
    except (Exception, SystemExit) as error:
        traceback.print_exception(type(error), error, users_part(error.__traceback__))
        sys.stderr.flush()
        what = "leaves Python" if isinstance(error, SystemExit) else f"raises {type(error).__name__}"
        raise UsageError(f"{target} was not checked: importing it {what}, see above") from error


def _looked_through(workflows: Iterable[WorkflowFunction[..., object]]) -> tuple[list[Offence], list[Note]]:
    """Compile workflows; return every place that is refused and every note once, sorted."""
    offences: dict[Offence, None] = {}
    notes: dict[Note, None] = {}
    for workflow in workflows:
        try:
            notes |= dict.fromkeys(workflow.graph.notes)
        except LanguageError as error:
            offences |= dict.fromkeys(error.offences)
    return sorted(offences, key=_place), sorted(notes, key=_place)


def _place(offence: Offence) -> tuple[object, ...]:
    return *offence.position, offence.code


def _as_text(
    target: str, workflows: list[WorkflowFunction[..., object]], offences: list[Offence], notes: list[Note]
) -> str:  # fmt: skip
    shown = [offence.shown(_near(offence.filename)) for offence in [*offences, *notes]]
    places = _counted(len(offences), "place") if offences else "nothing"
    noted = f", {_counted(len(notes), 'note')}" if notes else ""
    checked = f" in {_counted(len(workflows), 'workflow')}" if workflows else ""
    return "\n\n".join([*shown, f"{target}: {places} refused{noted}{checked}"])


def _as_json(workflows: list[WorkflowFunction[..., object]], offences: list[Offence], notes: list[Note]) -> str:
    document = {
        "workflows": [f"{w.__module__}.{w.__qualname__}" for w in workflows],
        "offences": [dataclasses.asdict(offence) for offence in offences],
        "notes": [dataclasses.asdict(note) for note in notes],
    }
    return json.dumps(document, indent=1)


def _near(filename: str) -> str:
    """Return a file's name as seen from the current folder, if it lies there."""
    here = os.path.relpath(filename) if os.path.isabs(filename) else filename
    return filename if here.startswith(os.pardir) else here


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
