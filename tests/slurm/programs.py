"""Workflows with steps that run as jobs of Slurm."""

from __future__ import annotations

import os
import signal
import sys
import time

from tangentflow import Slurm, progress, step, workflow
from tests.engine.stored_steps import note


@step
def inc(x):
    return x + 1


@step(executor="slurm", cpu=2, memory="1Gi", env={"SHADE": "grey 'n' blue"})
def where(x):
    print("in", os.environ["SLURM_JOB_ID"])
    print("aside", file=sys.stderr)
    return x, os.environ["SHADE"], sum(progress([1, 2, 3]))


@step(executor="thread")
def here(x):
    return x, os.environ.get("SLURM_JOB_ID")


@step(
    executor=Slurm(
        partition="gpu", time="90m", header={"exclude": "node7", "exclusive": True}, setup=["export MODULE=loaded"]
    )
)
def there(x):
    return x, os.environ["MODULE"], bool(os.environ["SLURM_JOB_ID"])


@step
def fail(x):
    raise KeyError(x)


@step(retries=1)
def die_once(path):
    with open(path, "a") as file:
        file.write("x")
    if os.path.getsize(path) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.path.getsize(path)


@step(timeout=3)
def slow(path):
    note(path, os.getpid())
    time.sleep(60)


@step(executor=Slurm(partition="closed"))
def closed():
    return 1


@workflow
def several_platforms(n):
    first = inc(n)
    jobs = [there(first + i) for i in range(2)]
    return where(first), jobs, here(len(jobs))


@workflow
def on_slurm(n):
    a = inc(n)
    try:
        fail(a)
    except KeyError as error:
        a += error.args[0]
    return a


@workflow
def dies(path):
    return die_once(path)


@workflow
def too_slow(path):
    return slow(path)


@workflow
def not_taken():
    return closed()
