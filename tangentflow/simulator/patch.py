"""A `podSpecPatch`, as far as it only changes what the main container runs."""

from __future__ import annotations

import json
from typing import Any

from tangentflow.simulator.errors import NotSimulated

__all__ = ["patched"]

Json = dict[str, Any]

_KNOWN = frozenset({"name", "args", "env"})


def patched(template: Json, container: Json) -> Json:
    """Return the container of a template with its patch merged in: a list of words is replaced, variables are merged by name.

    Raises:
        NotSimulated: for a patch of anything else.
    """
    if "podSpecPatch" not in template:
        return container
    where = f"template {template['name']}.podSpecPatch"
    try:
        patch = json.loads(template["podSpecPatch"])
    except ValueError:
        raise NotSimulated(where, "a patch that is no JSON") from None
    [own] = patch.get("containers") or [{}]
    if set(patch) != {"containers"} or own.get("name") != "main" or not set(own) <= _KNOWN:
        raise NotSimulated(where, "a patch of anything but the arguments and variables of the container `main`")
    variables = {v["name"]: v for v in (*(container.get("env") or ()), *own.get("env", ()))}
    found = {**container, "env": list(variables.values())}
    return {**found, "args": own["args"]} if "args" in own else found
