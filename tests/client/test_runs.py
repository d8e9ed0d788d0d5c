"""A run on a cluster gives what the plain call gives, and tells about its steps; both ways to a cluster."""

from __future__ import annotations

import json

import pytest

from tangentflow import Cancelled, Run, StepFailed, StepTimeout
from tangentflow.client.find import attach, runs
from tangentflow.errors import ClusterError, StepKilled
from tangentflow.runtime.traces import remote_traceback
from tests.cluster import programs

BOTH = pytest.mark.parametrize("way", ["server", "kube"])


def listing(run):
    return [(step.path, step.status) for step in run.steps]


@BOTH
def test_the_value_comes_back(cluster, way):
    cluster(f"{way}-value")
    run = programs.coin.submit(1)
    assert isinstance(run, Run) and run.workflow == "coin" and run.id.startswith("coin-")
    assert run.wait() is run
    assert run.result() == programs.coin(1) == 1
    assert (run.status, run.error) == ("Succeeded", None)


@BOTH
def test_the_exception_comes_back(cluster, way):
    cluster(f"{way}-exception")
    run = programs.one_fails.submit(3)
    with pytest.raises(programs.Odd) as caught:
        run.result()
    assert caught.value.args == ("code 1",)
    assert vars(caught.value) == {"code": 1, "hint": "look"}
    assert 'raise Odd(x, hint="look")' in remote_traceback(caught.value)
    assert run.status == "Failed" and run.error is caught.value


def test_nodes_of_a_large_run_are_packed(cluster):
    cluster("kube-exception").nodes = "packed"
    run = programs.one_fails.submit(3).wait()
    assert listing(run) == [
        ("loop[0].fail_if", "Succeeded"), ("loop[1].fail_if", "Failed"), ("loop[2].fail_if", "Succeeded"),
    ]  # fmt: skip
    assert isinstance(run.error, programs.Odd) and run.pods == 5


@pytest.mark.parametrize("nodes, told", [
    ("offloaded", r"keeps what it has on the nodes of one-fails-\w+ in a database of its own, which Argo Server alone reads: set ARGO_SERVER"),
    ("zstd", r"packed what it has on the nodes of one-fails-\w+ by other means than gzip, which Argo Server alone undoes: set ARGO_SERVER"),
])  # fmt: skip
def test_nodes_that_only_argo_server_reads(cluster, nodes, told):
    cluster("kube-exception").nodes = nodes
    run = programs.one_fails.submit(3).wait()
    assert isinstance(run.error, programs.Odd)  # that lies in the artifact repository
    for ask in (lambda: run.steps, lambda: run.pods):
        with pytest.raises(ClusterError, match=told):
            ask()


@BOTH
def test_steps_are_told_in_program_order(cluster, way):
    cluster(f"{way}-exception")
    run = programs.one_fails.submit(3).wait()
    assert listing(run) == [
        ("loop[0].fail_if", "Succeeded"), ("loop[1].fail_if", "Failed"), ("loop[2].fail_if", "Succeeded"),
    ]  # fmt: skip
    first, second, third = run.steps["fail_if"]
    assert (first.result, third.result) == (0, 2)
    assert isinstance(second.error, programs.Odd) and second.result is None
    assert run.step("loop.fail_if", i=1).path == "loop[1].fail_if"
    assert all(step.attempts == 1 and step.started <= step.finished for step in run.steps)
    line = programs.one_fails.function.__code__.co_firstlineno + 2
    assert {step.source for step in run.steps} == {f"programs.py:{line}"}
    assert run.pods == 5


@BOTH
def test_logs_are_what_the_steps_printed(cluster, way):
    cluster(f"{way}-exception")
    run = programs.one_fails.submit(3).wait()
    lines = run.logs().splitlines()
    assert "loop[1].fail_if: tests.cluster.programs.Odd: code 1" in lines
    assert not [line for line in lines if "argo=true" in line]
    assert run.steps[0].logs() == ""


def test_printed_lines_belong_to_their_steps(cluster):
    cluster("server-constant")
    run = programs.greet.submit().wait()
    assert run.logs() == "loop[0].whalesay: hello world\nloop[1].whalesay: goodbye world\n"


def test_what_no_pod_recorded_is_replayed_with_the_code_of_the_run(cluster):
    double = cluster("server-constant")
    assert programs.greet.submit().result() is None
    assert not [request for request in double.requests if request.endswith("/outputs/result")]


def test_arms_that_were_not_taken_are_skipped(cluster):
    cluster("server-branch")
    run = programs.branch.submit(1)
    assert run.result() == programs.branch(1)
    assert listing(run) == [("add", "Succeeded"), ("add_2", "Skipped"), ("same", "Succeeded")]
    assert run.steps[1].attempts == 0 and run.steps[1].started is None and run.steps[1].outcome is None


def test_a_lost_pod_is_told_with_the_words_of_the_engine(cluster):
    cluster("server-lost")
    run = programs.dies.submit(3)
    with pytest.raises(
        StepKilled, match=r"the pod of die ended without recording an outcome: main: Error \(exit code 137\)"
    ):
        run.result()
    assert listing(run) == [("add", "Succeeded"), ("die", "Failed")]
    assert isinstance(run.steps[1].error, StepFailed)


def test_a_run_that_took_too_long(cluster):
    double = cluster("server-lost")
    for exchange in [exchange for exchanges in double.exchanges.values() for exchange in exchanges]:
        if "json" in exchange:
            text = json.dumps(exchange["json"])
            text = text.replace("main: Error (exit code 137)", "Step exceeded its deadline")
            exchange["json"] = json.loads(text.replace('"entrypoint"', '"activeDeadlineSeconds": 90, "entrypoint"'))
    run = programs.dies.submit(3)
    with pytest.raises(StepTimeout, match="workflow dies ran longer than its timeout of 1m30s"):
        run.result()
    assert run.status == "Failed" and listing(run) == [("add", "Succeeded"), ("die", "Cancelled")]
    assert "the run's timeout was over before step die ended" in str(run.steps[1].error)


@BOTH
def test_a_cancelled_run(cluster, way):
    cluster(f"{way}-cancelled")
    run = programs.naps.submit()
    run.steps  # the recording cancels once a step runs
    run.cancel()
    with pytest.raises(Cancelled, match=run.id):
        run.result()
    assert run.status == "Cancelled"
    assert {step.status for step in run.steps} == {"Cancelled"}
    assert all(isinstance(step.error, Cancelled) for step in run.steps)
    run.cancel()  # nothing happens


@BOTH
def test_runs_are_found_again(cluster, way):
    double = cluster(f"{way}-value")
    again = attach(double.name)
    assert again.wait().result() == 1
    assert listing(again) == [("loop[0].flip", "Succeeded"), ("loop[1].flip", "Succeeded")]
    found = runs()
    assert [run.id for run in found] == [double.name]
    assert (found[0].workflow, found[0].result()) == ("coin", 1)


def test_local_runs_and_submitted_ones_stand_side_by_side(cluster):
    double = cluster("server-value")
    local = programs.coin.options(executor="inline", store=True).run(0)
    assert {run.id for run in runs()} == {local.id, double.name}
    assert attach(local.id).result() == 0 and attach(double.name).result() == 1
    assert [run.id for run in runs(namespace="argo")] == [double.name]
    assert [run.id for run in runs(store=local.folder)] == [local.id]


def test_artifacts_at_an_address_that_the_user_names(cluster, tmp_path):
    cluster("server-value")
    run = programs.coin.options(artifacts=f"file://{tmp_path}").submit(1).wait()
    target = tmp_path / run._document["metadata"]["uid"] / "result" / "v"
    target.parent.mkdir(parents=True)
    from tangentflow.runtime.codec import encode
    from tangentflow.runtime.outcome import Value

    target.write_bytes(encode(Value("from the folder"), where="coin"))
    assert run.result() == "from the folder"
