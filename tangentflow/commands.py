"""Steps that run a command: `shell` here, `container` in an image.

Both are step functions, so their calls stand in loops, conditions and `try` like those of any step.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tangentflow.decorators import step
from tangentflow.errors import UsageError

__all__ = ["CommandFailed", "Output", "container", "shell"]

_SHOWN = 20
"""Lines of what a failed command said that its exception repeats."""

_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Directories with files that were given as results: they go with the process, as no one knows who has a path."""


class Output(str):
    """What a command wrote to its standard output, without the last newline; `returncode` is its exit status."""

    returncode: int

    def __new__(cls, text: str, returncode: int) -> Output:
        """Return a text with an exit status."""
        made = super().__new__(cls, text)
        made.returncode = returncode
        return made

    def __getnewargs__(self) -> tuple[str, int]:  # type: ignore[override]
        return str(self), self.returncode


class CommandFailed(subprocess.CalledProcessError):
    """A command ended with a status other than 0. `output` and `stderr` are what it wrote, as text."""

    def __str__(self) -> str:
        said = (self.stderr or self.output or "").strip().splitlines()[-_SHOWN:]
        return "\n    ".join([super().__str__(), *said])


@step
def shell(
    script: str, *, env: Mapping[str, Any] | None = None, files: Mapping[str, Any] | None = None, out: Mapping[str, type] | None = None,
    check: bool = True,
) -> Any:  # fmt: skip
    """Run a script with `sh` and return what it wrote to its standard output, as text without the last newline.

    It runs in an empty directory of its own, where `files` are put first: a name for each text, bytes or path (a file or directory is
    copied). `env` is added to the environment, `str()` of each value. `out` names files or directories that the script leaves there, with
    the type that each is wanted as (`Path`, `str` or `bytes`); the result is then a dict of these instead of the text.

    Raises CommandFailed (a `subprocess.CalledProcessError`) for a status other than 0; with `check=False` the result is a `str` that has
    `returncode`. Raises FileNotFoundError for an output that the script did not write.
    """
    return _run(lambda folder: ["sh", "-c", script], script, env, files, out, check)


@step
def container(
    image: str, command: Sequence[str] | None = None, *, env: Mapping[str, Any] | None = None, files: Mapping[str, Any] | None = None,
    out: Mapping[str, type] | None = None, check: bool = True,
) -> Any:  # fmt: skip
    """Run a command in a container of an image; arguments, result and exceptions are those of `shell`.

    The directory with the files is the container's working directory. On this machine it runs through docker or podman, whichever is
    there, or what TANGENTFLOW_CONTAINER_ENGINE names; UsageError if there is none.
    """
    engine = _container_engine()

    def line(folder: str) -> list[str]:
        variables = [
            part for name in env or {} for part in ("--env", name)
        ]  # the values are in the environment, not in a command line
        mounted = ["--volume", f"{folder}:/work", "--workdir", "/work"]
        return [engine, "run", "--rm", *mounted, *variables, image, *(command or ())]

    return _run(line, [image, *(command or ())], env, files, out, check)


def _container_engine() -> str:
    named = os.environ.get("TANGENTFLOW_CONTAINER_ENGINE")
    found = next((path for name in ([named] if named else ["docker", "podman"]) if (path := shutil.which(name))), None)
    if found is None:
        wanted = repr(named) if named else "docker or podman"
        raise UsageError(
            f"container() needs {wanted} on this machine, and there is none: install it, or write the command as shell(...)"
        )
    return found


def _run(
    line: Any, shown: Any, env: Mapping[str, Any] | None, files: Mapping[str, Any] | None, out: Mapping[str, type] | None, check: bool
) -> Any:  # fmt: skip
    for name in [*(files or {}), *(out or {})]:
        _check_name(name)
    for name, kind in (out or {}).items():
        if kind not in (Path, str, bytes):
            raise TypeError(f"out={{{name!r}: ...}} takes Path, str or bytes, not {kind!r}")
    directory = tempfile.TemporaryDirectory(prefix="tangentflow-command-", ignore_cleanup_errors=True)
    folder = Path(directory.name)
    try:
        for name, content in (files or {}).items():
            _put(folder / name, content)
        done = subprocess.run(
            line(directory.name), cwd=folder, env={**os.environ, **{key: str(value) for key, value in (env or {}).items()}},
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        text, said = (part.decode("utf-8", "surrogateescape") for part in (done.stdout, done.stderr))
        sys.stderr.write(said.encode("utf-8", "replace").decode("utf-8"))
        if check and done.returncode:
            raise CommandFailed(done.returncode, shown, text, said)
        result = {name: _take(folder / name, kind) for name, kind in (out or {}).items()}
        if Path in (out or {}).values():
            _kept.append(directory)
    finally:
        if directory not in _kept:
            directory.cleanup()
    if out is not None:
        return result
    text = text[:-1] if text.endswith("\n") else text
    return text if check else Output(text, done.returncode)


def _check_name(name: str) -> None:
    if not name or os.path.isabs(name) or ".." in Path(name).parts:
        raise ValueError(
            f"the name of a file of a command is relative, and leads to its own directory: {name!r} does not"
        )


def _put(place: Path, content: Any) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        place.write_text(content, encoding="utf-8")
    elif isinstance(content, bytes):
        place.write_bytes(content)
    elif isinstance(content, Path):
        if content.is_dir():
            shutil.copytree(content, place, symlinks=True)
        else:
            shutil.copy2(content, place)
    else:
        raise TypeError(f"a file of a command is a text, bytes or a path, not {type(content).__name__}: {place.name!r}")


def _take(place: Path, kind: type) -> Any:
    if not place.exists():
        raise FileNotFoundError(f"the command did not write {place.name!r}, which it was to leave")
    if kind is Path:
        return place
    return place.read_bytes() if kind is bytes else place.read_text(encoding="utf-8")
