"""Clients of doubles and of simulated clusters: the environment of a user, and no waiting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tangentflow.client import run, submit
from tests.client.double import Double
from tests.client.record import kubeconfig
from tests.client.simulated import SimulatedCluster


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Double]]:
    """Give a function that starts the double of a recording and points the environment to it."""
    for name in list(os.environ):
        if name.startswith(("ARGO_", "AWS_", "TANGENTFLOW_")) or name in ("KUBECONFIG", "SSL_CERT_FILE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    monkeypatch.setattr(run, "_FIRST", 0.001)
    monkeypatch.setattr(run, "_LAST", 0.01)
    monkeypatch.setattr(submit, "PAUSE", 0.001)
    doubles = []

    def start(recording: str, token: str = "") -> Double:
        double = Double(recording)
        doubles.append(double)
        if recording.startswith("server"):
            monkeypatch.setenv("ARGO_SERVER", double.address)
            monkeypatch.setenv("ARGO_SECURE", "false")
            monkeypatch.setenv("ARGO_NAMESPACE", "argo")
            monkeypatch.setenv("ARGO_TOKEN", token)
        else:
            monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, double.address, token)))
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{double.address}")
        return double

    yield start
    for double in doubles:
        if double.open:
            double.close()
        assert double.unexpected == []


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimulatedCluster:
    """A cluster whose controller is the simulator, to which submissions go."""
    found = SimulatedCluster(tmp_path / "artifacts")
    found.folder.mkdir()
    monkeypatch.setattr(submit, "connect", lambda settings: found)
    monkeypatch.setenv("TANGENTFLOW_ARTIFACTS", found.folder.as_uri())
    monkeypatch.setenv("TANGENTFLOW_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("ARGO_NAMESPACE", "simulated")
    return found


@pytest.fixture
def path(tmp_path: Path) -> str:
    """The file in which steps note that they ran."""
    return str(tmp_path / "notes")


@pytest.fixture
def flag(tmp_path: Path) -> str:
    """The beginning of the names of files; a step fails if its own is there."""
    return str(tmp_path / "flag")
