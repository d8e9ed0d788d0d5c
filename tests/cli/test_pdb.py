"""`tangentflow run --pdb`: a debugger where a step failed, on its real inputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FLOWS = """
from tangentflow import step, workflow

@step
def load(n):
    return list(range(n))

@step
def fit(x, *ys, scale=1):
    y = 10 // (2 - x) * scale
    return y

@step
def once(path):
    import os
    if not os.path.exists(path):
        open(path, "w").close()
        raise ValueError("the first time")

@workflow
def fails(n=4):
    return [fit(x, 1, 2, scale=3) for x in load(n)]

@workflow
def fails_once(path="mark"):
    once(path)

@workflow
def glue(n=0):
    return 1 // n
"""


def run(folder: Path, workflow: str, typed: str) -> subprocess.CompletedProcess[str]:
    (folder / "flows.py").write_text(FLOWS)
    command = [sys.executable, "-m", "tangentflow", "run", "--pdb", "-q", f"flows.py:{workflow}"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, input=typed, capture_output=True, text=True, cwd=folder, env=env, timeout=120, check=False
    )


def test_the_step_stops_where_it_failed(tmp_path: Path) -> None:
    done = run(tmp_path, "fails", "p ('here', x, ys, scale)\nq\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert "loop[2].fit is called again with its inputs" in done.stderr
    assert "('here', 2, (1, 2), 3)" in done.stderr
    assert done.stderr.count("ZeroDivisionError") == 2 and "postmortem.py" not in done.stderr


def test_a_line_of_the_workflow_failed(tmp_path: Path) -> None:
    done = run(tmp_path, "glue", "")
    assert done.returncode == 1 and "no step raised this" in done.stderr


def test_a_step_that_does_not_fail_again(tmp_path: Path) -> None:
    done = run(tmp_path, "fails_once", "")
    assert done.returncode == 1 and "once did not fail this time" in done.stderr
