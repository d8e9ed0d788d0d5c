"""`tangentflow plan`: the pods that it foretells are those that a run has; sizes and limits are those of the document."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from tangentflow.cli.main import main
from tangentflow.decorators import WorkflowFunction
from tangentflow.explain.planning import _Planner, plan
from tests.corpus import branches, hard, loops, mapped, returns, tries
from tests.explain import programs
from tests.language.contract import arguments


def few() -> list[tuple[WorkflowFunction, tuple, dict]]:
    """Programs of the corpus that do not raise, every so many, each with one call."""
    found = []
    for module in (branches, loops, returns, tries):
        own = [w for w in vars(module).values() if isinstance(w, WorkflowFunction) and w.__module__ == module.__name__]
        for workflow in own[::7]:
            call = arguments(workflow)[-1]
            found.append(
                pytest.param(workflow, *call.copies(), id=f"{module.__name__.split('.')[-1]}-{workflow.__name__}")
            )
    return found


@pytest.mark.parametrize(("workflow", "args", "kwargs"), few())
def test_a_run_has_as_many_pods_as_the_plan_says(workflow, args, kwargs):
    planner = _Planner(workflow.graph, args, kwargs)
    run = workflow.simulate(*args, **kwargs)
    if run.error is not None:
        assert run.pods >= 1  # a plan is for a run in which nothing raises
        return
    most = sum(
        count * planner._times(product) for product, count in planner.total.most.items() if not planner._open(product)
    )
    assert planner.total.fewest <= run.pods
    if not any(count and planner._open(product) for product, count in planner.total.most.items()):
        assert run.pods <= most


def test_bounds_and_what_they_depend_on():
    first, *rest = plan(programs.train.graph).splitlines()
    assert first == (
        "train: 3 pods, and 1 for each iteration of line 27, 1 for each item of line 32 and "
        "1 for each item of line 34 of each item of line 32"
    )
    assert "  loop_2[i].loop[j].e  1 for each item of line 34 of each item of line 32  line 35" in rest


def rows(text: str) -> dict[str, str]:
    """Return how often the pods of a plan run, by name."""
    found = {}
    for line in text.splitlines():
        cells = re.split(r"  +", line.strip())
        if line.startswith("  ") and len(cells) > 1:
            found[cells[0]] = cells[1]
    return found


def test_what_stands_behind_a_condition_may_not_run():
    often = rows(plan(mapped.stop_iteration_of_step_in_generator.graph))
    assert often["loop[i].stop"].startswith("0 or 1 for each item of line ")
    assert often["loop[i].e"].startswith("1 for each item of line ")
    often = rows(plan(programs.train.graph))
    assert often["loop[i].g"] == "1 for each iteration of line 27"


def test_what_stands_behind_a_return_may_not_run_and_a_workflow_may_call_itself():
    text = plan(hard.fibonacci.graph)
    often = rows(text)
    assert (often["one"], often["add"], often["(begin)"]) == ("0 or 1", "0 or 1", "1")
    assert "For each call of fibonacci by itself, all of its pods again." in text
    assert text.startswith("fibonacci: 2 to 5 pods\n")


def test_calls_count(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    text = plan(importlib.import_module("library").library.graph, (), {})
    assert text.startswith(
        "library: at least 23 pods; "
    )  # of each of the ten packages at least a list of its files and a report


def test_sizes_are_those_of_the_document():
    text = plan(programs.train.graph)
    size = len(json.dumps(programs.train.graph.argo(), separators=(",", ":"), ensure_ascii=False).encode())
    assert f"{size:,}" in text
    assert "1,048,576" in text
    largest = re.search(r"largest pod's template, \S+ +([\d,]+) +131,072", text)
    assert largest is not None
    assert 80_000 < int(largest[1].replace(",", "")) < size  # the code is part of each


def test_the_command(tmp_path, capfd):
    file = tmp_path / "flow.py"
    file.write_text(
        "from tangentflow import step, workflow\n\n\n@step(retries=2)\ndef f(x):\n    raise AssertionError('runs')\n\n\n"
        "@workflow\ndef wf(xs):\n    return [f(x) for x in xs]\n"
    )
    assert main(["plan", f"{file}"]) == 0
    assert "1 for each item of line 11  line 11, up to 3 pods each, one for an attempt" in capfd.readouterr().out
    assert main(["plan", f"{file}", "--xs", "[1, 2]"]) == 0
    out = capfd.readouterr().out
    assert "each of the 2 items of line 11" in out
    assert "loop[i].f (2 times) start at once." in out
    assert main(["plan", str(tmp_path / "none.py")]) == 2
