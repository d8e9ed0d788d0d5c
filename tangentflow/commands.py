"""`shell`: a step that runs a script; and what it has in common with `container`, which runs a command in an image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tangentflow.decorators import step
from tangentflow.running import run, undone_with_us
from tangentflow.runtime.scratch import own_prefix

__all__ = [
    "CommandFailed",
    "Output",
    "check_files",
    "finished",
    "put_files",
    "run_command",
    "shell",
    "take_files",
]

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
    return run_command(lambda folder: ["sh", "-c", script], script, env, files, out, check)


def run_command(
    line: Callable[[str], list[str]], shown: Any, env: Mapping[str, Any] | None, files: Mapping[str, Any] | None,
    out: Mapping[str, type] | None, check: bool, undo: Sequence[str] = (),
) -> Any:  # fmt: skip
    """Run a command line in a directory of its own, which it is made of; return the result of its step.

    `undo` is a command that undoes what one has started elsewhere which is killed. (Then nobody tells its standard error from that of the
    engine, so its exception does not repeat it.)
    """
    check_files(files, out)
    directory = tempfile.TemporaryDirectory(prefix=own_prefix("command"), ignore_cleanup_errors=True)
    folder = Path(directory.name)
    try:
        put_files(folder, files)
        environment = {**os.environ, **{key: str(value) for key, value in (env or {}).items()}}
        with undone_with_us(undo) as ended:
            done = run(line(directory.name), directory.name, environment)
            if done.returncode >= 0:
                ended.append(True)
        said = _text(done.stderr)
        sys.stderr.write(said.encode("utf-8", "replace").decode("utf-8"))
        text = finished(done.returncode, shown, done.stdout, None if undo else said, check)
        result = take_files(folder, out)
        if Path in (out or {}).values():
            _kept.append(directory)
    finally:
        if directory not in _kept:
            directory.cleanup()
    return text if out is None else result


def finished(status: int, shown: Any, wrote: bytes, said: str | None, check: bool) -> str:
    """Return what a command wrote to its standard output, as the result of its step; or raise CommandFailed."""
    text = _text(wrote)
    if check and status:
        raise CommandFailed(status, shown, text, said)
    text = text[:-1] if text.endswith("\n") else text
    return text if check else Output(text, status)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def check_files(files: Mapping[str, Any] | None, out: Mapping[str, type] | None) -> None:
    """Raise ValueError or TypeError for files of a command that cannot be meant."""
    for name in [*(files or {}), *(out or {})]:
        _check_name(name)
    for name, kind in (out or {}).items():
        if kind not in (Path, str, bytes):
            raise TypeError(f"out={{{name!r}: ...}} takes Path, str or bytes, not {kind!r}")


def put_files(folder: Path, files: Mapping[str, Any] | None) -> None:
    """Put the files of a command into its directory."""
    for name, content in (files or {}).items():
        _put(folder / name, content)


def take_files(folder: Path, out: Mapping[str, type] | None) -> dict[str, Any]:
    """Return what a command left in its directory. Raises FileNotFoundError for what it did not."""
    return {name: _take(folder / name, kind) for name, kind in (out or {}).items()}


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
