"""Runs on the real controller that take outcomes over from an earlier one: which pods they have, and what they give."""

from __future__ import annotations

import time

import pytest

from tangentflow import attach
from tests.cluster.outcomes import MINUTES
from tests.cluster.reuse_programs import adding, costly_of, late_item, rounds, six

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(60 * MINUTES + 60)]
WAIT = 60 * MINUTES


@pytest.fixture(autouse=True)
def store(controller, monkeypatch, tmp_path):
    monkeypatch.delenv("ARGO_SERVER", raising=False)
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))


def of(run):
    return {s.path: s.status for s in run.steps}


def test_an_edited_last_step_starts_one_pod():
    first = six(adding(100)).submit(1)
    assert first.result(WAIT) == 114 and first.pods == 6

    second = six(adding(1000)).options(reuse=first).submit(1)
    assert (second.result(WAIT), second.pods) == (1014, 1)
    assert list(of(second).values()) == ["Cached"] * 5 + ["Succeeded"]
    assert second.steps[-1].inputs == {"x": 14}
    third = six(adding(1000)).options(reuse=second.id).submit(1)
    assert (third.result(WAIT), third.pods) == (1014, 1)
    assert set(of(third).values()) == {"Cached"}
    assert third.steps[0].result == 2


def test_the_failed_item_of_a_fan_out_and_what_follows():
    begins = time.time() + 90
    flow = late_item(begins)
    first = flow.submit(4)
    with pytest.raises(ValueError, match="too early"):
        first.result(WAIT)
    assert first.step("loop.passes", i=2).inputs == {"x": 4}
    time.sleep(max(0.0, begins + 5 - time.time()))
    second = flow.options(reuse=attach(first.id)).submit(4)
    assert second.result(WAIT) == 12
    assert {path: status for path, status in of(second).items() if status != "Cached"} == {
        "loop[2].passes": "Succeeded"
    }
    assert len(of(second)) == 8 and second.pods == 2  # the step, and the result


def test_override():
    first = rounds.submit(0, 5)
    assert first.result(WAIT) == {"iter": 5, "found": [0, 1, 2, 3, 4]}
    first.step("loop.search", i=1).override(iter=3)
    second = rounds.options(reuse=attach(first.id)).submit(0, 5)
    assert second.result(WAIT) == {"iter": 5, "found": [0, 1, 3, 4]}
    assert list(of(second).values()) == ["Cached", "Cached", "Succeeded", "Succeeded"]


def test_values_of_cached_steps_are_found():
    here, there = costly_of(time.time_ns())
    first = here.submit(2)
    one = first.result(WAIT)
    second = there.submit(3)
    assert (second.result(WAIT), second.pods) == ((one - 1) // 2 * 3, 3)  # two items, and the result
    assert list(of(second).values()) == ["Succeeded", "Succeeded", "Cached"]
    third = here.submit(2)
    assert (third.result(WAIT), third.pods) == (one, 1)
    assert third.steps["costly"][0].why.startswith("same code and inputs in run ")
