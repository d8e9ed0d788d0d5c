"""Paths as arguments and results of runs: real files, in every way to run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tangentflow import attach
from tangentflow.errors import LateRefusal, MutatedArgument, UsageError
from tests.engine import path_steps as steps

WAYS = ("inline", "thread", "process", "simulate")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    (tmp_path / "in.txt").write_text("text")
    return tmp_path


def run(workflow, way, *args):
    return workflow.simulate(*args) if way == "simulate" else workflow.options(executor=way).run(*args)


@pytest.mark.parametrize("way", WAYS)
def test_arguments_and_results_are_files(way, here):
    text, loud, name, other = run(steps.louder, way, Path("in.txt")).result()
    assert (text, name, other) == ("TEXT", "in.txt", "nothing")
    assert type(loud) is type(here) and loud.name == "in.upper" and loud.read_text() == "TEXT"
    assert loud.is_relative_to(here / "store" / "files")
    assert run(steps.louder, way, Path("in.txt"), here / "in.txt").result()[3] == "text"


@pytest.mark.parametrize("way", WAYS)
def test_defaults_are_files(way):
    assert run(steps.default, way).result() == ("text", "in")


def test_a_document_without_arguments_has_no_files(here):
    with pytest.raises(UsageError, match="default of the parameter 'data' of default is a file of this machine"):
        steps.default.graph.yaml()
    assert '"own' not in steps.default.graph.yaml(Path("in.txt"))
    (here / "in.txt").unlink()
    assert steps.default.graph.yaml()
    (here / "in.txt").write_bytes(os.urandom(800_000))
    with pytest.raises(
        UsageError, match=r"the arguments of default take 0\.8 MB, and a document carries up to 0\.6 MB"
    ):
        steps.default.graph.yaml(Path("in.txt"))


@pytest.mark.parametrize("way", WAYS)
def test_a_changed_file_is_a_changed_argument(way, here):
    error = run(steps.changed, way, Path("in.txt")).error
    assert isinstance(error, MutatedArgument) and error.argument == "data"
    found, text = run(steps.own_changed, way, Path("in.txt")).result()
    assert (found.read_text(), text, (here / "in.txt").read_text()) == ("changed", "text", "text")


@pytest.mark.parametrize("way", WAYS)
def test_a_file_made_at_an_argument_is_a_changed_argument(way, here):
    assert isinstance(run(steps.made, way, Path("new.txt")).error, MutatedArgument)


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_while_it_runs_is_not_caught(way):
    error = run(steps.named, way, Path("in.txt")).error
    assert isinstance(error, LateRefusal) and "the path 'in.upper' came from a step" in str(error)


@pytest.mark.parametrize("way", ["process", "simulate"])
def test_large_files_and_directories(way):
    size, listed, one, other = run(steps.large, way, 50, 200).result()
    assert size == one.stat().st_size == 50 << 20 and listed == list(range(200))
    assert len(list(other.iterdir())) == 200


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_step_runs_show_files(executor, here):
    ran = steps.louder.options(executor=executor).run(Path("in.txt"))
    again = attach(ran.id)
    for found in (ran, again):
        step = found.step("upper")
        assert step.inputs["data"].read_text() == "text" and step.result.read_text() == "TEXT"
        assert found.result()[1].read_text() == "TEXT" and found.result()[1] == ran.result()[1]


@pytest.mark.parametrize("store", [True, False])
def test_the_content_decides_what_is_reused(here, store):
    first = steps.louder.options(store=store, executor="inline").run(Path("in.txt"))
    (here / "other").mkdir()
    (here / "in.txt").rename(here / "other" / "in.txt")
    os.utime(here / "other" / "in.txt", (0, 0))
    second = steps.louder.options(store=store, executor="inline", reuse=first).run(here / "other" / "in.txt")
    assert [step.status for step in second.steps] == ["Cached"] * 3 and second.result()[0] == "TEXT"
    (here / "other" / "in.txt").write_text("new")
    third = steps.louder.options(store=store, executor="inline", reuse=second).run(here / "other" / "in.txt")
    assert [step.status for step in third.steps] == ["Succeeded", "Succeeded", "Cached"] and third.result()[0] == "NEW"


def test_an_override_with_a_file(here):
    first = steps.louder.options(executor="inline").run(Path("in.txt"))
    first.step("upper").override(Path("in.txt"))
    second = steps.louder.options(executor="inline", reuse=first).run(Path("in.txt"))
    assert second.result()[0] == "text" and second.step("upper").result.name == "in.txt"


@pytest.mark.parametrize("way", ["inline", "thread", "process"])
def test_a_step_leaves_no_files_behind(way):
    assert not os.path.exists(run(steps.place, way, Path("in.txt")).result())


def test_a_killed_step_leaves_no_files_behind(here):
    assert run(steps.dies, "process", Path("in.txt"), str(here / "flag")).result() == "StepKilled"
    assert not os.path.exists((here / "flag").read_text())


def test_without_a_store_files_go_with_the_process(here):
    program = (
        "from pathlib import Path\nfrom tests.engine import path_steps\n"
        "found = path_steps.louder.options(store=False).run(Path('in.txt')).result()[1]\n"
        "print(found, found.read_text())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    place, text = told.stdout.splitlines()[-1].split()
    assert text == "TEXT" and not os.path.exists(place) and not (here / "store").exists()


@pytest.mark.parametrize("command", ["run", "simulate"])
def test_the_command_takes_and_gives_files(command, here):
    file = Path(steps.__file__)
    program = [sys.executable, "-m", "tangentflow", command, f"{file}:louder", "--data", "in.txt", "--other", "in.txt"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
    text, loud, name, other = eval(told.stdout, {"PosixPath": Path, "WindowsPath": Path})
    assert (text, loud.read_text(), name, other) == ("TEXT", "TEXT", "in.txt", "text")


@pytest.mark.parametrize("way", ["inline", "process"])
def test_paths_as_keys(way, here):
    [(file, value)] = run(steps.by_path, way, Path("in.txt")).result().items()
    assert (file.read_text(), value) == ("TEXT", 1)
    [(file, value)] = run(steps.given_by_path, way, {Path("in.txt"): 2}).result().items()
    assert (file.read_text(), value) == ("text", 2)
