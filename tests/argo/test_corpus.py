"""Programs of the corpus: the document gives what a plain call gives, and its pods are the steps that ran, and helpers.

By default one of nine programs of the corpus, each once as it is and once with failing steps; with TANGENTFLOW_CORPUS=3 one of three, with
TANGENTFLOW_CORPUS=all every one.
"""

import contextlib
import importlib
import io
import os
import warnings
import zlib
from pathlib import Path

import pytest

from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.simulated import simulate
from tangentflow.errors import LanguageError
from tangentflow.graph.nodes import Try
from tests.argo.endings import wrong_ends
from tests.argo.forking import forking
from tests.corpus import steps
from tests.corpus.steps import Plan, canon, shape
from tests.language.contract import arguments

MODULES = sorted(
    p.stem
    for p in (Path(__file__).parents[1] / "corpus").glob("*.py")
    if p.stem not in ("steps", "library", "__init__")
)
UNSTABLE = {"toss_until_heads", "random_decides"}
"""Programs whose steps share state behind the workflow's back, which pods do not, or that a random number decides."""

WISH = os.environ.get("TANGENTFLOW_CORPUS", "9")
ONE_OF = 1 if WISH == "all" else int(WISH)


def programs():
    for module in MODULES:
        imported = importlib.import_module(f"tests.corpus.{module}")
        for name, value in list(vars(imported).items()):
            own = isinstance(value, WorkflowFunction) and value.__module__ == imported.__name__
            if own and name not in UNSTABLE and zlib.crc32(f"{module} {name}".encode()) % ONE_OF == 0:
                yield pytest.param(value, id=f"{module}-{name}")


def plainly(workflow, call, plan):
    args, kwargs = call.copies()
    steps.reset(plan)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ("value", canon(workflow(*args, **kwargs))), len(steps.LOG)
        except BaseException as error:
            return ("raised", shape(error)), None


@pytest.mark.parametrize("workflow", list(programs()))
def test_same_as_plain(workflow):
    try:
        graph = workflow.graph
    except LanguageError:
        pytest.skip("refused")
    assert wrong_ends(graph) == []
    calls = arguments(workflow)
    for call, plan in [(calls[-1], Plan()), (calls[len(calls) // 2], Plan(3, 0.5))]:
        plain, ran = plainly(workflow, call, plan)
        if plain[0] == "raised" and plain[1][0] == "builtins.TypeError" and ran is None and not steps.LOG:
            continue  # arguments that do not fit: there is no document
        steps.reset(plan)
        args, kwargs = call.copies()
        with forking():
            run = simulate(graph, args, kwargs, workers=1)
        steps.reset()
        assert (("value", canon(run.result())) if run.error is None else ("raised", shape(run.error))) == plain
        started = run.pods - len(run.helpers)
        # In a `try`, values that need nothing of a step that fails may have run although its exception was caught.
        assert ran is None or started == ran or (started > ran and tries(graph))


def tries(graph):
    return any(isinstance(node, Try) for flow in graph.flows for node in flow.body.walk())
