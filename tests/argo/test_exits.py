"""Exit handlers: what they are told, when, and what becomes of a run whose handler fails; the same in a local run and a simulated one."""

import json

import pytest

from tangentflow import Cancelled, LanguageError, StepFailed, StepTimeout, step, workflow
from tangentflow.argo.document import document
from tangentflow.client.cluster import snapshot
from tangentflow.client.plan import Plan
from tangentflow.client.run import ArgoRun
from tangentflow.engine.simulated import simulate
from tangentflow.errors import UsageError
from tangentflow.runtime.codec import encode
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.simulator import simulate as simulate_document
from tangentflow.simulator.run import Action
from tests.argo import exit_programs as programs
from tests.argo.forking import forking


def here(flow, *args, **options):
    return flow.options(store=False, **options).run(*args)


def there(flow, *args):
    with forking():
        return simulate(flow.graph, args, {})


WAYS = pytest.mark.parametrize("run", [here, there])


@pytest.fixture
def notes(tmp_path, monkeypatch):
    file = tmp_path / "notes"
    monkeypatch.setenv(programs.FILE, str(file))

    def read():
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    return read


CLEANED = ["cleaning Failed", "a !", "b !"]
CASES = {
    "told": (["Succeeded !"], ["Failed !"]),
    "all_told": (["Succeeded"], ["Failed"]),
    "cleaned": ([], CLEANED),
    "cleans_itself_too": (["cleaning before", "a !", "b !"], ["cleaning before", "a !", "b !", *CLEANED]),
    "followed_by_a_recursion": (
        ["Succeeded 2", "Succeeded 1", "Succeeded 0"], ["Failed 2", "Failed 1", "Failed 0"],
    ),
    "variously_told": (["Succeeded 1"], ["Failed 1"]),
    "caught": (["nobody to tell Succeeded caught"], ["nobody to tell Failed caught"]),
    "silently": ([], []),
}  # fmt: skip


@WAYS
@pytest.mark.parametrize("name", CASES)
def test_what_a_handler_is_told(run, name, notes):
    flow, (good, bad) = getattr(programs, name), CASES[name]
    plain = flow.function(3)
    notes()
    made = run(flow, 3)
    assert (made.status, made.result(), sorted(notes())) == ("Succeeded", plain, sorted(good))
    made = run(flow, -1)
    assert (made.status, type(made.error), made.error.args) == ("Failed", ValueError, ("below", -1))
    assert sorted(notes()) == sorted(bad)


def test_the_plain_call_has_no_handler(notes):
    assert programs.told(3) == 3
    assert notes() == []


@WAYS
def test_the_steps_of_a_handler_come_last(run, notes):
    made = run(programs.cleans_itself_too, -1)
    paths = [step.path for step in made.steps if step.status != "Skipped"]
    assert paths == [
        "clean_up.tell", "clean_up.loop[0].tell", "clean_up.loop[1].tell", "work", "on-exit.tell", "on-exit.loop[0].tell",
        "on-exit.loop[1].tell",
    ]  # fmt: skip
    line = programs.tell.function.__code__.co_firstlineno
    assert run(programs.told, 1).step("on-exit.tell").source == f"exit_programs.py:{line}"


@WAYS
def test_a_handler_that_fails(run, notes):
    made = run(programs.in_vain, 1)
    assert (made.status, type(made.error), made.error.args) == (
        "Failed", StepFailed, ("the exit handler broken failed",),
    )  # fmt: skip
    assert repr(made.error.__cause__) == "LookupError('nobody to tell Succeeded')"
    assert run(programs.in_vain, -1).error.args == ("below", -1)
    made = run(programs.in_vain_again, 1)
    assert (repr(made.error.__cause__), notes()) == ("LookupError('Succeeded')", ["try", "try"])
    made = run(programs.fails_in_glue, 1)
    assert (repr(made.error.__cause__), made.step("on-exit.tell").status) == ("KeyError('Succeeded')", "Succeeded")
    assert made.error.args == ("the exit handler looks_it_up failed",)


@WAYS
def test_a_run_that_took_too_long(run, notes):
    made = run(programs.late, 30)
    assert (type(made.error), notes()) == (StepTimeout, ["Failed !"])


@WAYS
def test_steps_of_the_same_name(run, notes):
    run(programs.twins(), 3)
    assert notes() == ["in 3", "after Succeeded"]


# -- runs that are stopped --------------------------------------------------------------------------------------------


def cancel(event):
    if event.kind == "step-started" and event.step.name == "nap":
        event.run.cancel()


def interrupt(event):
    if event.kind == "step-started" and event.step.name == "nap":
        raise KeyboardInterrupt


def test_a_cancelled_run(notes):
    made = here(programs.slow, 30, on_event=cancel)
    assert (made.status, type(made.error), notes()) == ("Cancelled", Cancelled, ["Cancelled !"])
    assert [(step.path, step.status) for step in made.steps] == [("nap", "Cancelled"), ("on-exit.tell", "Succeeded")]


def test_an_interrupted_run(notes):
    with pytest.raises(KeyboardInterrupt):
        here(programs.slow, 30, on_event=interrupt)
    assert notes() == ["Cancelled !"]


def test_nobody_cancels_a_handler(notes):
    def late(event):
        if event.kind == "step-started" and event.step.name == "tell":
            event.run.cancel()

    made = here(programs.told, 3, on_event=late)
    assert (made.status, made.result(), notes()) == ("Succeeded", 3, ["Succeeded !"])


def test_a_workflow_that_is_stopped(notes, tmp_path):
    with forking():
        made = document(programs.slow.graph, (30,))
        found = simulate_document(made, store=tmp_path / "store", actions=[Action("stop", "t-nap")])
    assert (found.phase, notes()) == ("Failed", ["Cancelled !"])


# -- records ----------------------------------------------------------------------------------------------------------


def test_a_handler_is_called_for_each_run(notes, tmp_path):
    first = programs.told.options(store=tmp_path / "s").run(3)
    again = programs.told.options(store=tmp_path / "s", reuse=first).run(3)
    assert [(step.path, step.cached) for step in again.steps] == [("work", True), ("on-exit.tell", False)]
    assert notes() == ["Succeeded !", "Succeeded !"]


# -- documents --------------------------------------------------------------------------------------------------------


def test_parameters_named_like_our_own(notes, tmp_path):
    made = document(programs.named_like_ours.graph)
    values = {"frame": "1", "at": "2", "status": "'x'"}
    with forking():
        found = simulate_document(made, store=tmp_path, parameters=values)
    assert (found.phase, notes()) == ("Succeeded", ["Succeeded !"])
    assert (tmp_path / found.uid / "result" / "v").is_file()


def test_code_that_is_an_artifact(notes):
    made = there(programs.told, 10**100_000)
    assert (made.status, notes()) == ("Succeeded", ["Succeeded !"])
    assert [node.display_name for node in made.simulation.nodes if node.type == "Pod"][:1] == ["t-code"]


def test_no_pod_more_than_the_handler_needs():
    made = document(programs.told.graph)
    scripts = [template["name"] for template in made["spec"]["templates"] if "script" in template]
    assert scripts == ["work", "tell-tell"]
    assert made["spec"]["onExit"] == "on-exit"


# -- what they may be -------------------------------------------------------------------------------------------------


@step
def two(a, b):
    return a


@step
def none():
    return 1


@pytest.mark.parametrize("wrong", [None, print, "tell", two, none, programs.tell.function])
def test_what_is_no_handler(wrong):
    with pytest.raises(
        TypeError, match=r"@workflow\(on_exit=.* of \S*flow: on_exit must be a step or a workflow that can be called"
    ):

        @workflow(on_exit=wrong)
        def flow():
            return 1


def test_what_a_handler_cannot_have(notes):
    for run in (here, there):
        with pytest.raises(
            UsageError, match="workflow 'told' has on_exit=.*, which is for a whole run, and is called by"
        ):
            run(programs.calls_one_with_a_handler, 1)
        with pytest.raises(
            UsageError, match="workflow 'limited' has timeout=3, which is for a whole run, and is called by"
        ):
            run(programs.with_a_limited_handler, 1)


def test_a_handler_is_refused_with_its_workflow():
    @workflow
    def handler(status):
        print(open(status).read())

    @workflow(on_exit=handler)
    def flow():
        return two(1, 2)

    assert flow() == 1
    with pytest.raises(LanguageError, match="open"):
        _ = flow.graph


# -- on a cluster -----------------------------------------------------------------------------------------------------


class Stored:
    """A cluster that has one finished workflow."""

    namespace = place = "here"
    serves = False

    def __init__(self, made, nodes):
        status = {"phase": "Failed", "nodes": nodes}
        self.made = {**made, "metadata": {**made["metadata"], "name": "w", "uid": "u"}, "status": status}

    def get(self, name):
        return self.made

    def peek(self, name):
        return snapshot(self.made)


class Files(dict):
    def read(self, key):
        return self.get(key)


def test_a_run_on_a_cluster_whose_handler_failed():
    made = document(programs.in_vain.graph, (1,))
    given = {"inputs": {"parameters": [{"name": "frame", "value": "exit"}]}}
    nodes = {
        "w": {"id": "w", "name": "w", "type": "DAG", "phase": "Succeeded"},
        "w-1": {"id": "w-1", "name": "w.onExit", "type": "DAG", "phase": "Failed"},
        "w-2": {
            "id": "w-2", "name": "w.onExit.t-broken.t-broken", "type": "Pod", "phase": "Failed", "templateName": "broken-broken", **given,
        },
    }  # fmt: skip
    cluster = Stored(made, nodes)
    run = ArgoRun(cluster, cluster.peek("w"))
    files = {"u/result/v": Value(1), "u/exit/broken/v": Raised(LookupError("nobody"))}
    run._artifacts = Files({key: encode(outcome, where="") for key, outcome in files.items()})
    assert [(step.path, step.status) for step in run.steps] == [("on-exit.broken", "Failed")]
    assert (run.status, type(run.error), run.error.args) == ("Failed", StepFailed, ("the exit handler broken failed",))
    assert repr(run.error.__cause__) == "LookupError('nobody')"


def test_places_of_a_handler_in_a_plan():
    made = document(programs.cleans_itself_too.graph, (1,))
    plan = Plan(json.loads(json.dumps({**made, "metadata": {"name": "w"}})))
    assert plan.path("exit", "loop.tell", (1,)) == "on-exit.loop[1].tell"
    assert plan.order("main", "work", ()) < plan.order("exit", "tell", ()) < plan.order("exit", "loop.tell", (0,))
