"""Options of workflows: the same limits in a local run and in a simulated one, and the kinds of documents."""

import math
from pathlib import Path

import pytest
import yaml

from tangentflow import Cancelled, StepTimeout, workflow
from tangentflow.argo.document import document
from tangentflow.argo.kinds import declared
from tangentflow.engine.simulated import simulate
from tangentflow.errors import UsageError
from tangentflow.simulator import simulate as simulate_document
from tangentflow.simulator.document import read
from tests.argo import workflow_programs as programs
from tests.argo.forking import forking


def here(flow, *args, **options):
    return flow.options(store=False, **{"workers": 8, **options}).run(*args)


def there(flow, *args):
    with forking():
        return simulate(flow.graph, args, {}, workers=8)


WAYS = [here, there]

# -- what they may be -------------------------------------------------------------------------------------------------

GOOD = {
    "timeout": [1, 0.5, "10m", "7d"],
    "parallelism": [1, 100],
    "schedule": [
        "0 3 * * *", "*/5 0-6,22-23/2 1,15 jan-MAR mon-fri", "? * ? * SUN", "@daily", "@every 1h30m", ["@hourly", "5 4 * * *"], ("5/15 * * * *",),
    ],
    "ttl": [0, "7d", 3600],
    "pod_gc": ["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"],
}  # fmt: skip
WRONG = {
    TypeError: {
        "timeout": [None, True], "parallelism": ["3", None, 1.5], "schedule": [None, 3, [3], {"a": 1}], "ttl": [None, []], "pod_gc": [None, True],
    },
    ValueError: {
        "timeout": [0, -1, "soon", math.inf],
        "parallelism": [0, -1],
        "schedule": [
            "", [], "daily", "@often", "0 3 * *", "0 3 * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "5-1 * * * *",
            "*/0 * * * *", "* * * * fri-mon", "a * * * *", "1,,2 * * * *", "-1 * * * *", "1-2-3 * * * *", "@every", "@every 10", "@every 0s",
            "@every 100ms", "TZ=UTC 0 3 * * *", ["0 3 * * *", "x"],
        ],
        "ttl": [-1, "soon"],
        "pod_gc": ["Always", ""],
    },
}  # fmt: skip


def cases(table):
    return [pytest.param({name: value}, id=f"{name}={value!r}") for name, values in table.items() for value in values]


@pytest.mark.parametrize("options", cases(GOOD))
def test_good_options(options):
    assert workflow(**options)(programs.deep.function)("path", 0) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_options(kind):
    for case in cases(WRONG[kind]):
        (options,) = case.values
        (option,) = options
        with pytest.raises(kind, match=rf"@workflow\({option}=.* of deep: {option} must be"):
            workflow(**options)(programs.deep.function)


def test_time_zones():
    assert workflow(schedule="@daily", timezone="Europe/Berlin")(programs.deep.function)("path", 0) == []
    for wrong in ("Europe/Atlantis", "", "Berlin time", "../etc", "{{x}}"):
        with pytest.raises(ValueError, match="timezone must be the name of a time zone"):
            workflow(schedule="@daily", timezone=wrong)(programs.deep.function)
    with pytest.raises(ValueError, match="of deep says where the clock of a schedule is: add schedule="):
        workflow(timezone="UTC")(programs.deep.function)


# -- the time of a run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", WAYS)
@pytest.mark.parametrize(
    ("flow", "args", "steps"),
    [
        (programs.timed, (0.1, 30), ["nap", "nap_2"]),
        (programs.timed, (30, 0.1), ["nap", "nap_2"]),
        (programs.timed_in_loop, (30,), None),
        (programs.failed_beside, (30,), ["fail", "nap"]),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_run_that_takes_too_long_fails(run, flow, args, steps):
    made = run(flow, *args)
    if flow is programs.failed_beside:  # it was known before
        assert (type(made.error), made.error.args) == (ValueError, ("early",))
    else:
        assert type(made.error) is StepTimeout
        assert made.error.args == (f"workflow {flow.__name__} ran longer than its timeout of 3s",)
    assert made.status == "Failed"
    for step in made.steps:
        if steps is not None and step.status == "Cancelled":
            assert isinstance(step.error, Cancelled) and "the run's timeout was over before step" in str(step.error)
    assert all(step.finished - step.started < 8 for step in made.steps)


@pytest.mark.parametrize("run", WAYS)
def test_a_run_in_time(run):
    assert run(programs.timed, 0.1, 0.2).result() == (0.1, 0.2)
    assert run(programs.timed_in_loop, 3).result() == programs.timed_in_loop(3)
    assert type(run(programs.failed_in_time, 0).error) is ValueError


@pytest.mark.parametrize("executor", ["inline", "thread"])
def test_what_cannot_be_stopped_is_abandoned(executor):
    made = here(programs.timed, 0.1, 6, executor=executor)
    assert type(made.error) is StepTimeout and [s.status for s in made.steps] == ["Succeeded", "Cancelled"]


def test_a_timeout_is_for_a_whole_run():
    with pytest.raises(UsageError, match=r"workflow 'timed' has timeout=3, which is for a whole run, and is called"):
        here(programs.calls_timed)
    with pytest.raises(UsageError, match=r"workflow 'timed' has timeout=3, which is for a whole run, and is called"):
        document(programs.calls_timed.graph)


# -- how many at a time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", WAYS)
def test_parallelism_of_a_run(run, tmp_path):
    path = str(tmp_path / "notes")
    assert run(programs.bounded, path, 6).result() == list(range(6))
    assert programs.most_at_a_time(path) == 2


@pytest.mark.parametrize("run", WAYS)
def test_parallelism_of_a_call(run, tmp_path):
    path = str(tmp_path / "notes")
    plain = programs.calls(path)
    (tmp_path / "notes").unlink()
    assert run(programs.calls, path).result() == plain
    assert [programs.most_at_a_time(path, mark) for mark in "ab"] == [2, 2]


def test_parallelism_in_the_document():
    found = {t["name"]: t for t in document(programs.calls.graph)["spec"]["templates"]}
    assert {name: t["parallelism"] for name, t in found.items() if "parallelism" in t} == {"part": 2}


@pytest.mark.parametrize("run", WAYS)
def test_a_bound_of_one_in_a_recursion(run, tmp_path):
    path = str(tmp_path / "notes")
    assert run(programs.recursive, path, 2).result() == 3
    assert programs.most_at_a_time(path) == 1


def test_parallelism_that_argo_would_not_count(tmp_path):
    for flow, why in [
        (programs.calls_deep, "loop.part at line|loop at line"),
        (programs.calls_retried, "but step 'tried' has retries="),
        (programs.calls_branching, "at line"),
    ]:
        with pytest.raises(UsageError, match=f"cannot keep parallelism=. of workflow .*({why})"):
            document(flow.graph)
    path = str(tmp_path / "notes")
    assert here(programs.calls_deep, path).result()[0] == ([0, 1], 2, 3, 4)
    assert programs.most_at_a_time(path) == 1
    document(programs.deep.graph)


# -- documents --------------------------------------------------------------------------------------------------------

SPEC = {
    "parallelism": 3, "activeDeadlineSeconds": 300, "ttlStrategy": {"secondsAfterCompletion": 604800}, "podGC": {"strategy": "OnPodSuccess"},
}  # fmt: skip
LABELS = {"tangentflow.dev/workflow": "the-nightly-one", "team": "ml"}


def test_a_schedule_makes_a_cron_workflow():
    made = programs.nightly.graph.argo()
    read(made)
    assert yaml.safe_load(programs.nightly.graph.yaml()) == made
    assert (made["kind"], made["metadata"]["name"]) == ("CronWorkflow", "the-nightly-one")
    spec = made["spec"]
    assert (spec["schedules"], spec["timezone"]) == (["0 3 * * mon-fri", "@every 12h"], "Europe/Berlin")
    assert spec["workflowMetadata"]["labels"] == made["metadata"]["labels"] == LABELS
    assert {name: spec["workflowSpec"][name] for name in SPEC} == SPEC
    assert [p.get("value") for p in spec["workflowSpec"]["arguments"]["parameters"]][:1] == ["3"]
    assert document(programs.nightly.graph)["kind"] == "Workflow"


def test_templates():
    made = declared(programs.nightly.graph, kind="template")
    read(made)
    assert (made["kind"], made["metadata"]["name"]) == ("WorkflowTemplate", "the-nightly-one")
    assert made["spec"]["workflowMetadata"]["labels"] == LABELS
    made = declared(programs.timed.graph, kind="template")  # who submits it gives the values
    assert all("value" not in p for p in made["spec"]["arguments"]["parameters"] if p["name"] != "code")


def test_who_gives_the_arguments_of_scheduled_runs():
    with pytest.raises(UsageError, match="nobody gives arguments to the scheduled runs of .*: give defaults to n, or"):
        programs.scheduled_in_vain.graph.argo()
    assert programs.scheduled_in_vain.graph.argo(3)["kind"] == "CronWorkflow"
    with pytest.raises(UsageError, match="workflow 'timed' has no schedule"):
        declared(programs.timed.graph, kind="cron")


def test_all_kinds_run_alike(tmp_path):
    graph = programs.nightly.graph
    template = declared(graph, kind="template")
    reference = {
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "x-", **template["spec"]["workflowMetadata"]},
        "spec": {"workflowTemplateRef": {"name": "the-nightly-one"}},
    }  # fmt: skip
    with forking():
        for number, made in enumerate((declared(graph, kind="workflow"), declared(graph, kind="cron"), reference)):
            found = simulate_document(made, store=Path(tmp_path, str(number)), templates=[template])
            assert (found.phase, found.pods) == ("Succeeded", 1)


@pytest.mark.parametrize("run", WAYS)
def test_runs_by_name(run):
    made = run(programs.nightly)
    assert (made.workflow, made.result()) == ("the nightly one", 6)
    assert made.id.startswith("the-nightly-one-")


def test_what_has_no_effect_is_said():
    told = here(programs.nightly).notes
    for option in ("schedule", "timezone", "ttl", "pod_gc", "labels"):
        assert f"{option}= of nightly has no effect on this machine" in told
    assert there(programs.nightly).notes == [
        "cache= of kept finds values only in a run that is given as reuse=: simulations keep none"
    ]
