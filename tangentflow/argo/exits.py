"""The exit handler of a run: the template that the engine calls when everything else is over, and the status that it hands on."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tangentflow.argo.names import Names, slug
from tangentflow.runtime.exits import FRAME, RESULT

if TYPE_CHECKING:
    from tangentflow.argo.emit import Template

__all__ = ["exit_template", "told_status"]

Json = dict[str, Any]

_STOPPED = ("workflow shutdown with strategy", "Stopped with strategy")
"""What the engine says of pods and of steps waiting for another attempt that it ends since the workflow is stopped."""


def told_status(various: bool) -> str:
    """Return the tag of the status of a finished run, as the literal of an argument in base64; `various`: of those for `*args`.

    The engine knows no cancelled runs: a workflow that is stopped has Failed, for nodes that it has stopped.
    """

    def text(status: str) -> str:
        return repr(base64.b64encode(repr((status,) if various else status).encode()).decode())

    stopped = " || ".join(f"workflow.failures contains '{words}'" for words in _STOPPED)
    otherwise = f"{stopped} ? {text('Cancelled')} : {text('Failed')}"
    return f"{{{{= workflow.status == 'Succeeded' ? {text('Succeeded')} : ({otherwise}) }}}}"


def exit_template(handler: Template, names: Names) -> Json:
    """Return the template that calls the handler. (The engine gives it the arguments of the workflow, so it has no parameters.)"""
    starts = {"frame": FRAME, "at": RESULT, "args": "no-args", "given": ""}
    given = [{"name": name, "value": starts[name]} for name in handler.parameters]
    task: Json = {"name": f"t-{slug(handler.name)}", "template": handler.name}
    if given:
        task["arguments"] = {"parameters": given}
    return {"name": names.take("on-exit"), "dag": {"failFast": False, "tasks": [task]}}
