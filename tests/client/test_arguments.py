"""Arguments that a document cannot carry: they are put into the artifact repository, and pods and clients find them there."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tangentflow import attach
from tangentflow.argo.arguments import LARGEST
from tangentflow.argo.document import CODE_TASK
from tangentflow.argo.policies import LATE
from tangentflow.argo.taken import PUT
from tangentflow.client import putting, submit
from tangentflow.client.artifacts import at_address
from tangentflow.client.run import ArgoRun
from tangentflow.errors import ClusterError, StepKilled, StepTimeout, UsageError
from tangentflow.explain.planning import plan
from tangentflow.simulator.status import status_size
from tests.argo.many_functions import many_functions
from tests.client.argument_programs import echoed, limited, listed, measured, with_default

DATA = random.Random(1).randbytes(3 * LARGEST)


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "data {{x}}"
    (found / "part").mkdir(parents=True)
    (found / "part" / "a.bin").write_bytes(DATA)
    (found / "é").write_text("1")
    return found


WAYS = ["simulate", "submit"]


@pytest.mark.parametrize("way", WAYS)
def test_large_values(simulated, flag, way):
    run = getattr(measured, way)(DATA, flag)
    assert run.result() == measured(DATA, flag) == (2 * len(DATA) + 1, len(DATA) - 1, DATA[:5])
    assert run.step("loop.size", i=1).inputs == {"data": DATA}
    assert run.step("inner.size").inputs == {"data": DATA[1:]}
    if way == "submit":
        (put,) = simulated.put()
        assert len(DATA) < put < len(DATA) + 500


@pytest.mark.parametrize("way", WAYS)
def test_a_folder(simulated, folder, way):
    run = getattr(listed, way)(folder)
    assert run.result() == listed(folder) == ([("part/a.bin", len(DATA)), ("é", 1)], "data {{x}}")


@pytest.mark.parametrize("way", WAYS)
def test_a_result_that_no_pod_records(simulated, way):
    run = getattr(echoed, way)(DATA)
    assert run.result() == 2 * DATA[:3]


def test_the_same_is_put_once_and_small_arguments_never(simulated, flag):
    first, second = measured.submit(DATA, flag), measured.submit(DATA, flag)
    assert len(simulated.put()) == 1 and first.result() == second.result()
    assert measured.submit(DATA[: LARGEST // 2], flag).result() == measured(DATA[: LARGEST // 2], flag)
    assert len(simulated.put()) == 1


def test_what_it_was_called_with_is_found_again(simulated, flag):
    run = attach(measured.submit(DATA, flag, n=1).id, namespace="simulated")
    assert isinstance(run, ArgoRun) and run.arguments(measured) == ((DATA, flag, 1), {})
    shutil.rmtree(next(simulated.folder.glob("put-*")))  # the run has its own
    assert attach(run.id, namespace="simulated").step("loop.size", i=0).inputs == {"data": DATA}
    (simulated.folder / run.uid / "code" / "arguments" / "v").unlink()
    with pytest.raises(ClusterError, match="the arguments of this run of measured are not in its artifact repository"):
        _ = attach(run.id, namespace="simulated").step("loop.size", i=0).inputs


@pytest.mark.parametrize("way", WAYS)
def test_a_run_with_large_arguments_is_reused(simulated, flag, way):
    Path(flag).touch()
    before = getattr(measured, way)(DATA, flag)
    with pytest.raises(ValueError):
        before.wait().result()
    Path(flag).unlink()
    again = getattr(measured.options(reuse=before), way)(DATA, flag)
    assert again.result() == measured(DATA, flag)
    assert {s.path for s in again.steps if s.status == "Succeeded"} == {"inner.fail_if"}
    here = measured.options(reuse=before, executor="inline").run(DATA, flag)
    assert {s.path for s in here.steps if s.status == "Succeeded"} == {"inner.fail_if"}


def test_a_document_without_a_repository_cannot_have_them(folder):
    told = r"the arguments of listed take 1\.8 MB, and a document carries up to 0\.6 MB; submit it with them \(`\.submit`, which puts them"
    with pytest.raises(UsageError, match=told):
        listed.graph.yaml(folder)


def test_a_repository_that_cannot_be_written(simulated, monkeypatch, flag):
    (simulated.folder / "file").touch()
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", (simulated.folder / "file").as_uri())
    told = r"the arguments \(1,800,\d\d\d bytes\) must be put into the artifact repository of the cluster, which this machine cannot do: .* cannot be written"
    with pytest.raises(UsageError, match=told):
        measured.submit(DATA, flag)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    with pytest.raises(UsageError, match="no address of it is known; set TANGENTFLOW_ARTIFACTS"):
        measured.submit(DATA, flag)
    assert not simulated.workflows


def test_the_plan_of_such_a_submission(flag):
    told = plan(measured.graph, (DATA, flag), {})
    assert "bytes of arguments are put into the artifact repository)" in told and "(code)" in told
    assert plan(echoed.graph, (DATA,), {}).startswith(f"echoed: {echoed.simulate(DATA).pods} pods\n")
    assert "arguments are put" not in plan(measured.graph, (DATA[:100], flag), {})


@pytest.mark.parametrize("size", [1000, 300_000, 400_000, LARGEST - 1000, LARGEST + 1, 900_000, 5_000_000])
def test_every_size_leaves_room_for_what_the_engine_notes(flag, size):
    run = measured.simulate(DATA[:size] if size < len(DATA) else bytes(size), flag)
    found = status_size(run.document, run.simulation)
    assert run.error is None and found.fits and found.rest < 650_000
    assert (PUT in str(run.document["spec"]["templates"])) is (size > 350_000)


def test_large_defaults(simulated):
    run = with_default.submit()
    assert run.result() == with_default() and len(simulated.put()) == 1
    assert with_default.submit(data=b"12").result() == 2 and len(simulated.put()) == 1
    with pytest.raises(
        UsageError,
        match=r"the document of with_default takes [\d,]+ bytes \(the code [\d,]+, the templates [\d,]+\), and the engine keeps 1,048,576",
    ):
        with_default.graph.yaml()


def test_documents_that_are_too_large_for_the_engine(tmp_path):
    with many_functions(tmp_path, 1500) as workflow:
        with pytest.raises(
            UsageError,
            match=r"the document of many takes 1,\d\d\d,\d\d\d bytes \(the code .*\), and the engine keeps 1,048,576 .*; make loops",
        ):
            workflow.graph.yaml()


def test_the_repository_is_that_of_the_run(simulated, monkeypatch, tmp_path, flag):
    """Not that of another run which chose another one."""
    asked = []

    def of_repository(repository, secret):
        asked.append(repository)
        return at_address(simulated.folder.as_uri())

    monkeypatch.setattr(putting, "of_repository", of_repository)
    small = [measured.submit(b"1", flag) for _ in range(2)]
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    for run, name, chosen in zip(small, ("ours", "theirs"), (None, {"key": "theirs"})):
        found = simulated.workflows[run.id]
        found["status"]["artifactRepositoryRef"] = {"artifactRepository": {"s3": {"bucket": name}}}
        if chosen:
            found["spec"]["artifactRepositoryRef"] = chosen
    measured.submit(DATA, flag)
    assert asked == [{"s3": {"bucket": "ours"}}]


def test_the_first_pod_that_does_not_end_well(simulated, monkeypatch, flag):
    """Its arguments are gone before the run has begun: that is why nothing ran, not what is missing."""
    monkeypatch.setattr(submit, "put", lambda *args: None)
    run = measured.submit(DATA, flag)
    with pytest.raises(
        StepKilled, match=r"the first pod of measured-\w+, which hands on its arguments, did not end well: .*arguments"
    ):
        run.result()
    assert run.status == "Failed" and {step.status for step in run.steps} <= {"Skipped"}


def test_the_time_of_a_run_that_is_over_before_it_has_begun(simulated, monkeypatch, flag):
    monkeypatch.setattr(submit, "put", lambda *args: None)
    run = limited.submit(DATA)
    found = simulated.workflows[run.id]
    node = next(node for node in found["status"]["nodes"].values() if node["displayName"] == CODE_TASK)
    node["message"] = found["status"]["message"] = LATE
    with pytest.raises(StepTimeout, match="limited ran longer than its timeout of 2s"):
        attach(run.id, namespace="simulated").result()
