"""Which pods a run has: one for each step that ran, and helpers only where nobody can host what is to be evaluated."""

import pytest

from tangentflow.argo.document import document, helpers
from tangentflow.engine.simulated import simulate
from tests.argo import programs
from tests.argo.forking import forking

RUNS = [
    ("chain", (3,), 2, []),
    ("glue_between", (3,), 2, []),
    ("branch", (1,), 1, []),
    ("branch", (5,), 2, []),
    ("both_arms", (1,), 3, []),
    ("both_arms", (5,), 3, []),
    ("filtered", (0,), 1, ["result"]),
    ("filtered", (5,), 3, ["result"]),
    ("nested", (3,), 3, ["begin", "result"]),
    ("nested", (0,), 0, ["begin", "result"]),
    ("until", (0,), 1, []),
    ("until", (4,), 5, []),
    ("at_test", (0,), 0, ["begin"]),
    ("at_test", (3,), 3, ["begin"]),
    ("some_iterations", (7,), 3, ["begin"]),
    ("fixed", (), 3, []),
    ("constant_call", (), 3, ["result"]),
    ("factorial", (2,), 2, ["begin", "begin", "begin"]),
    ("effects_behind_return", ([2],), 1, []),
    ("effects_behind_return", ([1, 3],), 4, ["test"]),
    ("side_by_side", (1,), 2, ["result"]),
]


@pytest.mark.parametrize(("name", "args", "steps", "wanted"), RUNS)
def test_pods(name, args, steps, wanted):
    workflow = getattr(programs, name)
    with forking():
        run = simulate(workflow.graph, args, {})
    assert run.result() == workflow(*args)
    assert sorted(run.helpers) == wanted
    assert run.pods == steps + len(wanted)


def test_a_step_with_another_image_hosts_nothing():
    made = document(programs.other_image.graph)
    templates = {t["name"]: t for t in made["spec"]["templates"]}
    assert templates["elsewhere"]["script"]["image"] == "other:1"
    assert "parameters" not in templates["elsewhere"]["outputs"]
    assert dict(helpers(programs.other_image.graph)).keys() >= {"test"}


def test_helpers_say_where_their_work_stands():
    reasons = dict(helpers(programs.nested.graph))
    line = programs.nested.function.__code__.co_firstlineno + 2
    assert f"at line {line}" in reasons["begin"]


def test_each_iteration_of_a_serial_loop_costs_its_steps_alone():
    with forking():
        run = simulate(programs.at_test.graph, (9,), {})
    pods = [node for node in run.simulation.nodes if node.type == "Pod"]
    assert len(pods) == 10
    assert run.steps.__len__() == 9
    assert [s.path for s in run.steps][-1] == "loop[8].f"
