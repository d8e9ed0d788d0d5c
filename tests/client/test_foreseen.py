"""`tangentflow plan` of a submission that takes outcomes over: what it says is what the submission does."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tangentflow.cli.main import main

FLOW = """
from pathlib import Path
from tangentflow import step, workflow

@step(cache=True)
def costly(x):
    return x * x

@step
def check(flag, x):
    if x == 1 and Path(flag).exists():
        raise ValueError(x)
    return x

@step
def last(xs):
    return sum(xs)

@workflow
def flow(flag, n: int = 3):
    return last([check(flag, costly(i)) for i in range(n)])
"""


@pytest.fixture
def flow(tmp_path, monkeypatch):
    (tmp_path / "planned_flow.py").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    yield "planned_flow.py:flow"
    sys.modules.pop("planned_flow", None)


def test_a_failed_run(simulated, flow, flag, tmp_path, capfd):
    open(flag, "w").close()
    assert main(["submit", flow, "--flag", flag]) == 0
    id = capfd.readouterr().out.strip()
    os.unlink(flag)
    assert main(["plan", "--reuse", id, flow, "--flag", flag]) == 0
    text = capfd.readouterr().out
    assert text.startswith("flow: 2 pods\n")
    assert re.search(rf"^  loop\[i\]\.costly +3 +taken from run {id}$", text, re.M)
    assert re.search(rf"^  loop\[i\]\.check +2 +taken from run {id}$", text, re.M)
    assert re.search(rf"^  loop\[i\]\.check +1 +loop\[i\]\.check of run {id} failed$", text, re.M), text
    assert "loop[i].check starts at once." in text
    assert main(["submit", "--reuse", id, "--wait", flow, "--flag", flag]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "5"


def test_cached_values(simulated, flow, flag, tmp_path, capfd):
    assert main(["submit", "--wait", flow, "--flag", flag]) == 0
    capfd.readouterr()
    changed = tmp_path / "planned_flow.py"
    changed.write_text(changed.read_text().replace("return sum(xs)", "return max(xs)"))
    sys.modules.pop("planned_flow")
    assert main(["plan", "--cached", flow, "--flag", flag, "--n", "4"]) == 0
    text = capfd.readouterr().out
    assert re.search(r"^  loop\[i\]\.costly +3 +same code and inputs in run flow-", text, re.M), text
    assert "check" in text and "last" in text


def test_arguments_are_needed(simulated, flow, capfd):
    assert main(["plan", "--cached", flow]) == 2
    assert "give them too, --flag" in capfd.readouterr().err
