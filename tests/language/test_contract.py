"""Every program of the corpus: the plain call, every schedule of the graph, and the regenerated source agree."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import gast
import pytest

from tangentflow.decorators import WorkflowFunction
from tangentflow.language.registry import REFUSALS
from tests.corpus.steps import Plan
from tests.language.contract import Schedule, arguments, check_call, check_source, compiled

CORPUS = Path(__file__).parent.parent / "corpus"
LATER = {"tries": gast.Try} if gast.Try in REFUSALS else {}
"""Modules that show a construct which the language does not have yet."""
MODULES = sorted(p.stem for p in CORPUS.glob("*.py") if p.stem not in ("steps", "library", *LATER))

FAILING = [Plan(seed, rate) for seed, rate in ((1, 0.25), (2, 0.25), (3, 0.6))]
SCHEDULES = [
    Schedule("first"), Schedule("last"), Schedule("random", 0),
    Schedule("random", 1, FAILING[0]), Schedule("last", 0, FAILING[1]), Schedule("first", 0, FAILING[2]),
]  # fmt: skip


def programs() -> list[Any]:
    """Return all programs: workflows of the corpus modules; a comment `# known: <bug>` above one says that it fails."""
    found = []
    for module in MODULES:
        imported = importlib.import_module(f"tests.corpus.{module}")
        for name, value in vars(imported).items():
            if isinstance(value, WorkflowFunction) and value.__module__ == imported.__name__:
                known = _known(value)
                marks = [pytest.mark.xfail(reason=known, strict=True)] if known else []
                found.append(pytest.param(value, id=f"{module}-{name}", marks=marks))
    return found


def _known(workflow: WorkflowFunction[..., Any]) -> str | None:
    lines, first = inspect.findsource(workflow.function)
    above = "".join(lines[max(first - 2, 0) : first])
    match = re.search(r"# known: (.+)", above)
    return match.group(1) if match else None


@pytest.mark.parametrize("workflow", programs())
def test_contract(workflow: WorkflowFunction[..., Any]) -> None:
    graph = compiled(workflow)
    calls = arguments(workflow)
    problems = check_source(workflow, graph, calls, [Plan(), *FAILING])
    for call in calls:
        problems += check_call(workflow, graph, call, SCHEDULES)
    assert not problems, report(workflow, problems)


def report(workflow: WorkflowFunction[..., Any], problems: list[str]) -> str:
    """Return the text of a failure: the program and the first few problems."""
    shown = "\n".join(problems[:4])
    return f"{len(problems)} problems\n{inspect.getsource(workflow.function)}\n{shown}"
