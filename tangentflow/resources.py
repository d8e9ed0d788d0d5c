"""`resource`: a step that makes an object of Kubernetes and waits until it is done.

On Argo the engine's own pod does that (see `tangentflow.parts`); on this machine it is kubectl.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tangentflow.conditions import Requirement, holds, requirements
from tangentflow.decorators import step
from tangentflow.errors import StepFailed, StepKilled, UsageError
from tangentflow.parts import BEFORE, given, hand_on, is_late, leave, part, status
from tangentflow.runtime.policies import Overdue

__all__ = ["KUBECTL", "LARGEST", "Live", "kubectl", "manifest_text", "resource"]

KUBECTL = "TANGENTFLOW_KUBECTL"
"""A variable with the command by which this machine reaches a cluster."""

LARGEST = 512_000
"""Bytes that a manifest may have: the store of a cluster takes no more than three times as many."""

_REFUSED = "64"
"""The exit code of the engine's pod where the object cannot be made or has failed, and at times where its time is over."""

_SHORTEST, _LONGEST = 0.1, 5.0
"""Seconds between two looks at an object: each pause is twice as long as the one before."""


class Live(dict[str, Any]):
    """An object of Kubernetes as it was last seen: a dict whose keys are attributes too, `job.metadata.uid`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, value in self.items():
            self[key] = _live(value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            keys = ", ".join(self) or "none"
            raise AttributeError(f"this object has no {name!r}; its keys are {keys}") from None

    def __reduce__(self) -> Any:
        return Live, (dict(self),)


def _live(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value if isinstance(value, Live) else Live(value)
    return [_live(item) for item in value] if isinstance(value, list) else value


@step
def resource(manifest: Mapping[str, Any] | str, *, success: str | None = None, failure: str | None = None) -> Live:
    """Make an object of Kubernetes from its manifest, wait for its end, and return the object as it then is.

    The manifest is a dict, or a text of YAML or JSON. It is done when all parts of `success` hold, conditions like "status.succeeded > 0" with
    commas between them; it has failed as soon as a part of `failure` holds. With neither, the object as it was made is returned at once.
    The object stays; what removes it is said in its manifest.

    On this machine kubectl does that (or the command in TANGENTFLOW_KUBECTL), in the cluster that it knows. Raises StepFailed if the object
    cannot be made, is deleted, or has failed, TypeError or ValueError for arguments that cannot be meant, UsageError where there is no kubectl.
    """
    text = manifest_text(manifest)
    wanted, unwanted = (_parts(name, given) for name, given in (("success", success), ("failure", failure)))
    if part() == BEFORE:
        leave("manifest", text.encode())
        for name, condition in (("success", success), ("failure", failure)):
            hand_on(name, base64.b64encode((condition or "").encode()).decode())
        return Live()
    if part():
        return _recorded()
    return _made(text, wanted, unwanted)


def manifest_text(manifest: object) -> str:
    """Return a manifest as a text. Raises TypeError or ValueError for what is none."""
    if isinstance(manifest, str):
        text = manifest
    elif isinstance(manifest, Mapping):
        try:
            text = json.dumps(manifest, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise type(error)(f"resource(manifest=...) is made of texts, numbers, lists and dicts: {error}") from None
    else:
        raise TypeError(f"resource(manifest=...) takes a dict or a text, not {type(manifest).__name__}")
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
        raise ValueError("resource(manifest=...) is a text without zeros and lone surrogates")
    if not text.strip() or len(text.encode()) > LARGEST:
        raise ValueError(f"resource(manifest=...) has between 1 and {LARGEST} bytes, not {len(text.encode())}")
    return text


def _parts(name: str, condition: object) -> list[Requirement]:
    if condition is None:
        return []
    if not isinstance(condition, str):
        raise TypeError(f"resource({name}=...) takes a text, not {type(condition).__name__}")
    try:
        return requirements(condition)
    except ValueError as error:
        raise ValueError(f"resource({name}=...): {error}") from None


def _failed() -> StepFailed:
    told = "the object could not be made, was deleted, or its failure= came true; the logs of the step tell"
    return StepFailed(f"resource(...) failed: {told}", "resource")


def _recorded() -> Live:
    """Return the object that the engine's pod has seen last."""
    if is_late(surely=given().get("code") == _REFUSED):
        raise Overdue()
    if status() == "Failed":
        raise _failed()
    if status() != "Succeeded":
        raise StepKilled(f"the pod of resource(...) was lost: it ended as {status()}", "resource")
    return Live(json.loads(given()["object"]))


# -- on this machine --------------------------------------------------------------------------------------------------


def _made(text: str, wanted: Iterable[Requirement], unwanted: Iterable[Requirement]) -> Live:
    command = kubectl()
    live = _asked([*command, "create", "-f", "-", "-o", "json"], text)
    kind, group = live["kind"].lower(), live["apiVersion"].rpartition("/")[0]
    space = live["metadata"].get("namespace")
    name = f"{kind}.{live['apiVersion'].rpartition('/')[2]}.{group}" if group else kind
    look = [*command, "get", f"{name}/{live['metadata']['name']}", *(["-n", space] if space else []), "-o", "json"]
    pause = _SHORTEST
    while wanted or unwanted:
        broken = next((requirement for requirement in unwanted if holds(requirement, live)), None)
        if broken is not None:
            print(f"tangentflow: {live['metadata']['name']}: {broken.key} says that it has failed", file=sys.stderr)
            raise _failed()
        if all(holds(requirement, live) for requirement in wanted):
            break
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST)
        live = _asked(look, "")
    return Live(live)


def kubectl() -> list[str]:
    """Return the command by which this machine reaches a cluster. Raises UsageError if there is none."""
    command = shlex.split(os.environ.get(KUBECTL) or "kubectl")
    if not command or shutil.which(command[0]) is None:
        raise UsageError(
            f"resource() needs kubectl and a cluster on this machine: install it, or name its command in {KUBECTL}; on Argo it needs neither"
        )
    return command


def _asked(command: list[str], text: str) -> dict[str, Any]:
    """Return what kubectl answers; StepFailed if it refuses."""
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr.decode("utf-8", "replace"))
        raise _failed()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
