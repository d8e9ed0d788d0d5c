"""Local runs whose values lie in a real S3 service."""

from __future__ import annotations

import os

import pytest

from tangentflow import attach
from tangentflow.cli.main import main
from tangentflow.errors import TangentflowError
from tests.engine.object_steps import LARGE, fan, ran

pytestmark = pytest.mark.cluster


@pytest.fixture
def address(tmp_path, monkeypatch):
    if not os.environ.get("S3_ENDPOINT"):
        pytest.skip("SKIPPED: S3_ENDPOINT and S3_BUCKET, where this machine reaches an S3 service, are not set")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", os.environ["S3_ENDPOINT"])
    return f"s3://{os.environ['S3_BUCKET']}/local-runs"


def test_gone_on_with_and_cached(address):
    failed = fan.options(store=address).run(4, limit=3)
    assert isinstance(failed.error, ValueError) and len(ran()) == 12
    again = fan.options(store=address, reuse=failed.id).run(4, limit=3)
    assert isinstance(again.error, ValueError) and ran() == ["fails_above 4"]
    other = fan.options(store=address).run(4)
    assert other.result() == [LARGE] * 4 and not any(name.startswith("cached") for name in ran())
    assert attach(other.id, store=address).step("loop[2].large").result == [2] * LARGE
    assert main(["cache", "rm", "--all", "--store", address]) == 0


def test_credentials_that_do_not_fit(address, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(TangentflowError, match=f"the store {address} cannot be written to: .*403"):
        fan.options(store=address).run(1)
