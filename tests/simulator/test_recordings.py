"""The simulator against recordings of the real controller: same phases, messages, outputs, artifacts, hangs, logs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tangentflow.simulator import DocumentRefused, NotSimulated, simulate
from tangentflow.simulator.document import read
from tangentflow.simulator.runners import RootRunner

from . import recorded

TIME_SCALE = 0.05
NOT_SIMULATED = {
    "resource-job": "needs a Kubernetes API server that runs a Job",
}

needs_root = pytest.mark.skipif(not RootRunner.available(), reason="this machine allows no root folder for a process")


@pytest.mark.parametrize("name", recorded.names())
@needs_root
def test_as_recorded(name: str, tmp_path: Path) -> None:
    if name in NOT_SIMULATED:
        pytest.skip(f"not simulated: {NOT_SIMULATED[name]}")
    recording = recorded.load(name)
    options, wanted = recording["options"], recording["recorded"]
    document = recorded.document(recording, TIME_SCALE)
    if "accepted" in wanted:
        read(document)
        return
    if "rejected" in wanted:
        with pytest.raises(DocumentRefused) as refused:
            simulate(document, store=tmp_path)
        text = re.sub(r"\s+", " ", wanted["rejected"])
        for problem in refused.value.problems:
            assert problem in text
        return
    run = simulate(
        document,
        store=tmp_path,
        time_scale=TIME_SCALE,
        templates=recording.get("templates", ()),
        actions=recorded.actions(options),
    )
    assert not recorded.differences(recorded.expected(recording), recorded.outcome(run, tmp_path, options))
    assert bool(run.reason) == run.hang


@pytest.mark.parametrize("name", NOT_SIMULATED)
@needs_root
def test_what_is_not_simulated_says_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotSimulated):
        simulate(recorded.document(recorded.load(name)), store=tmp_path)
