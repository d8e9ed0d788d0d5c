"""`resource`: the same in every way to run it."""

from __future__ import annotations

import base64
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from tangentflow import StepFailed, resources
from tangentflow.conditions import holds, requirements
from tangentflow.errors import UsageError
from tangentflow.resources import LARGEST, Live
from tangentflow.runtime.policies import Overdue
from tests.engine import resource_programs as programs

WAYS = {
    "plain": lambda wf, *args: wf(*args),
    "inline": lambda wf, *args: wf.options(executor="inline", store=False).run(*args).result(),
    "process": lambda wf, *args: wf.options(workers=2, store=False).run(*args).result(),
    "simulate": lambda wf, *args: wf.simulate(*args).result(),
}
HOSTILE = programs.HOSTILE
FAILED = "resource(...) failed: the object could not be made, was deleted, or its failure= came true; the logs of the step tell"
VALUES: list[tuple[Any, tuple[Any, ...], Any]] = [
    (programs.known, (), (1, HOSTILE, ("Live", "Job", ["generateName", "labels", "name", "namespace", "uid"]))),
    (programs.of_the_run, ([HOSTILE, "x"],), [f"{HOSTILE}2", "x2"]),
    (programs.fails, (0,), "done"),
    (programs.fails, (1,), ["StepFailed", FAILED]),
    (programs.at_once, (), ("{{x}} $(A) $$", "cm")),
    (programs.branches, (1,), 0),
    (programs.branches, (2,), 1),
    (programs.nested, (2,), ["Job", "Job"]),
    (programs.condition_of_the_run, (0,), 1),
    (programs.missing, (), "this object has no 'data'; its keys are apiVersion, kind, metadata, looks"),
]


@pytest.fixture(autouse=True)
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cluster"
    folder.mkdir()
    monkeypatch.setenv("TANGENTFLOW_KUBECTL", f"{sys.executable} {Path(__file__).with_name('a_kubectl.py')} {folder}")
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_values(way: str) -> None:
    for workflow, args, expected in VALUES:
        assert WAYS[way](workflow, *args) == expected, workflow


@pytest.mark.parametrize("way", WAYS)
def test_a_failure(way: str, cluster: Path) -> None:
    with pytest.raises(StepFailed) as caught:
        WAYS[way](programs.refused, "NoSuchKind")
    assert (type(caught.value), caught.value.args) == (StepFailed, (FAILED,))
    (cluster / "gone").touch()
    assert WAYS[way](programs.fails, 0) == ["StepFailed", FAILED]


WRONG: list[tuple[tuple[Any, ...], str]] = [
    ((3, None), "TypeError: resource(manifest=...) takes a dict or a text, not int"),
    (({"a": {1, 2}}, None), "TypeError: resource(manifest=...) is made of texts, numbers, lists and dicts"),
    (({"a": float("nan")}, None), "ValueError: resource(manifest=...) is made of texts"),
    ((" ", None), "ValueError: resource(manifest=...) has between 1 and"),
    (("a" * (LARGEST + 1), None), "ValueError: resource(manifest=...) has between 1 and"),
    (("a\0", None), "ValueError: resource(manifest=...) is a text without zeros"),
    ((" a", 3), "TypeError: resource(success=...) takes a text, not int"),
    ((" a", "status.x >"), "ValueError: resource(success=...): a condition compares by > with a whole number"),
    ((" a", "{{x}}"), "ValueError: resource(success=...): '{{x}}' is no condition"),
]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_is_named(way: str) -> None:
    for args, said in WRONG if way != "simulate" else WRONG[::4]:
        assert WAYS[way](programs.wrong, *args).startswith(said)


@pytest.mark.parametrize("way", WAYS)
def test_no_kubectl(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_KUBECTL", "/no/such/kubectl")
    with pytest.raises(UsageError, match=r"resource\(\) needs kubectl and a cluster on this machine"):
        WAYS[way](programs.at_once)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("status.succeeded > 0", True),
        ("status.succeeded>1", False),
        ("status.failed > 0", False),
        ("status.phase == Running, status.succeeded = 1", True),
        ("status.phase != Running", False),
        ("status.nothing != Running", True),
        ("status.phase in (Pending, Running)", True),
        ("status.phase notin (Pending,Running)", False),
        ("status.conditions.0.type=Complete", True),
        ("status.conditions.1.type=Complete", False),
        ("status.ready", True),
        ("!status.ready", False),
        ("! status.nothing", True),
        ("status.ready = true", True),
        ("status.phase > 1", False),
    ],
)
def test_conditions(condition: str, held: bool) -> None:
    live = {"status": {"succeeded": 1, "phase": "Running", "ready": True, "conditions": [{"type": "Complete"}]}}
    assert all(holds(requirement, live) for requirement in requirements(condition)) is held


@pytest.mark.parametrize("text", ["", " ", ",", "a b", "a ==b==c", "a in ()b", "a > b", "a in (b", "-a", "a=$(x)"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match="condition"):
        requirements(text)


def test_live_objects() -> None:
    live = Live({"kind": "List", "items": [{"metadata": {"name": "a"}}], "n": None})
    assert live["items"][0].metadata.name == "a" and live.n is None
    again = pickle.loads(pickle.dumps(live))
    assert (again, type(again), type(again["items"][0])) == (live, Live, Live)
    assert live == {"kind": "List", "items": [{"metadata": {"name": "a"}}], "n": None}


def templates(workflow: Any, *args: Any) -> dict[str, Any]:
    return {t["name"]: t for t in workflow.graph.argo(*args)["spec"]["templates"]}


def test_the_document() -> None:
    found = templates(programs.known)
    work = found["resource-work"]["resource"]
    assert (work["successCondition"], work["failureCondition"]) == ("status.succeeded > 0", "status.failed > 0")
    assert "{{" not in work["manifest"] and "$" not in work["manifest"]
    assert [task["name"] for task in found["resource"]["dag"]["tasks"]] == ["t-work", "t-record"]
    found = templates(programs.of_the_run, ["x"])
    assert found["loop-resource-work"]["resource"]["manifestFrom"] == {"artifact": {"name": "manifest"}}
    assert [task["name"] for task in found["loop-resource"]["dag"]["tasks"]] == ["t-before", "t-work", "t-record"]
    assert "before" in templates(programs.at_once)["resource-before"]["name"]  # a text with tags goes by an artifact


@pytest.mark.parametrize(
    ("code", "seconds", "late"),
    [("143", 16, True), ("143", 11, True), ("143", 9, False), ("64", 16, True), ("64", 14, False), ("64", 1, False)],
)
def test_a_pod_that_was_ended_in_time_is_told_from_one_that_failed(code, seconds, late, monkeypatch):
    """The engine's pod may end with the code of a refusal where its time is over: then its times decide."""
    texts = {"code": code, "limit": "15", "began": "2026-01-01T00:00:00Z", "ended": f"2026-01-01T00:00:{seconds:02}Z"}
    given = " ".join(f"{name}={base64.b64encode(text.encode()).decode()}" for name, text in texts.items())
    monkeypatch.setenv("TANGENTFLOW_GIVEN", given)
    monkeypatch.setenv("TANGENTFLOW_STATUS", "Failed")
    with pytest.raises(Overdue if late else StepFailed):
        resources._recorded()
