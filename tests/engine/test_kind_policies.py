"""Options of the ready-made steps: the same attempts, limits and exceptions in every way to run them."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tangentflow import CommandFailed, StepKilled, container, resource, running, shell, suspend
from tangentflow.errors import UsageError
from tangentflow.explain.planning import plan
from tangentflow.graph.fingerprint import fingerprint
from tangentflow.readymade import KINDS
from tests.engine import kind_policies as programs

WAYS: dict[str, Callable[..., Any]] = {
    "inline": lambda wf, *args: wf.options(executor="inline", store=False).run(*args),
    "thread": lambda wf, *args: wf.options(executor="thread", store=False).run(*args),
    "process": lambda wf, *args: wf.options(workers=2, store=False).run(*args),
    "simulate": lambda wf, *args: wf.simulate(*args),
}
LATE = "step {} ran longer than its timeout of 1s"
FAILED = "resource(...) failed: the object could not be made, was deleted, or its failure= came true; the logs of the step tell"

ATTEMPTS: list[tuple[Any, tuple[Any, ...], Any, list[int]]] = [
    (programs.tried, ("LOG", 3), 5, [3, 1]),
    (programs.tried, ("LOG", 1), 5, [1, 1]),
    (programs.tried_directly, ("LOG", 2), "tried", [2]),
    (programs.caught, ("LOG",), [3, "tried\n"], [3]),
    (programs.unchecked, ("LOG",), ("tried", 3), [1]),
    (programs.in_a_loop, ("LOG", 3), ["tried"] * 3, [1, 2, 3]),
    (programs.with_files, ("LOG", "{{x}} $$"), "{{x}} $$", [2]),
    (programs.leaves, ("LOG",), "1\n", [2]),
    (programs.exits_as_killed, (143,), [143, "said\n"], [1]),
    (programs.late, (0.1,), "", [1]),
    (programs.late_after_a_failure, ("LOG",), (LATE.format("container"),), [2]),
    (programs.late_twice, ("LOG",), (LATE.format("container"),), [2]),
    (programs.scripts, ("LOG", 3), "tried", [3]),
    (programs.late_script, (60,), (LATE.format("shell"),), [1]),
    (programs.objects, (0,), "Job", [1]),
    (programs.objects, (1,), (FAILED,), [3]),
    (programs.late_object, ("LOG",), (LATE.format("resource"),), [1]),
    (programs.waits, (True,), {"go": True}, [1]),
]
"""Programs, arguments (LOG: a file of its own), the value, and the attempts of each step."""


@pytest.fixture
def containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with a file for each container that runs."""
    folder = tmp_path / "containers"
    here = Path(__file__)
    monkeypatch.setenv("TANGENTFLOW_CONTAINER_ENGINE", str(here.with_name("container_engine.py")))
    monkeypatch.setenv("TANGENTFLOW_TEST_CONTAINERS", str(folder))
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    monkeypatch.setenv("TANGENTFLOW_KUBECTL", f"{sys.executable} {here.with_name('a_kubectl.py')} {cluster}")
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Iterator[str]:
    """A file in which commands count their attempts."""
    return (str(tmp_path / f"log-{number}-") for number in range(1000))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", WAYS)
def test_attempts_and_limits(way: str, containers: Path, log: Iterator[str]) -> None:
    for workflow, args, expected, attempts in ATTEMPTS:
        given = [next(log) if argument == "LOG" else argument for argument in args]
        if workflow is programs.late_object:
            given = ["cm"]
        run = WAYS[way](workflow, *given)
        assert run.result() == expected, (way, workflow)
        assert [step.attempts for step in run.steps] == attempts, (way, workflow)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_listed_is_not_tried_again(way: str, containers: Path, log: Iterator[str]) -> None:
    run = WAYS[way](programs.not_listed, next(log))
    assert isinstance(run.error, CommandFailed) and [step.attempts for step in run.steps] == [1]
    run = WAYS[way](programs.tried, next(log), 9)
    assert isinstance(run.error, CommandFailed) and run.steps["container"][0].attempts == 3


@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", WAYS)
def test_a_limit_is_kept_and_stops_the_container(way: str, containers: Path) -> None:
    began = time.monotonic()
    assert WAYS[way](programs.late, 60).result() == ["StepTimeout", LATE.format("container")]
    assert time.monotonic() - began < 20
    deadline = time.monotonic() + 10
    while any(containers.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(containers.iterdir()), "a container goes on after its step was stopped"


def test_a_run_that_is_killed_takes_its_containers_along(containers: Path, tmp_path: Path) -> None:
    program = "from tests.engine import kind_policies as p; p.container('alpine:3', ['sleep', '60'])"
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", program], dict(os.environ))
    deadline = time.monotonic() + 20
    while not (containers.is_dir() and any(containers.iterdir())):
        assert time.monotonic() < deadline, "no container was started"
        time.sleep(0.05)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    while any(containers.iterdir()):
        assert time.monotonic() < deadline + 10, "the container goes on"
        time.sleep(0.05)


@pytest.mark.parametrize("way", ["plain", *WAYS])
def test_volumes_and_secrets(way: str, containers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "{{x}} $(A)")
    (tmp_path / "a").write_text("read ")
    run = programs.with_secrets if way == "plain" else lambda *args: WAYS[way](programs.with_secrets, *args).result()
    assert run(str(tmp_path), {"A": "!"}) == "read {{x}} $(A)!"
    assert run(str(tmp_path), {"TOKEN": "x"}).startswith("container(env=...): 'TOKEN' has a secret")


# -- documents --------------------------------------------------------------------------------------------------------


def templates(workflow: Any, *args: Any) -> dict[str, Any]:
    return {t["name"]: t for t in workflow.graph.argo(*args)["spec"]["templates"]}


def test_options_are_on_the_pod_that_does_the_work() -> None:
    found = templates(programs.with_marks, 3)
    work, others = found["loop-pull-work"], [found["loop-pull-before"], found["loop-pull-record"]]
    asked = {"cpu": "500m", "memory": "64Mi"}
    assert work["container"]["resources"] == {"requests": asked, "limits": {**asked, "nvidia.com/gpu": "1"}}
    assert work["container"]["imagePullPolicy"] == "Always" and work["priorityClassName"] == "low"
    assert (work["nodeSelector"], work["serviceAccountName"]) == ({"disk": "ssd"}, "puller")
    assert work["tolerations"] == [{"key": "gpu", "operator": "Exists"}]
    assert work["synchronization"]["mutexes"][0]["name"].endswith("% 2 }}")
    for template in (work, *others):
        assert (template["metadata"]["labels"], template["metadata"]["annotations"]["why"]) == ({"team": "a"}, "x")
    for template in others:
        assert not {"nodeSelector", "tolerations", "serviceAccountName", "synchronization", "priorityClassName"} & {
            *template
        }
        assert "resources" not in template["script"]


def test_options_of_objects_are_on_the_pod_that_makes_them() -> None:
    found = templates(programs.with_marked_objects, 2)
    work = found["loop-resource-work"]
    assert (work["nodeSelector"], work["serviceAccountName"]) == ({"disk": "ssd"}, "maker")
    assert work["metadata"]["labels"] == {"team": "a"} and "synchronization" in work
    assert "synchronization" not in found["loop-resource-record"]


LOST = "lastRetry.status == 'Error' || asInt(lastRetry.exitCode) < 0"
CODE = "lastRetry.status == 'Failed' && asInt(lastRetry.exitCode) > 0"
OVER = "lastRetry.message contains 'longer than the specified deadline'"


@pytest.mark.parametrize(
    ("workflow", "args", "strategy", "limit"),
    [
        (programs.tried, ("l", 1), CODE, None),
        (programs.caught, ("l",), f"{CODE} || {LOST}", None),
        (programs.not_listed, ("l",), LOST, None),
        (programs.unchecked, ("l",), LOST, None),
        (programs.late, (1,), None, 1),
        (programs.late_twice, ("l",), OVER, 1),
        (programs.late_after_a_failure, ("l",), f"({CODE}) && not ({OVER})", 1),
    ],
)
def test_what_the_engine_is_told(workflow: Any, args: tuple[Any, ...], strategy: str | None, limit: int | None) -> None:
    found = templates(workflow, *args)
    work = found["container-work"]
    assert (work.get("retryStrategy") or {}).get("expression") == strategy
    assert work.get("activeDeadlineSeconds") == limit
    for name in ("container-record", "container-before"):
        assert not {"retryStrategy", "activeDeadlineSeconds"} & {*found.get(name, {})}


def test_a_pause_between_attempts() -> None:
    paused = templates(programs.paused)["container-work"]["retryStrategy"]
    assert (paused["limit"], paused["backoff"]) == ("3", {"duration": "2s", "factor": 2})


@pytest.mark.parametrize(
    ("workflow", "args", "said"),
    [
        (programs.unknown_check, ("l", True), r"this container\(...\) \(.*:\d+\): with retries= it must be known .* write check=True or"),
        (programs.may_leave_nothing, ("l",), r"not one that leaves no output .* on=\(CommandFailed, StepKilled\)"),
        (programs.patched, (1,), "travel as its podSpecPatch; leave that out"),
        (programs.calls_bounded, (2,), r"container\(...\) at line \d+ is a DAG of its own"),
    ],
)  # fmt: skip
def test_what_documents_cannot_say(workflow: Any, args: tuple[Any, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        workflow.graph.yaml() if workflow is programs.unknown_check else workflow.graph.yaml(*args)


def test_plan_counts_attempts_of_the_work() -> None:
    told = [line for line in plan(programs.tried.graph, ("l", 1), {}).splitlines() if "one for an attempt" in line]
    assert len(told) == 1 and "runs the command, up to 3 pods each" in told[0]


# -- steps made of others ---------------------------------------------------------------------------------------------


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (container, {"image": "a"}, "write container('IMAGE', ...)"),
    (container, {"env": {"A": "b"}}, "write container(..., env={...})"),
    (container, {"chunk": 3}, "each command has a pod of its own"),
    (container, {"volumes": {"/work/a": "claim"}}, "where the command works, not of /work/a"),
    (container, {"argo": {"script": {}}}, "write {'container': {...}}"),
    (container, {"argo": {"activeDeadlineSeconds": 3}}, "write timeout="),
    (container, {"argo": {"container": {"env": []}}}, "write env= in the call"),
    (container, {"backoff": "2s"}, "add retries="),
    (container, {"retry": 2}, "did you mean 'retries'?"),
    (container, {"cpu": -1}, "container.options(cpu=-1): cpu must be a number"),
    (resource, {"cpu": 1}, "said in its manifest"),
    (resource, {"argo": {"sidecars": []}}, "'sidecars' is none of those that may be given"),
    (suspend, {"retries": 2}, "call it in a while"),
    (suspend, {"timeout": 2}, "write suspend(..., timeout='2h')"),
    (suspend, {"labels": {"a": "b"}}, "no pod runs while it waits"),
    (shell, {"chunks": 3}, "did you mean 'chunk'?"),
]


@pytest.mark.parametrize(("step", "options", "said"), REFUSED)
def test_options_that_a_step_cannot_have(step: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        step.options(**options)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"{step.__name__}.options(")


def test_every_ready_made_step_is_known() -> None:
    assert [*KINDS] == [f"{step.__module__}.{step.__qualname__}" for step in (container, resource, suspend)]


def test_steps_made_of_others() -> None:
    made = container.options(retries=2, on=StepKilled)
    more = made.options(cpu=1, retries=3)
    assert (more.policy.retries, more.policy.on, more.option("cpu"), more.base) == (3, (StepKilled,), 1, container)
    assert (made.option("cpu"), container.option("retries")) == (None, None)
    assert (more.__name__, repr(more)) == ("container", repr(container))
    assert fingerprint(more) == fingerprint(container)
    again = pickle.loads(pickle.dumps(more))
    assert (again.base, again.policy, again.options_given) == (container, more.policy, more.options_given)


def test_two_steps_of_one_name(containers: Path) -> None:
    run = programs.both.options(executor="inline", store=False).run(3)
    assert run.result() == "3"
    assert "cpu= of pull has no effect on this machine" in run.notes


def test_graphs_are_told_apart_by_what_steps_do_and_not_how() -> None:
    assert programs.plainly.graph == programs.politely.graph
    assert programs.plainly.graph != programs.otherwise.graph
    again = type(programs.both.graph).from_json(programs.both.graph.json())
    assert again == programs.both.graph and again.json() == programs.both.graph.json()


def test_a_thread_that_was_stopped_runs_nothing_more() -> None:
    own = threading.get_ident()
    assert running.stop(own) == []
    try:
        assert running.run(["sleep", "60"], "/", os.environ).returncode == -9
    finally:
        running.release(own)
    assert running.run(["echo", "x"], "/", os.environ).stdout == b"x\n"
