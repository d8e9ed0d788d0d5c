"""`tangentflow lint`: all that the language refuses in the workflows of a file."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import traceback
from collections.abc import Iterable

from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load_all
from tangentflow.cli.main import FINE, REFUSED, users_part
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import LanguageError, Offence, TangentflowError, UsageError

__all__ = ["lint_file"]


def lint_file(target: str, form: str) -> int:
    """Print the offences of all workflows of a file, or of the one that is named, and of all that these call."""
    with own_output() as out:
        try:
            workflows = _loaded(target)
            offences = _offences(workflows)
        except LanguageError as error:  # no Python
            workflows, offences = [], list(error.offences)
        print(_as_json(workflows, offences) if form == "json" else _as_text(target, workflows, offences), file=out)
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


def _offences(workflows: Iterable[WorkflowFunction[..., object]]) -> list[Offence]:
    """Compile workflows; return every place that is refused once, sorted."""
    found: dict[Offence, None] = {}
    for workflow in workflows:
        try:
            workflow.graph  # noqa: B018 (compiled at its first use)
        except LanguageError as error:
            found |= dict.fromkeys(error.offences)
    return sorted(found, key=lambda offence: (*offence.position, offence.code))


def _as_text(
    target: str, workflows: list[WorkflowFunction[..., object]], offences: list[Offence]
) -> str:  # fmt: skip
    shown = [offence.shown(_near(offence.filename)) for offence in offences]
    places = _counted(len(offences), "place") if offences else "nothing"
    checked = f" in {_counted(len(workflows), 'workflow')}" if workflows else ""
    return "\n\n".join([*shown, f"{target}: {places} refused{checked}"])


def _as_json(workflows: list[WorkflowFunction[..., object]], offences: list[Offence]) -> str:
    document = {
        "workflows": [f"{w.__module__}.{w.__qualname__}" for w in workflows],
        "offences": [dataclasses.asdict(offence) for offence in offences],
    }
    return json.dumps(document, indent=1)


def _near(filename: str) -> str:
    """Return a file's name as seen from the current folder, if it lies there."""
    here = os.path.relpath(filename) if os.path.isabs(filename) else filename
    return filename if here.startswith(os.pardir) else here


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
