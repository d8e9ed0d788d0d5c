"""How a run on Argo was begun: with which arguments, and from which file of this machine."""

from __future__ import annotations

import ast
import base64
import inspect
import json
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from tangentflow.client.plan import Plan
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.local import target_of
from tangentflow.engine.store import locate, user_files
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Value

__all__ = ["Target", "call_arguments", "note_submission", "submitted_from"]


@dataclass(frozen=True)
class Target:
    """A workflow that can be imported: "FILE:NAME", and the name of its module."""

    target: str
    module: str


def note_submission(folder: Path | None, uid: str, workflow: WorkflowFunction[..., Any]) -> None:
    """Keep in the store where the workflow of a run is, if it is in a file."""
    target = target_of(workflow)
    if folder is None or target is None:
        return
    place = folder / "submitted"
    place.mkdir(parents=True, exist_ok=True)
    part = place / f".{uid}"
    part.write_text(json.dumps(asdict(Target(target, workflow.__module__))), encoding="utf-8")
    part.replace(place / f"{uid}.json")


def submitted_from(folder: Path | None, uid: str) -> Target | None:
    """Return where the workflow of a run is, if it was submitted from this machine."""
    file = None if folder is None else folder / "submitted" / f"{uid}.json"
    if file is None or not file.is_file():
        return None
    return Target(**json.loads(file.read_text(encoding="utf-8")))


def call_arguments(
    plan: Plan, workflow: WorkflowFunction[..., Any], read: Callable[[str], bytes | None]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what a workflow was called with, as (args, kwargs). `read` gives a file of the run by its key behind the run's uid."""
    signature = inspect.signature(cast(types.FunctionType, workflow.function))
    given = plan.parameters(read)
    if "arguments" in given:
        found = decode(base64.b64decode(given["arguments"]), where=plan.name, files=user_files(locate(None)))
        names = dict(cast(Value, found).value)
    else:
        texts = {name: base64.b64decode(given.get(f"arg.{name}", "")).decode() for name in signature.parameters}
        names = {name: ast.literal_eval(text.strip()) for name, text in texts.items() if text.strip()}
    bound = inspect.BoundArguments(signature, {name: names[name] for name in signature.parameters if name in names})
    return bound.args, bound.kwargs
