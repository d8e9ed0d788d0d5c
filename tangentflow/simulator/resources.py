"""Pods that make an object of Kubernetes: by kubectl, in the cluster that it knows."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tangentflow.conditions import Requirement, found_at, holds, requirements
from tangentflow.simulator.errors import NotSimulated
from tangentflow.simulator.orders import PodReport

__all__ = ["run_resource"]

Json = dict[str, Any]

_WORDS = {">": "gt", "<": "lt", "in": "in", "notin": "notin"}
_PAUSE = 0.2


class _Refused(Exception):
    """What kubectl says where it refuses."""


def run_resource(template: Json, manifest: str, kubectl: Sequence[str], ended: Callable[[], str]) -> PodReport:
    """Make an object and wait for its end, as the engine's pod does. `ended` gives why the pod is to end, if it is.

    Raises:
        NotSimulated: for an action other than `create`, and outputs that are no plain path into the object.
    """
    work, where = template["resource"], f"template {template['name']}"
    if work["action"] != "create" or work.get("flags") or work.get("setOwnerReference"):
        raise NotSimulated(where, "only resources that are created, without flags and owners, are simulated")
    wanted, unwanted = (
        requirements(work[name]) if work.get(name) else [] for name in ("successCondition", "failureCondition")
    )
    try:
        live = _asked([*kubectl, "create", "-f", "-", "-o", "json"], manifest)
        look = [*kubectl, "get", *_named(live), "-o", "json"]
        while wanted or unwanted:
            broken = next((requirement for requirement in unwanted if holds(requirement, live)), None)
            if broken is not None:
                return _failed(f"failure condition '{{{_shown(broken)}}}' evaluated true")
            if all(holds(requirement, live) for requirement in wanted):
                break
            if ended():
                return PodReport("Failed", ended(), 143)
            time.sleep(_PAUSE)
            live = _asked(look, "")
    except _Refused as error:
        return _failed(f"no more retries {error}")
    outputs = (template.get("outputs") or {}).get("parameters") or []
    return PodReport("Succeeded", "", 0, {p["name"]: _output(p["valueFrom"], live, where) for p in outputs} or None)


def _named(live: Mapping[str, Any]) -> list[str]:
    group, _, version = live["apiVersion"].rpartition("/")
    kind = f"{live['kind'].lower()}.{version}.{group}" if group else live["kind"].lower()
    space = live["metadata"].get("namespace")
    return [f"{kind}/{live['metadata']['name']}", *(["-n", space] if space else [])]


def _asked(command: Sequence[str], text: str) -> Json:
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise _Refused(done.stderr.decode(errors="replace").strip())
    answer: Json = json.loads(done.stdout)
    return answer


def _failed(why: str) -> PodReport:
    return PodReport("Failed", f"main: Error (exit code 64): {why}", 64)


def _shown(requirement: Requirement) -> str:
    return (
        f"{requirement.key} {_WORDS.get(requirement.operator, requirement.operator)} [{' '.join(requirement.values)}]"
    )


def _output(source: Mapping[str, Any], live: Json, where: str) -> str:
    path = source.get("jsonPath", "")
    if path == "{@}":
        return json.dumps(live, separators=(",", ":"))
    match = re.fullmatch(r"\{\.([\w.]+)\}", path)
    if match is None:
        raise NotSimulated(where, f"an output of a resource by {path or 'anything but jsonPath'!r}")
    return found_at(live, match[1]) or ""
