"""Notes: each stands where its program says, and nowhere where nothing is to be said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tangentflow.cli.main import main
from tangentflow.compile import compile_workflow
from tangentflow.compiled import Graph
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import Note, UsageError
from tangentflow.language.catalogue import NOTES, Entry
from tests.refused.test_catalogue import carets, loaded

__all__ = ["loaded"]

Loader = Callable[[str], WorkflowFunction[..., Any]]
Places = list[tuple[int, str, int, int]]


def noted(workflow: WorkflowFunction[..., Any]) -> Places:
    """Return line, code and columns of the notes of a workflow."""
    return [(n.lineno, n.code, n.offset, n.end_offset or 0) for n in compile_workflow(workflow).notes]


@pytest.mark.parametrize("entry", NOTES, ids=lambda entry: entry.code)
def test_noted(entry: Entry, loaded: Loader) -> None:
    assert noted(loaded(entry.bad)) == carets(entry.bad)
    assert carets(entry.bad)


@pytest.mark.parametrize("entry", NOTES, ids=lambda entry: entry.code)
def test_written_instead(entry: Entry, loaded: Loader) -> None:
    assert noted(loaded(entry.good)) == []
    assert loaded(entry.bad)() is not None  # it is accepted, and runs


PROGRAMS = {
    "freed": """
@workflow
def wf(xs=(1, 2)):
    with parallel():
        for x in xs:
            fit(x)
""",
    "effect_of_an_inner_fan_out": """
@workflow
def wf(xs=(1, 2)):
    for x in sequential(xs):
        for y in xs:
            fit(y)
    #       ^^^^^^ TN101
""",
    "sub_workflow_in_a_fan_out": """
@workflow
def part(x):
    fit(x)

@workflow
def wf(xs=(1, 2)):
    for x in xs:
        part(x)
    #   ^^^^^^^ TN101
""",
    "sets": """
@workflow
def wf(n=3):
    s = set(load(n))
    t = s | {7}
    a = [fit(x) for x in sorted(s)]
    b = {fit(x) for x in s}
    c = max(fit(x) for x in s)
    d = list(t)
    #        ^ TN102
    e, *f = {1, 2} & t
    #       ^^^^^^^^^^ TN102
    for x in set(a):
    #        ^^^^^^ TN102
        c = fit(x)
    g = ", ".join({"x", "y"})
    #             ^^^^^^^^^^ TN102
    return a, len(b), c, d, e, f, len(s), 3 in s, g
""",
    "no_set": """
@workflow
def wf(set=(1, 2)):
    xs = set
    for x in xs:
        xs = {1}
    return [fit(x) for x in xs], [x for x in {"a": 1}]
""",
    "bound_everywhere": """
@workflow
def wf(n=3):
    if n:
        a = fit(1)
    else:
        a = 2
    while True:
        b = fit(2)
        if b > 2:
            break
    try:
        c = fit(3)
    except ValueError:
        c = 0
    for i in range(2):
        d = fit(i)
    if n > 100:
        raise ValueError(n)
    else:
        e = 4
    return a, b, c, d, e
""",
    "unbound_somewhere": """
@workflow
def wf(n=3):
    for x in load(n):
        a = fit(x)
    try:
        b = fit(3)
    except ValueError as error:
        pass
    c = 1
    if n > 100:
        del c
    return a, b, c, error
    #      ^ TN103
    #         ^ TN103
    #            ^ TN103
    #               ^^^^^ TN103
""",
    "dropped_with_underscore": """
@workflow
def wf(n=3):
    _ = fit(1)
    a, _rest = load(2)
    return a
""",
    "pure": """
@step(pure=True)
def area(x):
    return x * x

@workflow
def wf(n=3):
    area(n)

    return fit(n)
""",
    "in_order_by_a_jump": """
@workflow
def wf(xs=(1, 2)):
    for x in xs:

        if fit(x) > 3:
            break
    else:
        return 0
    return x
    #      ^ TN103
""",
    "in_order_as_asked_for": """
@step(ordered=True)
def tell(x):
    return None

@workflow
def wf(xs=(1, 2)):
    for x in sequential(xs):
        fit(x)
    for x in xs:
        tell(x)
    while fit(1) > 3:
        fit(2)
""",
}


def test_no_note_without_a_reason(loaded: Loader) -> None:
    for name in ("freed", "no_set", "bound_everywhere", "dropped_with_underscore", "in_order_as_asked_for"):
        assert noted(loaded(f"from tangentflow import parallel\n{PROGRAMS[name]}")) == [], name


@pytest.mark.parametrize("name", ["effect_of_an_inner_fan_out", "sub_workflow_in_a_fan_out", "sets", "unbound_somewhere"])
def test_each_place(name: str, loaded: Loader) -> None:
    assert noted(loaded(PROGRAMS[name])) == carets(PROGRAMS[name])


def test_a_pure_step_whose_result_is_dropped(loaded: Loader) -> None:
    (note,) = compile_workflow(loaded(PROGRAMS["pure"])).notes
    assert (note.code, note.text) == ("TN104", "    area(n)") and "for nothing" in note.why


def test_why_a_loop_runs_in_order(loaded: Loader) -> None:
    notes = compile_workflow(loaded(PROGRAMS["in_order_by_a_jump"])).notes
    assert [note.code for note in notes] == ["TN105", "TN103"]
    assert "`break` in line" in notes[0].why and "`loop.fit`" in notes[0].why


def test_notes_of_sub_workflows_come_with_those_of_the_caller(loaded: Loader) -> None:
    text = PROGRAMS["effect_of_an_inner_fan_out"].replace("def wf", "def inner") + "\n@workflow\ndef wf():\n    inner()\n"
    (note,) = compile_workflow(loaded(text)).notes
    assert isinstance(note, Note) and note.code == "TN101"


def test_a_graph_from_json_has_no_source(loaded: Loader) -> None:
    graph = Graph.from_json(compile_workflow(loaded(NOTES[0].bad)).json())
    with pytest.raises(UsageError, match="no source"):
        graph.notes  # noqa: B018


def test_lint_shows_notes_and_refuses_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "noted_by_lint.py"
    path.write_text(f"from tangentflow import step, workflow\n\n@step\ndef fit(x):\n    return x\n{NOTES[0].bad}")
    assert main(("lint", str(path))) == 0
    out = capfd.readouterr().out
    assert "noted_by_lint.py:9:9: TN101: `fit` runs for all items at the same time" in out
    assert out.rstrip().endswith("nothing refused, 1 note in 1 workflow")
    assert main(("lint", str(path), "--format", "json")) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["offences"] == [] and [note["code"] for note in document["notes"]] == ["TN101"]


def test_a_name_spelled_like_another_is_told(loaded: Loader) -> None:
    entry = next(entry for entry in NOTES if entry.code == "TN106")
    assert [note.instead for note in compile_workflow(loaded(entry.bad)).notes] == ["did you mean `total`?"]
