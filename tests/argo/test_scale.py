"""Sizes that a platform meets: many functions, many iterations, wide fan-outs.

With TANGENTFLOW_CORPUS=all the loops have 10,000 iterations and the fan-outs 5,000 items (half an hour on one core).
"""

from __future__ import annotations

import json
import os
import time

import pytest

from tangentflow import step, workflow
from tangentflow.engine.simulated import simulate
from tangentflow.simulator.status import status_size
from tests.argo.forking import forking
from tests.argo.many_functions import many_functions

ALL = os.environ.get("TANGENTFLOW_CORPUS") == "all"
ITERATIONS, WIDTH = (10_000, 5_000) if ALL else (100, 200)
FUNCTIONS = 450


@step
def increased(x):
    return x + 1


@workflow
def one_after_the_other(n):
    x = 0
    for _ in range(n):
        x = increased(x)
    return x


@workflow
def side_by_side(n):
    return [increased(i) for i in range(n)]


def simulated(graph, *args):
    started = time.monotonic()
    with forking():
        run = simulate(graph, args, {}, workers=2)
    size = status_size(run.document, run.simulation)
    print(
        f"{graph.main.name}{args}: {run.pods} pods, {len(run.simulation.nodes)} nodes, {time.monotonic() - started:.0f} s, "
        f"nodes of {size.nodes:,} bytes, packed {size.packed:,}, rest {size.rest:,}"
    )
    assert size.packed < 110 * len(run.simulation.nodes)  # docs/argo.md says how many fit
    assert size.fits or len(run.simulation.nodes) > 9000
    return run


@pytest.mark.timeout(3600)
def test_iterations_one_after_the_other():
    run = simulated(one_after_the_other.graph, ITERATIONS)
    assert run.result() == ITERATIONS
    assert run.pods == ITERATIONS + len(run.helpers)
    assert len(run.simulation.nodes) < 1.2 * ITERATIONS + 100


@pytest.mark.timeout(3600)
def test_items_side_by_side():
    run = simulated(side_by_side.graph, WIDTH)
    assert run.result() == list(range(1, WIDTH + 1))
    assert run.pods == WIDTH + len(run.helpers)
    assert len(run.simulation.nodes) < WIDTH + 10


@pytest.fixture
def many(tmp_path):
    with many_functions(tmp_path, FUNCTIONS) as workflow:
        yield workflow


@pytest.mark.timeout(600)
def test_many_functions(many):
    document = many.graph.argo(1)
    spec = document["spec"]
    assert len(spec["templates"]) <= 200
    assert all(len(t["dag"]["tasks"]) <= 200 for t in spec["templates"] if "dag" in t)
    assert len(json.dumps(document)) < 1 << 20
    run = simulated(many.graph, 1)
    assert run.result() == many(1)
    assert run.pods == FUNCTIONS + len(run.helpers)
