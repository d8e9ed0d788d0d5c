"""`shell`: the same in every way to run it; and how `container` calls the engine of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tangentflow import CommandFailed
from tests.engine import command_programs as programs

WAYS = {
    "plain": lambda wf, *args: wf(*args),
    "inline": lambda wf, *args: wf.options(executor="inline", store=False).run(*args).result(),
    "process": lambda wf, *args: wf.options(workers=2, store=False).run(*args).result(),
    "simulate": lambda wf, *args: wf.simulate(*args).result(),
}

SHOWN = "Command 'echo before; echo why >&2; exit 3' returned non-zero exit status 3.\n    why"
VALUES: list[tuple[Any, tuple[Any, ...], Any]] = [
    (programs.in_a_loop, (2,), ["x y 0\n", "x y 2\n"]),
    (programs.caught, (0,), "before"),
    (programs.caught, (3,), [3, "before\n", "why\n", SHOWN]),
    (programs.unchecked, (0,), "out"),
    (programs.unchecked, (4,), ("out", 4)),
    (programs.files, (programs.HOSTILE,), f"{programs.HOSTILE}\udcff\na b.txt\nd"),
    (programs.outputs, (), ("abc", b"1\n", [("x", "1\n")])),
]


@pytest.mark.parametrize("way", WAYS)
def test_values(way: str) -> None:
    for workflow, args, expected in VALUES if way != "simulate" else VALUES[2:5]:
        assert WAYS[way](workflow, *args) == expected, workflow


@pytest.mark.parametrize("way", WAYS)
def test_a_failure(way: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        WAYS[way](programs.fails, 3)
    assert isinstance(caught.value, subprocess.CalledProcessError)
    assert (caught.value.returncode, caught.value.stderr, str(caught.value)) == (3, "why\n", SHOWN)


@pytest.mark.parametrize("way", ["plain", "inline"])
def test_what_is_wrong_is_named(way: str) -> None:
    with pytest.raises(FileNotFoundError, match="did not write 'a'"):
        WAYS[way](programs.missing)
    for name in ("../x", "/etc/x", ""):
        with pytest.raises(ValueError, match="leads to its own directory"):
            WAYS[way](programs.outside, name)


def test_directories_are_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    programs.files("")
    with pytest.raises(CommandFailed):
        programs.fails(1)
    assert list(tmp_path.iterdir()) == []
    code = "import sys; from tests.engine.command_programs import outputs; assert outputs()[0] == 'abc'"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert done.returncode == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
@pytest.mark.parametrize("name", ["outputs", "stopped"])
def test_a_run_leaves_no_directories(executor: str, name: str, tmp_path: Path) -> None:
    """Those of its workers neither, which are killed."""
    (tmp_path / "t").mkdir()
    code = f"""
        from tests.engine.command_programs import {name}
        result = {name}.options(executor={executor!r}, store=False).run().result()
        assert result == "stopped" or result[0] == "abc"
    """
    environment = {**os.environ, "TMPDIR": str(tmp_path / "t")}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, check=False)
    assert done.returncode == 0 and list((tmp_path / "t").iterdir()) == []


ENGINE = """#!/bin/sh
# Stands for a container engine: shows how it was called, and what it would hand on.
echo "$@" | sed "s#$PWD#FOLDER#; s#tangentflow-[0-9a-f]*#NAME#"
echo "$A"
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "an-engine"
    path.write_text(ENGINE)
    path.chmod(0o755)
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", str(path))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("way", ["plain", "inline", "process"])
def test_containers(way: str) -> None:
    command = "run --rm --name NAME --volume FOLDER:/work --workdir /work --env A --entrypoint echo alpine:3 hello"
    expected = [f"{command} {i}\n{programs.HOSTILE}" for i in range(2)]
    assert WAYS[way](programs.in_an_image, 2) == expected
