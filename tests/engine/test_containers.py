"""`container`: the same in every way to run it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tangentflow import CommandFailed
from tangentflow.containers import LARGEST
from tangentflow.errors import UsageError
from tests.engine import container_programs as programs

WAYS = {
    "plain": lambda wf, *args: wf(*args),
    "inline": lambda wf, *args: wf.options(executor="inline", store=False).run(*args).result(),
    "process": lambda wf, *args: wf.options(workers=2, store=False).run(*args).result(),
    "simulate": lambda wf, *args: wf.simulate(*args).result(),
}
COMMAND = ["alpine:3", "sh", "-c", "echo before; echo why >&2; exit 3"]
SHOWN = f"Command '{COMMAND}' returned non-zero exit status 3.\n    before"
HOSTILE = programs.HOSTILE
VALUES: list[tuple[Any, tuple[Any, ...], Any]] = [
    (programs.one, (), "hi"),
    (programs.own_program, (), "the program of registry.example/team/tool:1.2@sha256:0"),
    (
        programs.words,
        (HOSTILE,),
        (f"{HOSTILE}|| |", f"{HOSTILE}4alpine:3", f"{HOSTILE}|{HOSTILE[::-1]}|"),
    ),
    (programs.in_a_loop, (2,), ["0\n", "2\n"]),
    (programs.until, (3,), "0000"),
    (programs.caught, (0,), "before"),
    (programs.caught, (3,), [3, COMMAND, "before\n", None, (3, COMMAND, "before\n", None), SHOWN]),
    (programs.unchecked, (0,), "out"),
    (programs.unchecked, (4,), ("out", 4)),
    (programs.branches, (1,), None),
    (programs.branches, (2,), "2"),
    (programs.nested, (1,), ["before"]),
    (programs.large, (600_000,), 600_001),
    (programs.files, ("{{x}} $$",), "{{x}} $$\udcff\n{{x 1\na b.txt\nd\ntool"),
    (programs.outputs, (2,), [(f"abc{i}", b"1\n", [("x", "1\n")]) for i in range(2)]),
    (programs.both_ways, ("abc",), "ABC"),
    (programs.wrong_file, ("x", 3), "TypeError: a file of a command is a text, bytes or a path, not int: 'x'"),
    (
        programs.wrong_file,
        ("../x", ""),
        "ValueError: the name of a file of a command is relative, and leads to its own directory: '../x' does not",
    ),
    (programs.arguments_raise, (0,), "integer division or modulo by zero"),
    (programs.arguments_raise, (5,), "2"),
]


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", str(Path(__file__).with_name("container_engine.py")))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain calls write files to the working directory."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_values(way: str) -> None:
    for workflow, args, expected in VALUES:
        assert WAYS[way](workflow, *args) == expected, workflow


@pytest.mark.parametrize("way", WAYS)
def test_a_failure(way: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        WAYS[way](programs.fails, 3)
    assert isinstance(caught.value, subprocess.CalledProcessError)
    assert (caught.value.returncode, caught.value.output, str(caught.value)) == (3, "before\n", SHOWN)
    with pytest.raises(CommandFailed) as caught:
        WAYS[way](programs.no_such_program, "no-such-program")
    assert caught.value.args == (127, ["alpine:3", "no-such-program"], "", None)
    with pytest.raises(FileNotFoundError, match="did not write 'b'"):
        WAYS[way](programs.missing, ["b"])


WRONG: list[tuple[tuple[Any, ...], str]] = [
    (("--privileged", ["a"], None), "ValueError: container(image=...): '--privileged' is no name of an image"),
    ((3, ["a"], None), "TypeError: container(image=...) takes the name of an image, not int"),
    (("a", "echo x", None), "TypeError: container(command=...) takes a list of texts"),
    (("a", [], None), "ValueError: container(command=...): it begins with the name of a program"),
    (("a", ["echo", 1], None), "TypeError: a word of container(command=...) is a text, not int: 1"),
    (("a", ["a\0"], None), "ValueError: a word of container(command=...) is a text without zeros"),
    (("a", ["a"], {"A": "\udcff"}), "ValueError: the value of container(env={'A': ...}) is a text without zeros"),
    (("a", ["a"], {"A=B": ""}), "ValueError: container(env=...): 'A=B' is no name for a variable of one's own"),
    (("a", ["a"], {"ARGO_TEMPLATE": ""}), "ValueError: container(env=...): 'ARGO_TEMPLATE' is no name for"),
    (("a", ["a", "x" * LARGEST], None), f"ValueError: the command and the environment of a container have at most {LARGEST}"),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_is_named(way: str) -> None:
    for args, said in WRONG if way != "simulate" else WRONG[::4]:
        assert WAYS[way](programs.wrong, *args).startswith(said)


def test_no_container_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", "/no/such/engine")
    for way in WAYS:
        with pytest.raises(UsageError, match=r"container\(\) needs '/no/such/engine' on this machine"):
            WAYS[way](programs.one)


def templates(workflow: Any, *args: Any) -> dict[str, Any]:
    return {t["name"]: t for t in workflow.graph.argo(*args)["spec"]["templates"]}


def test_the_document() -> None:
    found = templates(programs.one)
    work = found["container-work"]
    assert {k: work["container"][k] for k in ("image", "command", "args", "workingDir")} == {
        "image": "alpine:3", "command": ["echo"], "args": ["hi"], "workingDir": "/work",
    }  # fmt: skip
    assert [task["name"] for task in found["container"]["dag"]["tasks"]] == ["t-work", "t-record"]
    assert "command" not in templates(programs.own_program)["container-work"]["container"]
    found = templates(programs.in_a_loop, 1)
    assert [task["name"] for task in found["loop-container"]["dag"]["tasks"]] == ["t-before", "t-work", "t-record"]


def test_what_documents_cannot_say() -> None:
    with pytest.raises(
        UsageError, match=r"this container\(...\) \(.*programs.py:\d+\): its arguments are known to a run only"
    ):
        programs.no_command.graph.yaml("alpine")


def test_explain_names_the_pods() -> None:
    line = programs.in_a_loop.function.__code__.co_firstlineno + 4
    told = " ".join(programs.in_a_loop.graph.explain(line).split())
    assert "There `loop-container-work` runs the command" in told


def test_documents_with_files() -> None:
    found = templates(programs.files, "x")
    [given] = found["container-work"]["inputs"]["artifacts"]
    assert (given["path"], given["mode"], "archive" in given) == ("/work", 0o777, False)
    assert "volumes" not in found["container-work"]
    left = {a["name"]: a["path"] for a in templates(programs.outputs, 1)["loop-container-work"]["outputs"]["artifacts"]}
    assert left == {"stdout": "/var/run/argo/ctr/main/stdout", "left": "/work"}
