"""Volumes of pods: their programs see this machine's directories at the same paths, or a folder of the pod's own if they have a root of theirs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tangentflow.simulator.document import kind_of
from tangentflow.simulator.errors import NotSimulated

__all__ = ["check_volumes"]


def check_volumes(template: Mapping[str, Any], spec: Mapping[str, Any], rooted: bool) -> None:
    """Check that what a pod mounts is declared, and is there. `rooted`: the pod has a root folder of its own, in which there are no volumes.

    Raises:
        NotSimulated: for a volume that is not.
    """
    mounts = template[kind_of(template)].get("volumeMounts") or []
    where = f"template {template['name']}"
    empty = {volume["name"] for volume in template.get("volumes") or [] if "emptyDir" in volume}
    declared = {volume["name"] for place in (template, spec) for volume in place.get("volumes") or []}
    declared |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or []}
    for mount in mounts:
        path = mount["mountPath"]
        if mount["name"] not in declared:
            raise NotSimulated(where, f"volume {mount['name']!r} at {path} is declared nowhere: no pod could be made")
        if mount["name"] in empty and path == template[kind_of(template)].get("workingDir"):
            continue
        if rooted:
            raise NotSimulated(
                where,
                f"a volume at {path}: pods with a root folder of their own have none but an empty working directory",
            )
        if not os.path.isdir(path):
            raise NotSimulated(
                where, f"a volume at {path}: pods see this machine's directories, and there is no such one"
            )
