"""Why a step runs although it has run before: which part of its code, or which input, is another one."""

from __future__ import annotations

from contextlib import suppress

from tangentflow.engine.identity import Code, Identity
from tangentflow.engine.machine import Ready
from tangentflow.engine.reuse import Entry
from tangentflow.engine.steps import given_inputs
from tangentflow.errors import TangentflowError
from tangentflow.graph.parts import changed_parts
from tangentflow.runtime.codec import holds_exception

__all__ = ["why_again"]


def why_again(before: Entry, ready: Ready, code: Code, digest: str, identity: Identity) -> str:
    """Return in words what has changed since an earlier run of a step. `digest` is that of its inputs now."""
    told = []
    if before.fingerprint != code.fingerprint:
        old = before.parts()
        names = changed_parts(old, code.parts()) if old is not None else []
        told.append(f"its code: {', '.join(names)}" if names else "its code")
    if before.digest() != digest:
        told.append(_changed_inputs(before, ready, identity))
    if told:
        return f"changed since {before.where}: {'; '.join(told)}"
    with suppress(TangentflowError):
        if holds_exception(before.load()):
            return f"{before.where} failed"
    return f"not taken from {before.where}"


def _changed_inputs(before: Entry, ready: Ready, identity: Identity) -> str:
    try:
        old = before.inputs()
    except TangentflowError as error:  # damaged, or of a class that is not there any more
        return f"its inputs, which cannot be compared: {error}"
    if old is None:
        return "its inputs"
    new = given_inputs(ready)
    names = [
        name
        for name in sorted({*old, *new})
        if name not in old or name not in new or identity.value(old[name]) != identity.value(new[name])
    ]
    if names:
        return f"its inputs: {', '.join(names)}"
    code = before.renewed()
    return f"the code of what it is given: {', '.join(code)}" if code else "the code of what it is given"
