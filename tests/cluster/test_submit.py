"""Submitting to the real servers, both ways: what comes back is what the plain call gives."""

from __future__ import annotations

import os
import time

import pytest

from tangentflow import Cancelled, attach
from tangentflow.errors import ClusterError
from tests.cluster import programs
from tests.cluster.outcomes import MINUTES
from tests.cluster.test_controller import HOSTILE

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(60 * MINUTES + 60)]

CASES = {
    "value": (programs.coin, (1,)),
    "constant": (programs.greet, ()),
    "skipped arm": (programs.branch, (1,)),
    "sub-workflows": (programs.outer, (2,)),
    "hostile strings": (programs.echo, (HOSTILE,)),
    "exception": (programs.one_fails, (3,)),
    "exception of glue": (programs.raises_in_glue, (1,)),
}


def test_what_comes_back_is_what_the_plain_call_gives(way, controller):
    runs = {}
    for case, (workflow, args) in CASES.items():
        before = time.monotonic()
        runs[case] = workflow.submit(*args)
        assert time.monotonic() - before < 5  # it returns at once
    for case, (workflow, args) in CASES.items():
        run = attach(runs[case].id)
        try:
            expected = workflow(*args)
        except Exception as error:
            with pytest.raises(type(error)) as caught:
                run.result(60 * MINUTES)
            assert (caught.value.args, vars(caught.value)) == (error.args, vars(error))
            assert run.status == "Failed"
        else:
            assert run.result(60 * MINUTES) == expected, case
            assert run.status == "Succeeded"
        local = workflow.options(executor="inline", store=False).run(*args)
        here, there = (
            [(s.path, s.status, s.source, repr(s.result), repr(s.error)) for s in r.steps] for r in (local, run)
        )
        assert [told for told in there if told in here] == here, case
        assert len(here) == len(there) or run.status == "Failed"  # of independent steps, more may have run there
        controller.delete(run.id)


def test_a_cancelled_run_ends_soon(way, controller):
    run = programs.naps.submit()
    run.cancel()
    with pytest.raises(Cancelled):
        run.result(60)
    controller.delete(run.id)


def test_a_namespace_that_there_is_not(way):
    with pytest.raises(ClusterError, match="404"):
        programs.coin.options(namespace="nowhere-at-all").submit(1)


def test_arguments_that_no_document_carries(way, controller, monkeypatch, tmp_path):
    """They are put into the artifact repository: as the environment names it, or as the latest run does."""
    if not os.environ.get("S3_ENDPOINT"):
        pytest.skip(
            "SKIPPED: S3_ENDPOINT and S3_BUCKET, where this machine reaches the artifact repository, are not set"
        )
    monkeypatch.setenv("AWS_ENDPOINT_URL", os.environ["S3_ENDPOINT"])
    before = programs.add_one.submit(1).wait()
    if way == "server":
        monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", f"s3://{os.environ['S3_BUCKET']}")
    folder = tmp_path / "data {{x}}"
    folder.mkdir()
    (folder / "é.bin").write_bytes(os.urandom(5_000_000))
    run = programs.weighed.submit(folder, b"x" * 1_000_000)
    assert run.result(60 * MINUTES) == programs.weighed(folder, b"x" * 1_000_000)
    monkeypatch.delenv("TANGENTFLOW_ARTIFACTS", raising=False)
    again = attach(run.id)
    assert again.result() == run.result() and again.step("weight").inputs["data"] == b"x" * 1_000_000
    controller.delete(run.id)
    controller.delete(before.id)
