"""`max_concurrent` in documents: no more of a step at a time than it says, in a simulated run too."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest

from tangentflow import step, workflow
from tangentflow.engine.simulated import simulate
from tangentflow.simulator.tags import replace
from tests.argo import lock_programs as programs
from tests.argo.forking import forking


def at_once(runs):
    """Return the most runs that were under way at the same time."""
    return max(sum(began <= other < ended for _, began, ended in runs) for _, other, _ in runs)


CASES = {
    "a fan-out": (programs.fan_out, (6,), 2),
    "one by one": (programs.one_by_one, (3,), 1),
    "nested loops": (programs.nested, (2,), 2),
    "calls": (programs.in_calls, (3,), 2),
}


@pytest.mark.parametrize("case", CASES)
def test_no_more_at_a_time(case):
    workflow, args, most = CASES[case]
    with forking():
        found = simulate(workflow.graph, args, {}, workers=6).result()
    assert [run[0] for run in found] == [run[0] for run in workflow(*args)]
    assert at_once(found) == most


def test_sites_share_the_locks_of_their_step():
    with forking():
        found = simulate(programs.several_sites.graph, (), {}, workers=6).result()
    assert at_once(found[:3]) <= 2 and at_once(found[3:]) == 1 and at_once(found) == 3


def test_further_attempts_keep_the_lock(tmp_path):
    with forking():
        run = simulate(programs.with_retries.graph, (4, str(tmp_path)), {}, workers=6)
    assert [s.attempts for s in run.steps] == [2] * 4
    assert at_once(run.result()) == 2


def test_a_step_that_fails_lets_others_go_on():
    with forking():
        found = simulate(programs.one_fails.graph, (3,), {}, workers=6).result()
    assert [run[0] for run in found] == [0, 1, 2]


def locks(graph, *args):
    found = {t["name"]: t.get("synchronization") for t in graph.argo(*args)["spec"]["templates"]}
    return {name: [mutex["name"] for mutex in own["mutexes"]] for name, own in found.items() if own}


def taken(name, frame="main", ix=""):
    values = {"workflow.uid": "UID", "inputs.parameters.frame": frame, "inputs.parameters.ix": ix}
    return replace(name, values)


def test_names_of_locks():
    assert locks(programs.several_sites.graph) == {
        "pair": ["{{workflow.uid}}-pair-0"], "pair-2": ["{{workflow.uid}}-pair-1"], "pair-3": ["{{workflow.uid}}-pair-0"],
        "single": ["{{workflow.uid}}-single"], "single-2": ["{{workflow.uid}}-single"],
    }  # fmt: skip
    [[name]] = locks(programs.nested.graph, 2).values()
    assert [taken(name, ix=f"/{i}/{j}") for i in (0, 12) for j in (0, 1)] == [f"UID-pair-{n}" for n in (0, 1, 0, 1)]
    [in_call] = locks(programs.in_calls.graph, 2)["sub-pair"]
    assert [taken(in_call, f"main/.0/{i}") for i in (0, 1, 7)] == ["UID-pair-1", "UID-pair-0", "UID-pair-0"]
    assert "/" not in taken(in_call, "main/.0/3")


def test_steps_of_the_same_name_have_locks_of_their_own():
    def made(result):
        @step(max_concurrent=1)
        def work():
            return result

        return work

    one, two = made(1), made(2)

    @workflow
    def both():
        return one(), two()

    assert len({name for names in locks(both.graph).values() for name in names}) == 2
    assert both.simulate().result() == (1, 2)


def test_pods_of_the_same_shape_share_a_template_with_locks(tmp_path, monkeypatch):
    lines = ["from tangentflow import step, workflow", "@step(max_concurrent=2)", "def f(x): return x"]
    lines += ["@workflow", "def many(n):", "    found = []", "    for i in range(n):"]
    lines += [f"        found.append(f(i + {number}))" for number in range(100)]
    lines += ["    total = 0", *[f"    total += f({number})" for number in range(100)], "    return found, total"]
    path = tmp_path / "many_locks.py"
    path.write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location("many_locks", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "many_locks", module)
    spec.loader.exec_module(module)
    made = module.many.graph.argo(1)["spec"]
    assert len(made["templates"]) <= 200
    shared = [t for t in made["templates"] if "synchronization" in t]
    assert {re.sub(r"\d+", "N", t["name"]) for t in shared} == {"shared-N"}
    given = {
        p["value"]
        for t in made["templates"]
        for task in t.get("dag", {}).get("tasks", [])
        for p in task.get("arguments", {}).get("parameters", [])
        if p["name"] == "lock"
    }
    assert given == {"f-0", "f-1"}
