"""`container`: a step that runs a command in an image.

On Argo the command runs in a pod of its own, in which there is nothing of ours (see `tangentflow.parts`).
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import tempfile
import types
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tangentflow.commands import check_files, finished, put_files, run_command, take_files
from tangentflow.decorators import step
from tangentflow.errors import StepKilled, UsageError
from tangentflow.parts import BEFORE, given, hand_on, is_late, leaving, left, left_folder, part, status
from tangentflow.runtime.podfiles import FOLDER
from tangentflow.runtime.policies import Overdue

__all__ = ["BRACE", "ENGINE", "LARGEST", "Asked", "asked_of", "container", "engine", "escaped", "written_for"]

ENGINE = "TANGENTFLOW_CONTAINER_ENGINE"
"""A variable that names the program by which this machine runs containers."""

LARGEST = 65_536
"""Bytes that a command and its environment may have together: on Argo they travel in the description of a pod."""

BRACE = "TANGENTFLOW_BRACE"
"""A variable that holds an opening brace: where two would stand side by side in a text, Argo would see a tag."""

_IMAGE = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/:@]{0,500}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = re.compile(r"ARGO_\w*|TANGENTFLOW_(BRACE|POD_ROOT)")
_NOT_FOUND = 127


@dataclass(frozen=True)
class Asked:
    """What is asked of a container. `command` None: the image's own."""

    image: str
    command: tuple[str, ...] | None
    env: Mapping[str, str]


@dataclass(frozen=True)
class Within:
    """What the options of a step let its container have of this machine: directories (`path`, or `path:ro`) and variables."""

    volumes: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@step
def container(
    image: str, command: Sequence[str] | None = None, *, env: Mapping[str, Any] | None = None, files: Mapping[str, Any] | None = None,
    out: Mapping[str, type] | None = None, check: bool = True, _within: Within = Within(),
) -> Any:  # fmt: skip
    """Run a command in a container of an image; return what it wrote to its standard output, as text without the last newline.

    The command takes the place of the image's own program; without one, that runs. It has at most 64 KiB together with `env`. `files`, `out`,
    `check` and the exceptions are those of `shell`, but what it wrote to its standard error is only in the logs.

    The directory with the files is the container's working directory. On this machine it runs through docker or podman, whichever is
    there, or what TANGENTFLOW_CONTAINER_ENGINE names; UsageError if there is none.
    """
    asked = asked_of(image, command, env, _within.variables)
    check_files(files, out)
    shown = [asked.image, *(asked.command or ())]
    if part() == BEFORE:
        return _told(asked, files, leaving("files"))
    if part():
        if status() == "Omitted":  # the pod before has failed: this fails in the same way
            with tempfile.TemporaryDirectory() as place:
                return _told(asked, files, Path(place) / "files")
        text = _recorded(shown, check)
        return text if out is None else take_files(left_folder("left"), out)
    program, name = engine(), f"tangentflow-{uuid.uuid4().hex}"

    def line(folder: str) -> list[str]:
        known = (*asked.env, *_within.variables)
        variables = [word for variable in known for word in ("--env", variable)]  # no values in a command line
        mounts = [f"{folder}:{FOLDER}", *[f"{mount.removesuffix(':ro')}:{mount}" for mount in _within.volumes]]
        place = [word for mount in mounts for word in ("--volume", mount)]
        first, *rest = asked.command or ("",)
        entry = ["--entrypoint", first] if asked.command else []
        start = [program, "run", "--rm", "--name", name, *place, "--workdir", FOLDER, *variables]
        return [*start, *entry, asked.image, *rest]

    return run_command(line, shown, asked.env, files, out, check, undo=(program, "rm", "--force", name))


def _adapted(function: Any, options: Mapping[str, Any]) -> Any:
    """Return the function of the step for its options: what its container has of this machine."""
    volumes = [
        f"{path}:ro" if what.endswith(":ro") else path for path, what in sorted(options.get("volumes", {}).items())
    ]
    within = Within(tuple(volumes), tuple(sorted(options.get("secrets", {}))))
    if within == Within():
        return function
    made = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    made.__kwdefaults__ = {**function.__kwdefaults__, "_within": within}
    made.__doc__, made.__module__, made.__qualname__ = function.__doc__, function.__module__, function.__qualname__
    made.__annotations__ = function.__annotations__
    return made


container.adapted = _adapted


def asked_of(image: object, command: object, env: object, secrets: Collection[str] = ()) -> Asked:
    """Return what the arguments of a call ask for, whose step has secrets in these variables.

    Raises TypeError or ValueError for what no way to run it can do.
    """
    if not isinstance(image, str):
        raise TypeError(f"container(image=...) takes the name of an image, not {type(image).__name__}")
    if not _IMAGE.fullmatch(image):
        raise ValueError(f"container(image=...): {image!r} is no name of an image")
    if command is not None and (isinstance(command, (str, bytes)) or not isinstance(command, Sequence)):
        raise TypeError(f'container(command=...) takes a list of texts, like ["sh", "-c", "date"], not {command!r}')
    if command is not None and not (command and command[0]):
        raise ValueError(
            "container(command=...): it begins with the name of a program; leave it out for the image's own"
        )
    for word in command or ():
        _check_text("a word of container(command=...)", word)
    if not isinstance(env or {}, Mapping):
        raise TypeError(f"container(env=...) takes a dict, not {type(env).__name__}")
    variables: dict[str, str] = {}
    for name, value in dict(env or {}).items():  # type: ignore[call-overload]
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name) or _RESERVED.fullmatch(name):
            raise ValueError(f"container(env=...): {name!r} is no name for a variable of one's own")
        if name in secrets:
            raise ValueError(
                f"container(env=...): {name!r} has a secret, by the options of the step: leave out one of them"
            )
        variables[name] = str(value)
        _check_text(f"the value of container(env={{{name!r}: ...}})", variables[name])
    words = None if command is None else tuple(command)
    size = sum(len(text.encode()) for text in (*(words or ()), *variables, *variables.values()))
    if size > LARGEST:
        raise ValueError(
            f"the command and the environment of a container have at most {LARGEST} bytes, and these have {size}: give large ones as files="
        )
    return Asked(image, words, variables)


def _check_text(what: str, text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a text, not {type(text).__name__}: {text!r}")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError(f"{what} is a text without zeros and lone surrogates, not {text!r}")


def engine() -> str:
    """Return the program by which this machine runs containers. Raises UsageError if there is none."""
    named = os.environ.get(ENGINE)
    found = next((path for name in ([named] if named else ["docker", "podman"]) if (path := shutil.which(name))), None)
    if found is None:
        wanted = repr(named) if named else "docker or podman"
        raise UsageError(
            f"container() needs {wanted} on this machine, and there is none: install it, or write the command as shell(...)"
        )
    return found


# -- the parts of a step on Argo --------------------------------------------------------------------------------------


def written_for(asked: Asked) -> dict[str, Any]:
    """Return the fields of a pod's container, so written that they arrive as they are."""
    values = {name: escaped(value) for name, value in asked.env.items()}
    words = [escaped(word) for word in asked.command or ()]
    env = [{"name": name, "value": value} for name, value in values.items()]
    if any(f"$({BRACE})" in text for text in (*values.values(), *words)):
        env.insert(0, {"name": BRACE, "value": "{"})
    found: dict[str, Any] = {"command": words[:1], "args": words[1:], "env": env}
    return {name: value for name, value in found.items() if value}


def escaped(text: str) -> str:
    """Return a text as it stands in the description of a pod, where Argo replaces tags, and Kubernetes `$(NAME)` and `$$`."""
    return re.sub(r"(?<=\{)\{", f"$({BRACE})", text.replace("$", "$$"))


def _told(asked: Asked, files: Mapping[str, Any] | None, folder: Path) -> str:
    """Hand what is asked on to the work; as base64, in which there is nothing that could be taken for something else."""
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    put_files(folder, files)
    if asked.command is None:
        raise UsageError(
            "the Argo document cannot say that a container has no command where only a run knows so: leave it out in the call"
        )
    fields = written_for(asked)
    [program] = fields.pop("command")
    patch = json.dumps({"containers": [{"name": "main", **fields}]})
    hand_on("image", asked.image)
    for name, text in (("program", program), ("patch", patch)):
        hand_on(name, base64.b64encode(text.encode()).decode())
    return ""


def _recorded(shown: list[str], check: bool) -> Any:
    """Return what came of the command, or raise its exception."""
    code, wrote = given()["code"], left("stdout")
    if status() == "Failed" and code == "64" and wrote is None:  # the engine's way to say that there is no such program
        return finished(_NOT_FOUND, shown, b"", None, check)
    if wrote is None and is_late():
        raise Overdue()
    if status() == "Error" or not code or wrote is None:
        told = f", exit code {code}" if code else ""
        raise StepKilled(f"the pod of container({shown[0]!r}, ...) was lost: it ended as {status()}{told}", "container")
    return finished(int(code), shown, wrote.read_bytes(), None, check)
