"""Arguments that a document cannot carry: they are put into the artifact repository, and pods and clients find them there."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tangentflow import attach
from tangentflow.argo.arguments import LARGEST
from tangentflow.argo.document import submission
from tangentflow.client.run import ArgoRun
from tangentflow.errors import ClusterError, UsageError
from tangentflow.explain.planning import plan
from tests.client.argument_programs import echoed, listed, measured

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
    with pytest.raises(
        ClusterError, match="the arguments of this run of measured are not in its artifact repository any more"
    ):
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
    told = r"the arguments of listed take 2\.3 MB, and a document carries up to 0\.75 MB; submit it with them \(`\.submit`, which puts them"
    with pytest.raises(UsageError, match=told):
        listed.graph.yaml(folder)


def test_a_repository_that_cannot_be_written(simulated, monkeypatch, flag):
    (simulated.folder / "file").touch()
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", (simulated.folder / "file").as_uri())
    told = r"the arguments \(2,250,\d\d\d bytes\) must be put into the artifact repository of the cluster, which this machine cannot do: .* cannot be written"
    with pytest.raises(UsageError, match=told):
        measured.submit(DATA, flag)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS")
    with pytest.raises(UsageError, match="no address of it is known; set TANGENTFLOW_ARTIFACTS"):
        measured.submit(DATA, flag)
    assert not simulated.workflows


def test_the_plan_of_such_a_submission(flag):
    told = plan(measured.graph, (DATA, flag), {})
    assert "bytes of arguments are put into the artifact repository)" in told
    assert "arguments are put" not in plan(measured.graph, (DATA[:100], flag), {})


def test_where_the_border_lies(flag):
    """A byte more than a document may carry, and they stand beside it."""
    empty = len(next(iter(submission(measured.graph, (DATA, flag), {}).files.values()))) - len(DATA)
    within, beyond = (submission(measured.graph, (DATA[: LARGEST - empty + more], flag), {}) for more in (0, 1))
    assert not within.files and [len(data) for data in beyond.files.values()] == [LARGEST + 1]
    assert len(str(beyond.document)) < 200_000 < LARGEST < len(str(within.document)) < 1_400_000
