"""The commands about runs: list, show, logs, cancel, resume."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOW = """
import os
import sys
import time
from pathlib import Path

from tangentflow import step, workflow


@step
def make(i):
    print("make", i)
    Path("made").open("a").write(f"{i}\\n")
    return i * 1000


@step(retries=1)
def check(x, flag):
    print("check", x, file=sys.stderr)
    if Path(flag).exists():
        raise ValueError("flag is up", x)
    return x


@step
def wait(x, flag):
    while Path(flag).exists():
        time.sleep(0.02)
    return x


@workflow
def flow(n: int = 3, flag: str = "flag"):
    return check(sum([make(i) for i in range(n)]), flag)


@workflow
def waiting(flag: str = "flag"):
    return wait(make(7), flag)
"""


@pytest.fixture
def here(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "inner.py").write_text(
        FLOW.replace("import os", "from . import __name__ as parent\nimport os", 1)
    )
    return tmp_path


def environment():
    return {**{k: v for k, v in os.environ.items() if k != "TANGENTFLOW_STORE"}, "PYTHONPATH": str(ROOT)}


def tangentflow(here, *args):
    return subprocess.run(
        [sys.executable, "-m", "tangentflow", *args], cwd=here, env=environment(), capture_output=True, text=True, timeout=120
    )  # fmt: skip


def made(here):
    return (here / "made").read_text().split()


def test_a_failed_run_is_looked_at_and_resumed(here):
    assert tangentflow(here, "list").stdout.split()[0] == "RUN"
    (here / "flag").touch()
    assert tangentflow(here, "run", "--executor", "thread", "flow.py:flow", "--n", "4").returncode == 1
    listed = tangentflow(here, "list").stdout.splitlines()
    assert len(listed) == 2
    id = listed[1].split()[0]
    assert id.startswith("flow-") and "Failed" in listed[1] and "1 failed, 4 succeeded" in listed[1]

    shown = tangentflow(here, "show", id)
    assert shown.returncode == 0 and shown.stderr == ""
    assert f"{id}: flow, Failed" in shown.stdout
    line = next(line for line in shown.stdout.splitlines() if line.startswith("check "))
    assert line.split()[1:3] == ["Failed", "2"] and "flow.py:" in line
    assert "    x = 6000\n    flag = 'flag'\n" in shown.stdout and "ValueError: ('flag is up', 6000)" in shown.stdout

    logs = tangentflow(here, "logs", id).stdout.splitlines()
    assert logs == [*[f"loop[{i}].make: make {i}" for i in range(4)], "check: check 6000", "check: check 6000"]
    assert tangentflow(here, "logs", id, "loop[2].make").stdout == "make 2\n"

    (here / "flag").unlink()
    done = tangentflow(here, "resume", id[:-3])
    assert (done.returncode, done.stdout) == (0, "6000\n"), done.stderr
    assert sorted(made(here)) == ["0", "1", "2", "3"]
    listed = tangentflow(here, "list").stdout.splitlines()
    assert len(listed) == 3 and "4 cached, 1 succeeded" in listed[1]


def test_a_killed_run_is_resumed(here):
    (here / "flag").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tangentflow", "run", "flow.py:waiting"], cwd=here, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    until(
        lambda: (
            "Running" in tangentflow(here, "list").stdout
            and "1 running, 1 succeeded" in tangentflow(here, "list").stdout
        )
    )
    process.kill()
    process.communicate()
    listed = tangentflow(here, "list").stdout.splitlines()[1]
    assert "Killed" in listed and "1 cancelled, 1 succeeded" in listed
    shown = tangentflow(here, "show", listed.split()[0]).stdout
    time.sleep(1.1)
    assert tangentflow(here, "list").stdout.splitlines()[1] == listed  # it does not go on
    assert tangentflow(here, "show", listed.split()[0]).stdout == shown and "Cancelled" in shown
    (here / "flag").unlink()
    done = tangentflow(here, "resume", listed.split()[0])
    assert (done.returncode, done.stdout) == (0, "7000\n"), done.stderr
    assert made(here) == ["7"]


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("way", ["cancel", "interrupt"])
def test_a_run_is_stopped_from_outside(here, way):
    (here / "flag").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tangentflow", "run", "flow.py:waiting"], cwd=here, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    until(lambda: "1 running" in tangentflow(here, "list").stdout)
    id = tangentflow(here, "list").stdout.splitlines()[1].split()[0]
    if way == "cancel":
        done = tangentflow(here, "cancel", id)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    else:
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "" and process.returncode == (1 if way == "cancel" else 130), err
    assert "Cancelled" in tangentflow(here, "list").stdout
    if way == "interrupt":
        assert f"tangentflow resume {id}" in err and "Traceback" not in err
    again = tangentflow(here, "cancel", id)
    assert again.returncode == 2 and "is not running" in again.stderr
    (here / "flag").unlink()
    assert tangentflow(here, "resume", id).stdout == "7000\n"


def test_a_run_of_a_module_in_a_package_is_resumed(here):
    (here / "flag").touch()
    code = "from pkg.inner import flow\nassert flow.options(executor='inline').run(2).status == 'Failed'"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=here, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    (here / "flag").unlink()
    id = tangentflow(here, "list").stdout.splitlines()[1].split()[0]
    done = tangentflow(here, "resume", id, "--executor", "process")
    assert (done.returncode, done.stdout) == (0, "1000\n"), done.stderr
    assert sorted(made(here)) == ["0", "1"]


def test_a_run_that_failed_between_its_steps(here):
    code = FLOW + "\n\n@workflow\ndef between(n: int = 0):\n    return make(n) // n\n"
    (here / "flow.py").write_text(code)
    assert tangentflow(here, "run", "--executor", "inline", "flow.py:between").returncode == 1
    shown = tangentflow(here, "show", "between").stdout
    assert (
        "the run failed" in shown and "ZeroDivisionError" in shown and "make(n) // n" not in shown.split("Traceback")[0]
    )


def test_stores_and_runs_that_are_not_there(here):
    for command in (["show"], ["logs"], ["cancel"], ["resume"]):
        done = tangentflow(here, *command, "nothing")
        assert done.returncode == 2 and "no run 'nothing'" in done.stderr
    code = (
        "from tangentflow import step, workflow\nimport flow\n"
        "@workflow\ndef local(n):\n    return flow.make(n)\n"
        "print(local.options(executor='inline', store='other').run(1).id)"
    )
    script = here / "script.py"
    script.write_text("def main():\n" + "".join(f"    {line}\n" for line in code.splitlines()) + "main()\n")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=here, env=environment(), capture_output=True, text=True, timeout=60
    )
    id = done.stdout.split()[-1]
    done = tangentflow(here, "resume", id, "--store", "other")
    assert done.returncode == 2 and f"reuse='{id}'" in done.stderr
    assert tangentflow(here, "list", "--store", "other").stdout.count("\n") == 2
    assert tangentflow(here, "list").stdout.count("\n") == 1
