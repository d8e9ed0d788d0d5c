"""Steps whose process dies, and runs that are interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tangentflow import Cancelled, StepFailed
from tests.engine import policy_steps as steps
from tests.engine.test_policies import eventually, gone

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_only_the_step_that_dies_fails(number):
    """The others, in flight at the same time, run once and give their values."""
    run = steps.one_is_killed.options(workers=4).run(5, int(number))
    assert run.result() == (list(range(5)), "StepKilled", "kill_self")
    assert signal.Signals(number).name in str(run.step("kill_self").error)
    assert {step.path: step.attempts for step in run.steps} == {
        **{f"loop[{i}].nap": 1 for i in range(5)},
        "kill_self": 1,
    }


def test_a_worker_that_is_killed_from_outside(tmp_path):
    """Only its own step is tried again."""
    path = str(tmp_path / "notes")

    def kill_one():
        assert eventually(lambda: len(steps.notes(path)) == 3, 30)
        os.kill(int(steps.notes(path)[1].split()[1]), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    run = steps.naps_again.options(workers=3).run(path, 3, 2)
    killer.join()
    assert run.result() == [0, 1, 2]
    killed = steps.notes(path)[1].split()[0]
    assert [step.attempts for step in run.steps] == [2 if str(i) == killed else 1 for i in range(3)]


def test_a_death_is_tried_again(tmp_path):
    run = steps.die_twice_wf.run(str(tmp_path / "notes"))
    assert run.result() == 3 and run.steps[0].attempts == 3
    run = steps.die_not_named_wf.run(str(tmp_path / "others"))
    assert run.steps[0].attempts == 1 and isinstance(run.error, StepFailed) and "code 7" in str(run.error)


def test_a_dead_process_whose_child_lives_is_noticed(tmp_path):
    path = str(tmp_path / "notes")
    started = time.monotonic()
    run = steps.leave_a_child_wf.run(path)
    assert isinstance(run.error, StepFailed) and time.monotonic() - started < 20
    pids = [int(pid) for pid in steps.notes(path)[0].split()]
    assert all(eventually(lambda: gone(pid)) for pid in pids)


SCRIPT = """
    import signal, sys
    from tests.engine import policy_steps as steps
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has it ignored in the background
    try:
        steps.two_pids.options(executor="process", workers=2).run(sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def start(path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), path], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert eventually(lambda: len(steps.notes(path)) == 2, 60)
    return process, [int(pid) for line in steps.notes(path) for pid in line.split()]


def test_an_interrupt_leaves_nothing_running(tmp_path):
    process, pids = start(str(tmp_path / "notes"))
    assert len(pids) == 4 and not any(gone(pid) for pid in pids)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert out == "interrupted\n" and process.returncode == 0
    assert all(eventually(lambda: gone(pid)) for pid in pids)


def test_a_run_that_is_killed_leaves_nothing_running(tmp_path):
    process, pids = start(str(tmp_path / "notes"))
    process.kill()
    process.communicate(timeout=30)
    assert all(eventually(lambda: gone(pid)) for pid in pids)


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_cancel(executor, tmp_path):
    from tangentflow.engine import driver

    seen = []
    original = driver.Driver.drive

    def drive(self):
        seen.append(self.run)
        threading.Timer(1.0, self.run.cancel).start()
        original(self)

    driver.Driver.drive = drive
    try:
        run = steps.naps_again.options(executor=executor, workers=2).run(str(tmp_path / "notes"), 5, 20)
    finally:
        driver.Driver.drive = original
    assert seen == [run] and run.status == "Cancelled" and isinstance(run.error, Cancelled)
    assert {step.status for step in run.steps} == {"Cancelled"} and len(run.steps) == 2
    with pytest.raises(Cancelled):
        run.result()


@pytest.mark.parametrize("options", [[], ["--objects"]], ids=["directory", "objects"])
def test_random_kills(options):
    """A few, forked from a process in which nothing has run yet; `python -m tests.engine.kills` does a thousand."""
    command = [sys.executable, "-m", "tests.engine.kills", "--runs", "15", "--seed", "3", *options]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout.split()[0]) >= 15, ended.stdout


HANDLED = """
    import sys
    from tests.engine import stored_steps as steps
    steps.handled.options(executor="inline", store=sys.argv[1]).run(sys.argv[2], sys.argv[3], 7)
"""


def test_a_killed_run_goes_on_with_exceptions_that_it_has_handled(tmp_path):
    """What failed and was handled is history: the program goes on behind it, though it would succeed now."""
    from tangentflow import runs
    from tests.engine import stored_steps

    store, path, flag = tmp_path / "store", str(tmp_path / "notes"), tmp_path / "flag"
    flag.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HANDLED), store, path, flag],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert eventually(lambda: "slow -1" in stored_steps.notes(path), 60)
    assert runs(store)[0].status == "Running" and not runs(store)[0].killed
    process.kill()
    process.wait()
    flag.unlink()
    (killed,) = runs(store)
    assert killed.killed and killed.status == "Failed" and "resume" in str(killed.error)
    assert [(step.path, step.status) for step in killed.steps] == [("fail_if", "Failed"), ("slow", "Cancelled")]
    again = stored_steps.handled.options(executor="inline", store=store, reuse=killed).run(path, str(flag), 7)
    assert again.result() == (-10, -1)
    assert stored_steps.notes(path) == ["fail_if 7", "slow -1", "slow -1"]
    assert again.step("fail_if").cached and again.step("fail_if").status == "Failed"


def test_a_run_of_another_process_is_watched_and_cancelled(tmp_path):
    from tangentflow import attach, runs

    store, path = tmp_path / "store", str(tmp_path / "notes")
    script = f"""
        import sys
        from tests.engine import policy_steps as steps
        run = steps.naps_again.options(workers=2, store={str(store)!r}).run({path!r}, 4, 60)
        print(run.status)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert eventually(lambda: len(steps.notes(path)) == 2, 60)
    run = attach(runs(store)[0].id, store=store)
    assert run.status == "Running" and {step.status for step in run.steps} == {"Running"} and len(run.steps) == 2
    with pytest.raises(TimeoutError):
        run.wait(0.1)
    run.cancel()
    assert run.wait(30).status == "Cancelled" and isinstance(run.error, Cancelled)
    assert process.communicate(timeout=30)[0] == "Cancelled\n"
    assert all(eventually(lambda: gone(int(line.split()[1]))) for line in steps.notes(path))
