"""Steps as jobs of a Slurm cluster, through `submitit`: one job for each attempt.

The directory of the run, the user's modules and Python must be on a disk that the nodes have too. The engine looks once a second which files are
there, and now and then what the queue says, so that it learns of jobs that ended without an outcome.
"""

from __future__ import annotations

import codecs
import getpass
import math
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tangentflow.engine.output import show
from tangentflow.engine.slurm_job import Order, work
from tangentflow.engine.tasks import Began, Collect, Died, Ended, Output, Progressed, Task
from tangentflow.engine.worker import Finished
from tangentflow.errors import UsageError
from tangentflow.runtime.slurm import Slurm

__all__ = ["SlurmJobs"]

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_ASK = 5.0
"""Seconds between two questions to the queue."""
_GONE = 3
"""After so many answers without a job it is taken to be gone: its files may come late from another machine."""
_SHOWN = 10
"""Lines of its log that are shown of a job that ended without an outcome."""


@dataclass(eq=False)
class _Job:
    """A job: its number, the attempt that it is, and how far its files have been read."""

    task: Task
    attempt: int
    job: Any
    files: str
    began: bool = False
    progress: object = None
    missing: int = 0
    read: dict[str, int] = field(default_factory=dict)
    decoders: dict[str, Any] = field(default_factory=dict)


class SlurmJobs:
    """The jobs of a run. `folder` is the store of the run; without one a directory of its own, which goes with it, lies where the run was started."""

    def __init__(self, folder: Path | None, run: str, report: Collect) -> None:
        import submitit

        self._submitit = submitit
        self.report = report
        self.run = run
        if folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix=".tangentflow-slurm-", dir=os.getcwd()))
        else:
            self.folder = folder / "slurm" / run
            self.folder.mkdir(parents=True, exist_ok=True)
        self.jobs: dict[Task, _Job] = {}
        self.asked = time.monotonic()
        self._numbers = count(1)

    def start(self, task: Task) -> None:
        """Submit an attempt. Raises UsageError if Slurm does not take it."""
        name = f"{next(self._numbers)}-{task.attempt}"
        files = str(self.folder / name)
        assert task.shipped is not None
        setup = {"path": [os.path.abspath(part) for part in sys.path], "argv": sys.argv, "directory": os.getcwd()}
        order = Order(
            files, task.shipped.data, task.payload, task.step.path, task.ready.step.__name__, task.ready.node.origin.lineno, task.policy.check,
            setup,
        )  # fmt: skip
        header = task.header or Slurm()
        executor = self._submitit.SlurmExecutor(self.folder, max_num_timeout=0, python=header.python)
        executor.update_parameters(**_parameters(task, header, self.run))
        try:
            job = executor.submit(work, order)
        except Exception as error:
            said = getattr(error, "stderr", None) or error
            raise UsageError(f"Slurm does not take step {task.step.path}: {said}") from error
        self.jobs[task] = _Job(task, task.attempt, job, files)

    def stop(self, task: Task) -> None:
        """Cancel the job of a task."""
        job = self.jobs.pop(task, None)
        if job is not None:
            job.job.cancel(check=False)

    def look(self) -> None:
        """Take what the jobs have told; ask the queue about the others."""
        if not self.jobs:
            return
        there = set(os.listdir(self.folder))
        for job in list(self.jobs.values()):
            self._read(job, there)
        if self.jobs and time.monotonic() - self.asked >= _ASK:
            self.asked = time.monotonic()
            self._ask()

    def close(self) -> None:
        """Cancel what there is; what the jobs have written is on record by now."""
        for task in list(self.jobs):
            self.stop(task)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what the jobs tell

    def _read(self, job: _Job, there: set[str]) -> None:
        name, task = os.path.basename(job.files), job.task
        if f"{name}.began" in there and not job.began:
            job.began = True
            self.report(Began(task, job.attempt))
        ended = f"{name}.done" in there
        if f"{name}.progress" in there:
            told = _load(f"{job.files}.progress")
            if told != job.progress:
                job.progress = told
                self.report(Progressed(task, job.attempt, *told))
        for stream, ending in (("stdout", ".out"), ("stderr", ".err")):
            self._say(job, stream, ending, ended)
        if ended:
            del self.jobs[task]
            self.report(Ended(task, job.attempt, Finished(*_load(f"{job.files}.done"))))

    def _say(self, job: _Job, stream: str, ending: str, ended: bool) -> None:
        """Show what a job has written since."""
        try:
            with open(job.files + ending, "rb") as file:
                file.seek(job.read.get(ending, 0))
                data = file.read()
                job.read[ending] = file.tell()
        except FileNotFoundError:
            return
        decoder = job.decoders.setdefault(ending, codecs.getincrementaldecoder("utf-8")("replace"))
        text = decoder.decode(data, final=ended)
        if text:
            show(stream, text)
            self.report(Output(job.task, job.attempt, stream, text))

    def _ask(self) -> None:
        asked = subprocess.run(
            ["squeue", "-h", "-u", getpass.getuser(), "-o", "%i"], capture_output=True, text=True, check=False
        )  # fmt: skip
        if asked.returncode:  # the controller does not answer, which says nothing of the jobs
            return
        queued = {line.strip() for line in asked.stdout.splitlines()}
        for job in list(self.jobs.values()):
            job.missing = 0 if str(job.job.job_id) in queued else job.missing + 1
            if job.missing >= _GONE:
                del self.jobs[job.task]
                self.report(Died(job.task, job.attempt, self._how(job), begun=True))

    def _how(self, job: _Job) -> str:
        """Return in words how a job ended that has left no outcome."""
        number = str(job.job.job_id)
        asked = subprocess.run(
            ["scontrol", "show", "job", "-o", number], capture_output=True, text=True, check=False
        )  # fmt: skip
        state = re.search(r"JobState=(\S+)", asked.stdout)
        told = f"Slurm says {state[1]}" if state else "it is not in the queue any more"
        lines = (
            Path(job.job.paths.stderr).read_text(errors="replace").splitlines() if job.job.paths.stderr.exists() else []
        )
        return "\n    ".join([f"job {number}: {told}", *lines[-_SHOWN:]])


def _parameters(task: Task, header: Slurm, run: str) -> dict[str, Any]:
    """Return the parameters of a job as submitit knows them."""
    step, more = task.ready.step, {name.lstrip("-"): value for name, value in header.header.items()}
    time_limit = header.seconds
    if time_limit is None and task.policy.timeout is not None:
        time_limit = task.policy.timeout + 60  # the engine keeps it; this is the net
    own: dict[str, Any] = {
        "job_name": f"{run}.{task.step.path}", "time": None if time_limit is None else math.ceil(time_limit / 60), "nodes": header.nodes,
        "ntasks_per_node": header.n, "partition": header.partition, "account": header.account, "qos": header.qos,
        "constraint": header.constraint, "wckey": None, "use_srun": header.n * header.nodes == 1,
    }  # fmt: skip
    if (cpu := step.option("cpu")) is not None:
        own["cpus_per_task"] = math.ceil(_number(cpu))
    if (memory := step.option("memory")) is not None:
        more["mem"] = f"{math.ceil(_number(memory) / 2**20)}M"
    if gpu := step.option("gpu"):
        own["gpus_per_node"] = gpu
    paths = shlex.quote(_ROOT)
    lines = [f'export PYTHONPATH={paths}"${{PYTHONPATH:+:$PYTHONPATH}}"', "export PYTHONHASHSEED=0"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in task.policy.env]
    return own | {"setup": [*header.setup, *lines], "additional_parameters": more, "signal_delay_s": 1}


_UNITS = {"m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def _number(quantity: float | str) -> float:
    """Return a quantity of Kubernetes as a number: "500m" is 0.5, "1Gi" is 1073741824."""
    found = re.fullmatch(r"([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)", str(quantity))
    if found is None or found[2] not in _UNITS:
        raise UsageError(f"{quantity!r} is no amount that Slurm can be told; write one like 2, '4Gi' or '500m'")
    return float(found[1]) * _UNITS[found[2]]


def _load(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle.load(file)
