"""Every program of the corpus: the plain call, every schedule of the graph, and the regenerated source agree."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tangentflow.decorators import WorkflowFunction
from tests.corpus import tries_hostile
from tests.corpus.steps import Plan
from tests.language.contract import Call, Schedule, arguments, check_call, check_source, compiled

CORPUS = Path(__file__).parent.parent / "corpus"
MODULES = sorted(p.stem for p in CORPUS.glob("*.py") if p.stem not in ("steps", "library"))

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
    graph.check()
    calls = arguments(workflow)
    problems = check_source(workflow, graph, calls, [Plan(), *FAILING])
    for call in calls:
        problems += check_call(workflow, graph, call, SCHEDULES)
    assert not problems, report(workflow, problems)


def test_equal_calls_are_not_confused() -> None:
    """The step of the first iteration fails, and those of later ones run all the same: the plain call's are those of the first."""
    workflow = tries_hostile.equal_effects_in_a_fan_out
    graph = compiled(workflow)
    schedules = [Schedule("random", seed, Plan(seed, 0.35)) for seed in range(80)]
    assert not check_call(workflow, graph, Call((1,)), schedules)


SCRIPT = """
import hashlib, sys
sys.path[:0] = [{root!r}]
from tests.language.test_contract import programs
from tests.language.contract import compiled
for parameter in programs()[::5]:
    graph = compiled(parameter.values[0])
    text = graph.source() + repr(graph.flows) + graph.json()
    print(parameter.id, hashlib.sha256(text.encode()).hexdigest())
"""


def test_graphs_are_the_same_in_every_process() -> None:
    script = SCRIPT.format(root=str(CORPUS.parent.parent))
    texts = []
    for seed in ("1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        texts.append(run.stdout.splitlines())
    assert len(texts[0]) > 100
    assert texts[0] == texts[1]


def report(workflow: WorkflowFunction[..., Any], problems: list[str]) -> str:
    """Return the text of a failure: the program and the first few problems."""
    shown = "\n".join(problems[:4])
    return f"{len(problems)} problems\n{inspect.getsource(workflow.function)}\n{shown}"
