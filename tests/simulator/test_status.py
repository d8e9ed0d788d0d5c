"""How large a status would be: ids are the engine's, sizes those of a status that it wrote (`tests/cluster/test_scale.py`)."""

from __future__ import annotations

from types import SimpleNamespace

from tangentflow.simulator.status import LARGEST, StatusSize, _id, status_size
from tests.corpus import hard


def test_ids_are_those_of_the_engine():
    run = SimpleNamespace(name="while-with-fan-out-4wp8f")
    assert _id(run, run.name) == run.name
    name = f"{run.name}.t-loop.t-0.t-0.t-0.t-0.t-0.t-loop-rest.t-loop(1:1)"
    assert _id(run, name) == f"{run.name}-1235906464"


def test_a_run_with_more_iterations_has_a_larger_status():
    graph = hard.while_with_fan_out.graph
    small, large = (status_size(graph.argo(n), hard.while_with_fan_out.simulate(n).simulation) for n in (1, 2))
    assert small.nodes < large.nodes < 4 * small.nodes
    assert small.packed < small.nodes / 3
    assert small.fits
    assert abs(small.rest - large.rest) < 100


def test_what_fits():
    assert StatusSize(2 * LARGEST, LARGEST // 2, 1000).fits
    assert not StatusSize(20 * LARGEST, LARGEST // 2, LARGEST // 2).fits
