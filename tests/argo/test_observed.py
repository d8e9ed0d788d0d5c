"""The main forms from end to end: plain call = local run = regenerated source = the document on the simulator, and the pods of each run."""

import re

import pytest
import yaml

from tangentflow.argo.document import helpers
from tangentflow.decorators import WorkflowFunction
from tests.argo import observed
from tests.cluster import programs

HOSTILE = [
    "{{x}}",
    "{{=1+1}}",
    "'\"",
    "two\nlines",
    "\U0001f40b é",
    "$(HOME) $$ \\",
    "",
    "{{tasks.t-a.outputs.parameters.x}}",
]

RUNS = [
    ("greet", (), 2),
    *[("coin", (tails,), tails + 1) for tails in (0, 1, 12)],
    *[("mapped", (n,), n + 1) for n in (0, 1, 7)],
    ("arms", (1,), 3), ("arms", (5,), 3),
    ("twice", (3,), 4),
    ("early", (1,), 2), ("early", (5,), 1),
    ("failing", (), 3),
    ("side_by_side", (), 2),
    *[("hostile", (text,), 4) for text in HOSTILE[:3]],
    ("hostile_error", (HOSTILE[0],), 1),
]  # fmt: skip


def answer(call):
    """Return a value, or an exception as type and args."""
    try:
        return "value", call()
    except Exception as error:
        return type(error), error.args


def from_source(workflow: WorkflowFunction, args):
    space = dict(workflow.graph.bindings)
    exec(workflow.graph.source(), space)
    return space[workflow.__name__](*args)


@pytest.mark.parametrize(("name", "args", "steps"), RUNS, ids=lambda value: value if isinstance(value, str) else None)
def test_same_in_every_way(name, args, steps):
    workflow = getattr(observed, name)
    plain = answer(lambda: workflow(*args))
    assert answer(lambda: from_source(workflow, args)) == plain
    assert answer(lambda: workflow.run(*args).result()) == plain
    simulated = workflow.simulate(*args)
    assert answer(simulated.result) == plain
    named = {template for template, _ in helpers(workflow.graph)}
    assert set(simulated.helpers) <= named
    assert simulated.pods == steps + len(simulated.helpers)


@pytest.mark.parametrize("text", HOSTILE)
def test_strings_arrive_unchanged(text):
    assert observed.hostile.run(text).result() == observed.hostile(text)
    run = observed.hostile_error.run(text)
    assert (type(run.error), run.error.args) == (RuntimeError, (text,))
    tags = re.findall(r"{{[^}]*}}", yaml.safe_dump(observed.hostile.graph.argo(text)["spec"]["templates"]))
    assert text not in tags, "a string of the user's became a tag"


def test_every_helper_pod_says_why():
    for name in {name for name, *_ in RUNS}:
        for template, reason in helpers(getattr(observed, name).graph):
            assert template and len(reason) > 10, (name, template, reason)


def test_the_whales_are_one_fan_out_of_two():
    tasks = [
        t
        for template in observed.greet.graph.argo()["spec"]["templates"]
        for t in template.get("dag", {}).get("tasks", [])
    ]
    fans = [task for task in tasks if "withSequence" in task]
    assert [fan["withSequence"] for fan in fans] == [{"count": "2"}]


def test_one_document_serves_every_length():
    assert observed.mapped.graph.yaml() == observed.mapped.graph.yaml()
    without_arguments = [observed.mapped.graph.argo(n) for n in (0, 1, 7)]
    for document in without_arguments:
        document["spec"].pop("arguments")
    assert without_arguments[0] == without_arguments[1] == without_arguments[2]


def test_a_sub_workflow_called_twice_is_emitted_once():
    templates = [template["name"] for template in observed.twice.graph.argo()["spec"]["templates"]]
    assert len([name for name in templates if name == "part"]) == 1
    assert len(templates) == len(set(templates))


def test_what_steps_print_is_told_of_a_simulation():
    run = programs.greet.simulate()
    assert [step.logs() for step in run.steps] == ["hello world\n", "goodbye world\n"]
    assert run.logs() == "loop[0].whalesay: hello world\nloop[1].whalesay: goodbye world\n"


def test_items_of_one_pod_have_what_it_printed():
    """As on a cluster: one log for all of them."""
    run = observed.said_in_chunks.simulate(3)
    assert [step.logs() for step in run.steps] == ["said 0\nsaid 1\n", "said 0\nsaid 1\n", "said 2\n"]
