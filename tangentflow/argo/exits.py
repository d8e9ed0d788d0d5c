"""The templates that the engine itself calls: at the end of a run that of its exit handler, which is told a status."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tangentflow.argo.names import Names, slug
from tangentflow.runtime.exits import FRAME, RESULT

if TYPE_CHECKING:
    from tangentflow.argo.emit import Template

__all__ = ["exit_template", "outer_template", "told_status"]

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
    """Return the template that calls the handler."""
    starts = {"frame": FRAME, "at": RESULT, "args": "no-args", "given": ""}
    return outer_template(names.take("on-exit"), handler.name, {name: starts[name] for name in handler.parameters})


def outer_template(name: str, inner: str, given: Mapping[str, str]) -> Json:
    """Return a template without parameters that calls another one.

    The engine gives the templates that it calls itself the parameters of the workflow, in place of those of theirs that have such a name.
    """
    task: Json = {"name": f"t-{slug(inner)}", "template": inner}
    if given:
        task["arguments"] = {"parameters": [{"name": key, "value": value} for key, value in given.items()]}
    return {"name": name, "dag": {"failFast": False, "tasks": [task]}}
