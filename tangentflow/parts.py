"""What the pods around some work tell each other, of a step whose work no pod of ours does.

A pod before the work may work out what it needs, a pod behind it records the outcome. Both call the step, which knows them by `PART`.
"""

from __future__ import annotations

import base64
import os
from datetime import datetime
from pathlib import Path

from tangentflow.runtime.podfiles import root

__all__ = [
    "AFTER",
    "BEFORE",
    "BEGAN",
    "ENDED",
    "GIVEN",
    "LEFT",
    "LIMIT",
    "PART",
    "POD",
    "STATUS",
    "given",
    "hand_on",
    "is_late",
    "leave",
    "leaving",
    "left",
    "left_folder",
    "part",
    "status",
]

PART = "TANGENTFLOW_PART"
"""The variable that says which part of a step a pod does: `BEFORE` or `AFTER`."""

BEFORE, AFTER = "before", "after"

GIVEN, STATUS = "TANGENTFLOW_GIVEN", "TANGENTFLOW_STATUS"
"""What a pod behind the work is told: `name=base64` of each text that the work gave; the phase in which the work ended."""

LIMIT, BEGAN, ENDED = "limit", "began", "ended"
"""Texts that work with a limit of time gives: the limit in seconds, and when it began and ended."""

POD = "pod"
"""A text that work gives that may have several pods, one for an attempt: the id of the last one, which its pod is called by."""

_SKEW = 5.0
"""Seconds by which the clocks that limit work and tell its times may differ."""

LEFT = "/tf/in/{name}/v"
"""Where a pod behind the work finds a file that the work left."""


def part() -> str:
    """Return which part of a step this pod does; nothing where it is not in parts."""
    return os.environ.get(PART, "")


def status() -> str:
    """Return the phase in which the work ended."""
    return os.environ[STATUS]


def hand_on(name: str, text: str) -> None:
    """Write an output parameter of this pod."""
    with open(f"{root()}/tf/out/flags/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def leave(name: str, data: bytes) -> None:
    """Leave a file for the work."""
    leaving(name).write_bytes(data)


def leaving(name: str) -> Path:
    """Return where something lies that is left for the work."""
    return Path(f"{root()}/tf/out/{name}")


def given() -> dict[str, str]:
    """Return the texts that the work gave."""
    pairs = [pair.partition("=") for pair in os.environ[GIVEN].split()]
    return {name: base64.b64decode(text).decode() for name, _, text in pairs}


def is_late(surely: bool = False) -> bool:
    """Whether the work has failed when its time was over.

    Who calls this knows that it did not end by itself, so clocks may differ a little; `surely` allows for none, for who does not know.
    """
    texts = given()
    if status() != "Failed" or not texts.get(LIMIT):
        return False
    began, ended = (datetime.fromisoformat(texts[name].replace("Z", "+00:00")) for name in (BEGAN, ENDED))
    return (ended - began).total_seconds() >= float(texts[LIMIT]) - (0.0 if surely else _SKEW)


def left(name: str) -> Path | None:
    """Return the file that the work left under a name, or that its last attempt left; None if it left none."""
    path = left_folder(name)
    if POD in given():
        number = given()[POD].rpartition("-")[2]
        found = [file for file in sorted(path.iterdir()) if file.name.rpartition("-")[2] == number] if number else []
        path = found[0] if found else path
    return path if path.is_file() else None


def left_folder(name: str) -> Path:
    """Return where the work left a directory under a name; it is empty if it left none."""
    return Path(root() + LEFT.format(name=name))
