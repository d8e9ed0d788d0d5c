"""Programs of the corpus on the real controller: the value or the exception of the plain call, and a pod for each step that ran.

64 programs, as many as can be of each module, with few steps each: pods take seconds here.
"""

from __future__ import annotations

import importlib
import zlib
from itertools import chain, zip_longest

import pytest

from tangentflow.argo.document import helpers
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import LanguageError
from tangentflow.runtime.outcome import Value
from tangentflow.runtime.slices import bind
from tests.argo.test_corpus import MODULES, UNSTABLE, plainly
from tests.cluster.outcomes import MINUTES, outcome_of
from tests.corpus.steps import ONE_PROCESS, Plan, canon, shape
from tests.language.contract import Call, arguments

pytestmark = [pytest.mark.cluster, pytest.mark.lengthy]

PROGRAMS, STEPS, AHEAD = 64, 6, 12
"""How many programs, how many steps the largest of them runs, how many are submitted before the first is looked at."""


def own(module: str) -> list[tuple[str, WorkflowFunction]]:
    imported = importlib.import_module(f"tests.corpus.{module}")
    found = [(f"{module}-{name}", value) for name, value in vars(imported).items()
             if isinstance(value, WorkflowFunction) and value.__module__ == imported.__name__
             and name not in UNSTABLE | ONE_PROCESS]  # fmt: skip
    return sorted(found, key=lambda item: zlib.crc32(item[0].encode()))


def candidates() -> list[tuple[str, WorkflowFunction]]:
    """All programs, one of each module after the other."""
    rows = zip_longest(*[own(module) for module in MODULES if module != "paths"])
    return [item for item in chain.from_iterable(rows) if item is not None]


@pytest.fixture(scope="module")
def chosen() -> list[tuple[str, WorkflowFunction, Call, object, int | None]]:
    """The programs with the call that runs most steps within the bound, what it gives plainly, and the number of its step runs."""
    found = []
    for name, workflow in candidates():
        tried = [(call, *plainly(workflow, call, Plan())) for call in arguments(workflow)]
        small = [(call, outcome, ran) for call, outcome, ran in tried if ran is not None and 0 < ran <= STEPS]
        raised = [(call, outcome, ran) for call, outcome, ran in tried if ran is None]
        best = max(small, key=lambda row: row[2], default=None) or (raised[-1] if raised else None)
        if best is None or (best[1][0] == "raised" and best[1][1][0] == "builtins.TypeError"):
            continue
        try:
            assert workflow.graph
        except LanguageError:
            continue
        found.append((name, workflow, *best))
        if len(found) == PROGRAMS:
            return found
    raise AssertionError(f"the corpus has only {len(found)} programs of this size")


@pytest.fixture(scope="module")
def submitted(controller, chosen):
    """Give a function that returns the name of the workflow of a program, and sees to it that the next ones are under way."""
    names: list[str] = []

    def name_of(number: int) -> str:
        while len(names) < min(len(chosen), number + AHEAD):
            _, workflow, call, *_ = chosen[len(names)]
            args, kwargs = call.copies()
            names.append(controller.create(workflow.graph.yaml(*args, **kwargs)))
        return names[number]

    try:
        yield name_of
    finally:
        for name in names:
            controller.delete(name)


@pytest.mark.timeout(60 * MINUTES + 300)
@pytest.mark.parametrize("number", range(PROGRAMS))
def test_same_as_plain(number, controller, chosen, submitted, tmp_path):
    name, workflow, call, expected, ran = chosen[number]
    args, kwargs = call.copies()
    ended, outcome = outcome_of(
        controller, submitted(number), workflow.graph, bind(workflow.function, args, kwargs), tmp_path
    )
    got = ("value", canon(outcome.value)) if isinstance(outcome, Value) else ("raised", shape(outcome.exception))
    assert got == expected, (name, call, ended["status"].get("message"))
    assert ended["status"]["phase"] == ("Succeeded" if expected[0] == "value" else "Failed")
    if ran is not None:
        aside = {template for template, _ in helpers(workflow.graph)}
        pods = [n for n in ended["status"]["nodes"].values() if n["type"] == "Pod" and n["phase"] != "Omitted"]
        assert sum(pod_name(node) not in aside for node in pods) == ran, (name, call)


def pod_name(node: dict) -> str:
    """Return the template of a pod; of one that several share, the one that its parameter `pod` names."""
    given = {p["name"]: p.get("value", "") for p in node.get("inputs", {}).get("parameters", [])}
    return str(given.get("pod", node.get("templateName", "")))
