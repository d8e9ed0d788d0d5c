"""Programs of the corpus across the border: a local run and a simulated one take over all of each other, and give the same.

By default one of 108 programs of the corpus; with TANGENTFLOW_CORPUS=3 one of three, with TANGENTFLOW_CORPUS=all every one.
"""

from __future__ import annotations

import contextlib
import io
import warnings

import pytest

from tangentflow.client import sources
from tangentflow.client.simulating import simulate
from tangentflow.decorators import StepFunction
from tangentflow.engine.identity import Identity
from tangentflow.errors import LanguageError
from tangentflow.graph.nodes import Glue
from tests.argo.forking import forking
from tests.argo.test_corpus import WISH, programs
from tests.corpus import steps
from tests.corpus.steps import Plan, canon, shape
from tests.language.contract import arguments


def local(workflow, call, plan, reuse=None):
    args, kwargs = call.copies()
    steps.reset(plan)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return workflow.options(executor="inline", store=False, reuse=reuse).run(*args, **kwargs)
    finally:
        steps.reset()


def simulated(workflow, call, plan, reuse=None):
    args, kwargs = call.copies()
    steps.reset(plan)
    try:
        with forking():
            return simulate(workflow.graph, args, kwargs, workers=1, reuse=reuse)
    finally:
        steps.reset()


def told(run):
    return ("value", canon(run.result())) if run.error is None else ("raised", shape(run.error))


def looked_at_once(graph, monkeypatch):
    """Take the fingerprints of code as they are now: steps of the corpus read a log, which counts as their code."""
    identity = Identity()
    codes = {step: identity.code(step) for step in graph.bindings.values() if isinstance(step, StepFunction)}
    glue = {
        (flow.key, node.id): identity.glue(flow.key, graph.bindings[flow.key], node)
        for flow in graph.flows for node in flow.body.walk() if isinstance(node, Glue)
    }  # fmt: skip
    monkeypatch.setattr(Identity, "code", lambda self, step: codes[step])
    monkeypatch.setattr(Identity, "glue", lambda self, key, workflow, node: glue[key, node.id])


@pytest.mark.parametrize("workflow", list(programs())[:: 12 if WISH == "9" else 1])
def test_all_is_taken_over(workflow, monkeypatch):
    try:
        graph = workflow.graph
    except LanguageError:
        pytest.skip("refused")
    steps.reset()
    looked_at_once(graph, monkeypatch)
    calls = arguments(workflow)
    call = calls[len(calls) // 2]
    for plan in (Plan(), Plan(3, 0.5)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                here = local(workflow, call, plan)
            except TypeError:  # arguments that do not fit
                return
            there = simulated(workflow, call, plan)
            assert told(there) == told(here)
            runs = [
                (there, local(workflow, call, plan, reuse=there)),
                (here, simulated(workflow, call, plan, reuse=here)),
            ]
            with monkeypatch.context() as patch:
                patch.setattr(sources, "LARGEST_CARRIED", -1)
                runs.append((here, simulated(workflow, call, plan, reuse=here)))
        for before, again in runs:
            assert told(again) == told(here)
            known = {step.path for step in before.steps if step.status == "Succeeded"}
            taken = {step.path for step in again.steps if step.status == "Cached"}
            ran = {step.path: step.why for step in again.steps if step.status == "Succeeded"}
            assert taken <= known
            if here.error is None and {step.status for step in before.steps} <= {"Succeeded", "Skipped"}:
                assert not ran and taken == known
