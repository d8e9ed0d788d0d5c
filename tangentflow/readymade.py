"""Which options the steps have that come ready-made: those that can be kept in every way to run them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tangentflow import accepts
from tangentflow.accepts import Check, Wrong
from tangentflow.fields import OF_CONTAINERS, OF_RESOURCES
from tangentflow.runtime.podfiles import FOLDER

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A ready-made step: the options that it has not, each with the reason and what to write instead, and checks of its own."""

    refused: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Check] = field(default_factory=dict)


def _volumes(value: object) -> None:
    """Accept volumes of a container."""
    accepts.volumes(shared=False)(value)
    assert isinstance(value, Mapping)
    hiding = [path for path in value if path == FOLDER or path.startswith(f"{FOLDER}/")]
    if hiding:
        raise Wrong(f"a mapping of paths outside of {FOLDER}, where the command works, not of {hiding[0]}", ValueError)


_IN_THE_MANIFEST = "the engine's own pod makes the object: what the pods of the object need is said in its manifest"
_NO_POD = (
    "no pod runs while it waits: say it of the steps behind it, or of the pods of a run, as in @workflow(labels={...})"
)

KINDS: Mapping[str, Kind] = {
    "tangentflow.containers.container": Kind(
        {
            "image": "its pod has the image of the call: write container('IMAGE', ...)",
            "env": "the command has the variables of the call: write container(..., env={...})",
            "chunk": "each command has a pod of its own: leave it out",
        },
        {"volumes": _volumes, "argo": OF_CONTAINERS},
    ),
    "tangentflow.resources.resource": Kind(
        {
            **dict.fromkeys(("image", "env", "secrets", "volumes", "cpu", "memory", "gpu"), _IN_THE_MANIFEST),
            "chunk": "each object has a pod of its own: leave it out",
        },
        {"argo": OF_RESOURCES},
    ),
    "tangentflow.waiting.suspend": Kind(
        {
            **dict.fromkeys(("retries", "backoff", "on"), "an answer is no attempt: to ask again, call it in a while"),
            "timeout": "its limit is an argument of the call: write suspend(..., timeout='2h')",
            "cache": "each run asks anew: leave it out",
            "max_concurrent": "nothing runs while it waits: leave it out",
            **dict.fromkeys(
                ("image", "env", "secrets", "volumes", "cpu", "memory", "gpu", "chunk", "node_selector", "tolerations"),
                _NO_POD,
            ),
            **dict.fromkeys(("service_account", "labels", "annotations", "argo"), _NO_POD),
        }
    ),
}
"""The ready-made steps that are not like others, by module and name."""
