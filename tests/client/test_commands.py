"""`submit`, `list`, `show`, `logs`, `cancel` of the command line, for runs on a cluster."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tangentflow.cli.main import main

PROGRAMS = Path(__file__).parents[1] / "cluster" / "programs.py"


@pytest.fixture
def command(capfd, monkeypatch):
    """Give a function that runs a command and returns its exit code, output and errors."""
    kept_path, kept_modules = list(sys.path), dict(sys.modules)

    def run(*arguments):
        code = main(list(arguments))
        out, err = capfd.readouterr()
        return code, out, err

    yield run
    sys.path[:] = kept_path
    for name in set(sys.modules) - set(kept_modules):
        if name == "programs":
            del sys.modules[name]


def test_submit_prints_the_id(cluster, command):
    double = cluster("server-value")
    code, out, err = command("submit", f"{PROGRAMS}:coin", "--heads_at", "1")
    assert (code, out, err) == (0, f"{double.new}\n", "")
    assert double.bodies[0]["workflow"]["metadata"]["name"] == double.new


def test_submit_and_wait_prints_the_result(cluster, command):
    double = cluster("kube-value")
    code, out, err = command("submit", "--wait", f"{PROGRAMS}:coin", "--heads_at", "1")
    assert (code, out, err) == (0, "1\n", f"{double.new}\n")


def test_a_failed_run_is_told_by_the_exit_code(cluster, command):
    cluster("server-exception")
    code, out, err = command("submit", "--wait", f"{PROGRAMS}:one_fails", "--n", "3")
    assert (code, out) == (1, "")
    assert "Odd: code 1" in err


def test_list(cluster, command):
    double = cluster("server-value")
    code, out, _ = command("list")
    head, line = out.splitlines()
    assert code == 0 and head.split() == ["RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "STEPS"]
    assert re.fullmatch(rf"{double.name} +coin +Succeeded +\d{{4}}-\d\d-\d\d [\d:]+ +\w+ +on Argo", line)


def test_show(cluster, command):
    double = cluster("server-exception")
    double.finish()
    code, out, _ = command("show", double.name)
    assert code == 0 and f"{double.name}: one_fails, Failed" in out
    assert re.search(r"loop\[1\]\.fail_if +Failed +1 ", out)
    assert "loop[1].fail_if (programs.py:" in out and "Odd: code 1" in out


def test_logs(cluster, command):
    double = cluster("server-constant")
    assert command("logs", double.name) == (0, "loop[0].whalesay: hello world\nloop[1].whalesay: goodbye world\n", "")
    assert command("logs", double.name, "loop[1].whalesay") == (0, "goodbye world\n", "")
    code, _, err = command("logs", double.name, "nobody")
    assert code == 2 and "no step 'nobody'" in err


def test_cancel(cluster, command):
    double = cluster("server-cancelled")
    assert command("cancel", double.name)[0] == 0
    assert any(request.startswith("PUT") and request.endswith("/stop") for request in double.requests)
    code, _, err = command("cancel", double.name)
    assert code == 2 and "is not running: it is Cancelled" in err


def test_what_goes_wrong_is_one_line(cluster, command):
    cluster("server-unauthorized", token="nonsense")
    code, out, err = command("submit", f"{PROGRAMS}:coin", "--heads_at", "1")
    assert (code, out) == (1, "")
    assert err.startswith("tangentflow: ClusterError: the workflow cannot be created") and err.count("\n") == 1
