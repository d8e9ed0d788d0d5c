"""Workflows over files, for tests of the engine."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

from tangentflow import step, workflow


def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="path-steps-"))


@step
def upper(data: Path) -> Path:
    made = folder() / f"{data.stem}.upper"
    made.write_text(data.read_text().upper())
    print("upper", data.name)
    return made


@step
def read(data: Path | None = None) -> str:
    return "nothing" if data is None else data.read_text()


@step
def change(data):
    data.write_text("changed")
    return data


@step(check=False)
def change_own(data):
    data.write_text("changed")
    return data


@step
def make(target):
    target.write_text("made")
    return target


@step
def die(data, flag):
    """Die once."""
    if not Path(flag).exists():
        Path(flag).write_text(str(data))
        os.kill(os.getpid(), signal.SIGKILL)
    return data.read_text()


@step
def where(data):
    return str(data)


@step
def block(megabytes):
    made = folder() / "block"
    with open(made, "wb") as file:
        for i in range(megabytes):
            file.write(bytes([i % 256]) * (1 << 20))
    return made


@step
def many(n):
    made = folder() / "many"
    made.mkdir()
    for i in range(n):
        (made / f"{i}.txt").write_text(f"{i}")
    return made


@step
def measure(path):
    return path.stat().st_size if path.is_file() else sorted(int(p.read_text()) for p in path.iterdir())


@workflow
def louder(data: Path, other: Path | None = None):
    loud = upper(data)
    return read(loud), loud, data.name, read(other)


@workflow
def default(data: Path = Path("in.txt")):
    return read(data), data.stem


@workflow
def changed(data):
    return change(data), read(data)


@workflow
def own_changed(data):
    return change_own(data), read(data)


@workflow
def made(target):
    return make(target)


@workflow
def dies(data, flag):
    try:
        return die(data, flag)
    except Exception as error:
        return type(error).__name__


@workflow
def place(data):
    return where(data)


@workflow
def large(megabytes, n):
    one, other = block(megabytes), many(n)
    return measure(one), measure(other), one, other


@workflow
def named(data):
    loud = upper(data)
    try:
        return f"{loud}"
    except Exception:
        return "caught"


@workflow
def by_path(data):
    return {upper(data): 1}


@workflow
def given_by_path(found):
    return found
