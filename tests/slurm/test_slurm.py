"""Steps as jobs of Slurm: on a fake of one machine, and on a real one where there is one (TANGENTFLOW_SLURM=1)."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from tangentflow import Slurm, StepTimeout
from tangentflow.engine import slurm
from tangentflow.errors import UsageError
from tests.engine.stored_steps import notes
from tests.engine.test_policies import eventually, gone
from tests.slurm import programs

pytest.importorskip("submitit", reason="submitit is not installed: pip install -e '.[slurm]'")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol")


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A fake cluster; return the directory with its jobs."""
    home, commands = tmp_path / "cluster", tmp_path / "bin"
    home.mkdir()
    commands.mkdir()
    for name in COMMANDS:
        (commands / name).write_text(
            f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake.py")} {name} "$@"\n'
        )
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(home))
    monkeypatch.setattr(slurm, "_ASK", 0.5)
    return home


def jobs(cluster):
    found = [json.loads(file.read_text()) for file in sorted(cluster.glob("*.json"))]
    return {job["options"]["job-name"].partition(".")[2]: job for job in found}


def test_several_platforms_in_one_workflow(cluster, tmp_path):
    run = programs.several_platforms.options(store=tmp_path / "store", workers=4).run(3)
    assert run.result() == ((4, "grey 'n' blue", 6), [(4, "loaded", True), (5, "loaded", True)], (2, None))
    assert set(jobs(cluster)) == {"where", "loop[0].there", "loop[1].there"}
    step = run.step("where")
    assert step.logs() in [f"in {number}\naside\n" for number in (1, 2, 3)]
    assert step.progress == (3, 3) and step.attempts == 1 and step.finished > step.started
    assert list((tmp_path / "store" / "slurm").iterdir()) == []


def test_the_header_says_what_was_asked_for(cluster, tmp_path):
    programs.several_platforms.options(store=False, workers=4).run(3).result()
    found = jobs(cluster)
    there, where = found["loop[0].there"]["options"], found["where"]["options"]
    assert (there["partition"], there["time"], there["exclude"]) == ("gpu", "90", "node7") and there["exclusive"] == ""
    assert (
        where["cpus-per-task"] == "2" and where["mem"] == "1024M" and "partition" not in where and "time" not in where
    )
    assert not list(Path.cwd().glob(".tangentflow-slurm-*"))


@pytest.mark.parametrize("executor", ["slurm", Slurm(partition="cpu", n=1)], ids=str)
def test_a_run_whose_steps_are_all_jobs(cluster, tmp_path, executor):
    run = programs.on_slurm.options(executor=executor, store=tmp_path / "store").run(4)
    assert run.result() == programs.on_slurm(4) == 10
    assert [step.status for step in run.steps] == ["Succeeded", "Failed"]
    partitions = {job["options"].get("partition") for job in jobs(cluster).values()}
    assert partitions == {executor.partition if isinstance(executor, Slurm) else None}


def test_a_job_that_dies_is_tried_again(cluster, tmp_path):
    run = programs.dies.options(executor="slurm", store=tmp_path / "store").run(str(tmp_path / "count"))
    assert run.result() == 2 and run.steps[0].attempts == 2 and len(list(cluster.glob("*.json"))) == 2


def test_a_job_that_takes_too_long_is_cancelled(cluster, tmp_path):
    path = str(tmp_path / "notes")
    run = programs.too_slow.options(executor="slurm", store=tmp_path / "store").run(path)
    assert isinstance(run.error, StepTimeout)
    assert eventually(lambda: gone(int(notes(path)[0]))) and list(cluster.glob("*.cancelled"))


def test_cancelling_a_run_cancels_its_jobs(cluster, tmp_path):
    path = str(tmp_path / "notes")

    def watch(event):
        if event.kind == "step-started":
            threading.Thread(target=lambda: eventually(lambda: notes(path), 30) and event.run.cancel()).start()

    run = programs.too_slow.options(executor="slurm", store=tmp_path / "store", on_event=watch).run(path)
    assert run.status == "Cancelled" and run.steps[0].status == "Cancelled"
    assert eventually(lambda: gone(int(notes(path)[0])))


def test_what_slurm_says_is_shown(cluster, tmp_path):
    with pytest.raises(UsageError, match="invalid partition specified: closed"):
        programs.not_taken.options(store=tmp_path / "store").run()


def test_a_machine_without_slurm(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UsageError, match="no sbatch, srun"):
        programs.on_slurm.options(executor="slurm", store=False).run(1)


@pytest.mark.parametrize(
    "options",
    [{"partition": 3}, {"n": 0}, {"time": "soon"}, {"header": {"--job-name": "x"}}, {"setup": "module load x"}],
    ids=str,
)
def test_what_cannot_be_meant(options):
    with pytest.raises((TypeError, ValueError)):
        Slurm(**options)


def test_documents_refuse_it():
    with pytest.raises(UsageError, match="executor="):
        programs.several_platforms.graph.argo(3)


@pytest.mark.skipif(
    not os.environ.get("TANGENTFLOW_SLURM"), reason="TANGENTFLOW_SLURM=1 runs it on the Slurm of this machine"
)
def test_a_real_cluster(tmp_path):
    store = Path.cwd() / f".tangentflow-real-{os.getpid()}"
    try:
        run = programs.on_slurm.options(executor="slurm", store=store).run(4)
        assert run.result() == 10
        path = str(store / "notes")
        late = programs.too_slow.options(executor="slurm", store=store).run(path)
        assert isinstance(late.error, StepTimeout)
        dead = programs.dies.options(executor="slurm", store=store).run(str(store / "count"))
        assert dead.result() == 2
    finally:
        shutil.rmtree(store, ignore_errors=True)
