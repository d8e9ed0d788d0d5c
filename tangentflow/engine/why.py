"""Why a step runs although it has run before: which part of its code, or which input, is another one."""

from __future__ import annotations

from tangentflow.engine.identity import Identity
from tangentflow.engine.reuse import Entry
from tangentflow.engine.steps import given_inputs
from tangentflow.engine.tasks import Task
from tangentflow.errors import TangentflowError
from tangentflow.graph.parts import changed_parts

__all__ = ["why_again"]


def why_again(before: Entry, task: Task, identity: Identity) -> str:
    """Return in words what has changed since an earlier run of a step."""
    assert task.code is not None
    told = []
    if before.fingerprint != task.code.fingerprint:
        old = before.parts()
        names = changed_parts(old, task.code.parts()) if old is not None else []
        told.append(f"its code: {', '.join(names)}" if names else "its code")
    if before.digest() != task.digest:
        told.append(_changed_inputs(before, task, identity))
    return f"changed since {before.where}: {'; '.join(told)}" if told else f"not taken from {before.where}"


def _changed_inputs(before: Entry, task: Task, identity: Identity) -> str:
    try:
        old = before.inputs()
    except TangentflowError:  # damaged, or of a class that is not there any more
        old = None
    if old is None:
        return "its inputs"
    new = given_inputs(task.ready)
    names = [
        name
        for name in sorted({*old, *new})
        if name not in old or name not in new or identity.value(old[name]) != identity.value(new[name])
    ]
    return f"its inputs: {', '.join(names)}" if names else "the code of what it is given"
