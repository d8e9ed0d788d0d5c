"""`suspend`: the same in every way to run it, with answers and without."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from tangentflow.client.plan import Plan
from tangentflow.client.steps import step_runs
from tangentflow.errors import UsageError
from tangentflow.waiting import DEFAULT, readable
from tests.engine import suspend_programs as programs

WAYS = {
    "plain": lambda wf, *args: wf(*args),
    "inline": lambda wf, *args: wf.options(executor="inline", store=False).run(*args).result(),
    "process": lambda wf, *args: wf.options(workers=2, store=False).run(*args).result(),
    "simulate": lambda wf, *args: wf.simulate(*args).result(),
}
NONE = {"approve": False, "note": "none", "count": 3, "rate": 0.5}
HOSTILE = "{{workflow.name}} {{=1+1}} $(id) ${X} '\" \\ é \n"


@pytest.fixture(autouse=True)
def nobody_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TANGENTFLOW_ANSWERS", raising=False)
    monkeypatch.setattr("sys.stdin", None)


def answer(monkeypatch: pytest.MonkeyPatch, **answers: object) -> None:
    monkeypatch.setenv("TANGENTFLOW_ANSWERS", json.dumps(answers))


@pytest.mark.parametrize("way", WAYS)
def test_defaults_after_the_timeout(way: str) -> None:
    assert WAYS[way](programs.approved, 1) == NONE
    assert WAYS[way](programs.in_a_loop, 2) == ["{{=1+1}} 0", "{{=1+1}} 2"]
    assert WAYS[way](programs.until, 3) == 8
    assert [WAYS[way](programs.behind, x) for x in (1, 2)] == [2, 8]
    assert [WAYS[way](programs.arguments_raise, n) for n in (0, 1)] == [
        "integer division or modulo by zero",
        {"y": 1},
    ]


@pytest.mark.parametrize("way", WAYS)
def test_answers(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, approve=True, note=HOSTILE, count=7, rate="1e3", more=3)
    got = {"approve": True, "note": HOSTILE, "count": 7, "rate": 1000.0}
    assert WAYS[way](programs.approved, 4) == (8, got)
    assert WAYS[way](programs.in_a_loop, 2) == [HOSTILE, HOSTILE]
    assert WAYS[way](programs.until, 4) == 12
    assert WAYS[way](programs.nested, 2) == [(0, got), (2, got)]
    assert WAYS[way](programs.for_ever) == {}
    answer(monkeypatch, note=DEFAULT, approve="No")
    assert WAYS[way](programs.approved, 4) == NONE


@pytest.mark.parametrize("way", WAYS)
def test_what_is_wrong_is_raised(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "TypeError: suspend(y=...) takes a default: a text, a number, True or False, not list"
    assert WAYS[way](programs.caught, [1]) == said
    answer(monkeypatch, y="maybe")
    assert WAYS[way](programs.caught, 1) == "ValueError: suspend(y=...): the answer 'maybe' is not of type int"
    assert WAYS[way](programs.caught, True) == "ValueError: suspend(y=...): the answer 'maybe' is not true or false"


@pytest.mark.parametrize("way", WAYS)
def test_nobody_can_answer(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="nobody can give one here: there is no terminal to ask on"):
        WAYS[way](programs.for_ever)
    monkeypatch.setenv("TANGENTFLOW_ANSWERS", "yes")
    with pytest.raises(UsageError, match="TANGENTFLOW_ANSWERS is a JSON object"):
        WAYS[way](programs.for_ever)


def test_a_terminal_is_asked() -> None:
    code = "from tests.engine.suspend_programs import approved; print(approved(2))"
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={k: v for k, v in os.environ.items() if k != "TANGENTFLOW_ANSWERS"},
    ) as process:  # fmt: skip
        os.write(ours, b"yes\nfine\n\n\n")
        out, said = process.communicate(timeout=60)
    assert out == "(4, {'approve': True, 'note': 'fine', 'count': 3, 'rate': 0.5})\n"
    assert said.startswith("Go on?\napprove [False]: ")


def templates(workflow: Any, *args: Any) -> dict[str, Any]:
    return {t["name"]: t for t in workflow.graph.argo(*args)["spec"]["templates"]}


def test_the_document() -> None:
    found = templates(programs.approved, 1)
    assert found["suspend-work"]["suspend"] == {"duration": "200ms"}
    assert found["suspend-work"]["inputs"]["parameters"] == [
        {"name": "message", "value": "Go on?"},
        {"name": "approve", "default": "false", "enum": ["true", "false"]},
        {"name": "note", "default": "none"},
        {"name": "count", "default": "3"},
        {"name": "rate", "default": "0.5"},
    ]
    assert [task["name"] for task in found["suspend"]["dag"]["tasks"]] == ["t-work", "t-record"]
    found = templates(programs.in_a_loop, 1)
    assert {p["name"]: p.get("default") for p in found["loop-suspend-work"]["inputs"]["parameters"]} == {
        "message": None, "duration": None, "note": DEFAULT,
    }  # fmt: skip
    assert [task["name"] for task in found["loop-suspend"]["dag"]["tasks"]] == ["t-before", "t-work", "t-record"]
    assert templates(programs.for_ever)["suspend-work"]["suspend"] == {}


def test_messages_hold_no_tags() -> None:
    shown = readable("{{workflow.name}} {{{{x}}}} {}" + "\udcff" + "y" * 5000)
    assert "{{" not in shown and "}}" not in shown and len(shown) < 2100
    shown.encode()


def test_what_documents_cannot_say() -> None:
    with pytest.raises(UsageError, match=r"this suspend\(...\) \(.*programs.py:\d+\): the names of its inputs"):
        programs.hidden.graph.yaml({"a": 1})
    with pytest.raises(UsageError, match="ASCII letters, digits and _, not 'größe'"):
        programs.other_letters.graph.yaml()


def test_explain_names_the_pods() -> None:
    line = programs.in_a_loop.function.__code__.co_firstlineno + 5
    told = " ".join(programs.in_a_loop.graph.explain(line).split())
    assert "There `loop-suspend-work` waits for an answer" in told
    assert "and a pod of template `loop-suspend-record` records the outcome" in told
    assert "A pod of template `loop-suspend-before` works out first what a run alone knows" in told


def nodes(workflow: Any, *shown: tuple[str, str, str, str]) -> dict[str, Any]:
    """Return a workflow on a cluster with nodes: id, type, template, phase; all of them inside of the DAG of the step."""
    outer = {"id": "dag", "type": "DAG", "templateName": "suspend", "phase": "Running",
             "inputs": {"parameters": [{"name": "frame", "value": "main"}]}}  # fmt: skip
    found = {"dag": outer}
    for name, kind, template, phase in shown:
        inputs = outer["inputs"] if kind == "Pod" else {}
        found[name] = {"id": name, "type": kind, "templateName": template, "phase": phase, "boundaryID": "dag",
                       "startedAt": "2024-01-01T00:00:00Z", "inputs": inputs}  # fmt: skip
    made = workflow.graph.argo(1)
    made["metadata"] |= {"name": "wf-1", "uid": "u"}
    return {**made, "status": {"nodes": found}}


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ([("w", "Suspend", "suspend-work", "Running")], "Running"),
        ([("w", "Suspend", "suspend-work", "Succeeded")], "Running"),
        ([("r", "Pod", "suspend-record", "Running"), ("w", "Suspend", "suspend-work", "Succeeded")], "Running"),
        ([("r", "Pod", "suspend-record", "Succeeded"), ("w", "Suspend", "suspend-work", "Succeeded")], "Succeeded"),
        ([("w", "Suspend", "suspend-work", "Failed")], "Failed"),
    ],
)
def test_a_step_runs_on_a_cluster_while_it_waits(shown: Any, status: str) -> None:
    workflow = nodes(programs.approved, *shown)
    [run] = step_runs(Plan(workflow), workflow, lambda key: None, lambda run: "")
    assert (run.path, run.status, run.attempts) == ("suspend", status, 1)


def test_some_of_the_answers() -> None:
    """On the engine an output that nobody has set, of a wait that somebody has ended, has no value at all."""
    document = programs.approved.graph.argo(4)
    wait = next(t for t in document["spec"]["templates"] if "suspend" in t)
    assert [p["valueFrom"]["default"] for p in wait["outputs"]["parameters"]] == ["false", "none", "3", "0.5"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answers", [{}, {"approve": True}, {"note": "{{=1+1}} $x é", "approve": False}])
def test_unanswered_inputs_have_their_defaults(way: str, answers: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGENTFLOW_ANSWERS", json.dumps(answers))
    expected = {"approve": False, "note": "none", "count": 3, "rate": 0.5} | answers
    found = WAYS[way](programs.approved, 4)
    assert found == ((8, expected) if expected["approve"] else expected)
