"""Runs that are killed (-9) at random moments, again and again, and resumed until they are through.

    python -m tests.engine.kills [--runs 1000] [--jobs 2] [--seed 0] [--objects]

So many runs are killed (those not counted that had nothing on record yet). After each kill the store is read as it is: what is on record must be whole, and a step that has an outcome there
must never run again. In the end the result must be right, effects have happened in order, and nothing has run more often than kills explain.
With --objects the values lie in an object store, which is a directory that this process reads by itself.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tangentflow import attach, runs
from tangentflow.engine.history import find_run
from tangentflow.engine.inputs import load_inputs
from tangentflow.engine.journal import reading
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.store import Store, locate
from tangentflow.engine.values import FileValues
from tangentflow.runtime.codec import decode
from tests.engine.kill_programs import FAILURES, PROGRAMS, Program, line
from tests.engine.stored_steps import notes

EXECUTORS = ("inline", "inline", "thread", "process")
WORKERS = 3


@dataclass
class Figures:
    """What came of it, summed up over workflows. `cut` is how many step runs a kill had cut short, so that they ran again."""

    workflows: int = 0
    kills: int = 0
    early: int = 0
    recalled: int = 0
    cut: int = 0
    by: Counter[str] = field(default_factory=Counter)

    @property
    def counted(self) -> int:
        """How many runs were killed that had something on record."""
        return self.kills - self.early

    def add(self, other: Figures) -> None:
        """Add others."""
        for name in ("workflows", "kills", "early", "recalled", "cut"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.by += other.by

    def __str__(self) -> str:
        return (
            f"{self.counted} runs of {self.workflows} workflows killed (and {self.early} before anything was on record), "
            f"{self.recalled} outcomes taken over by those that went on, {self.cut} step runs cut short and run again\n"
            + "\n".join(f"  {name:<20}{count:>6} kills" for name, count in sorted(self.by.items()))
        )


class _Objects(FileValues):
    """Reads what lies in an object store: each value under the number of the journal and its digest, as files, without the library for it."""

    def _path(self, digest: str) -> Path:
        (numbered,) = self.folder.iterdir()
        return numbered / digest[:2] / digest[2:]


def opened(store: str) -> Store:
    """Return a store to read from. The library for object stores is kept out of this process: it is forked."""
    folder = locate(store)
    assert folder is not None
    found = Store(folder)
    if store.startswith(_SCHEME):
        found._values = _Objects(Path(store.removeprefix(_SCHEME)))
    return found


_SCHEME = "file://"


def recorded(store: str) -> set[str]:
    """Return what the steps with an outcome on record in any run have noted; check that every outcome is whole."""
    found, values = set(), opened(store)
    with reading(values.folder) as journal:
        for run in journal.runs() if journal is not None else []:
            for receipt in journal.receipts(run.number):
                if receipt.outcome is not None:
                    decode(values.load(receipt.outcome))
                    if receipt.kind == "step" and receipt.inputs is not None:
                        args, kwargs = load_inputs(values, receipt.inputs)
                        found.add(line(receipt.name, bind_to(receipt.parameters or "", args, kwargs)))
    return found


def begin(program: Program, executor: str, store: str, reuse: str, path: Path, n: int, pause: float) -> tuple[int, int]:
    """Run a workflow in a process of its own; return the number of the process, and a file on which it gives the result."""
    heard, told = os.pipe()
    child = os.fork()
    if child:
        os.close(told)
        return child, heard
    code = 1
    try:
        os.close(heard)
        bound = program.workflow.options(executor=executor, store=store, workers=WORKERS, reuse=reuse or None)
        run = bound.run(str(path), n, pause)
        os.write(told, pickle.dumps((run.result(), sum(step.cached for step in run.steps))))
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(code)


def one_workflow(seed: int, objects: bool = False) -> Figures:
    """Bring a workflow to its end through kills."""
    chance = random.Random(seed)
    program, executor = PROGRAMS[seed % len(PROGRAMS)], chance.choice(EXECUTORS)
    folder, before = Path(tempfile.mkdtemp(prefix="tangentflow-kills-")), os.getcwd()
    store = str(folder / "store")
    if objects:
        (folder / "there").mkdir()
        store = f"{_SCHEME}{folder}/there"
    try:
        os.chdir(folder)  # the journal of an object store lies in the working directory
        return _Case(seed, program, executor, folder, store, chance).through()
    except BaseException as error:
        told = f"seed {seed}: {program.workflow.__name__}, {executor}; its store is kept in {folder}"
        raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error
    finally:
        os.chdir(before)
        if sys.exc_info()[0] is None:
            shutil.rmtree(folder)


class _Case:
    def __init__(
        self, seed: int, program: Program, executor: str, folder: Path, store: str, chance: random.Random
    ) -> None:  # fmt: skip
        self.program, self.executor, self.chance = program, executor, chance
        self.store, self.path = store, folder / "notes"
        self.n = chance.choice([6, 12, 20])
        self.pause = chance.choice([0.0, 0.002, 0.01, 0.03])
        program.workflow.graph  # noqa: B018  # compiled once, in this process

    def through(self) -> Figures:
        figures = Figures(workflows=1)
        reuse, length = "", self.chance.choice([0.02, 0.05, 0.2]) * (5 if self.executor == "process" else 1)
        while True:
            before, done = Counter(notes(self.path)), recorded(self.store)
            ended = self._run(reuse, self.chance.uniform(0, length))
            after = Counter(notes(self.path))
            again = {text for text in done if after[text] != before[text]}
            assert not again, f"on record, and yet they ran again: {again}"
            if ended is not None:
                break
            figures.kills += 1
            length *= 1.15  # so that it comes to an end
            found = runs(self.store)
            if not found:
                figures.early += 1
                continue
            run = find_run(found[0].id, opened(self.store).folder)
            assert run.status == "Succeeded" or (run.status == "Failed" and run.killed), (run.status, run.killed)
            assert len({step.path for step in run.steps}) == len(run.steps)
            if run.status == "Succeeded":  # its end was on record when the kill came
                ended = run.result(), 0
                break
            reuse = run.id
        result, figures.recalled = ended
        self._check_end(result, reuse, figures)
        figures.by[self.program.workflow.__name__] = figures.kills
        figures.by[f"({self.executor})"] = figures.kills
        return figures

    def _run(self, reuse: str, limit: float) -> tuple[object, int] | None:
        """Run or go on; return the result and how many step runs were taken over, None if it was killed."""
        child, heard = begin(self.program, self.executor, self.store, reuse, self.path, self.n, self.pause)
        end = time.monotonic() + limit
        pid = 0
        while not pid and time.monotonic() < end:
            pid, status = os.waitpid(child, os.WNOHANG)
            time.sleep(0.0005)
        if not pid:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        with open(heard, "rb") as file:
            data = file.read()
        if self.executor == "process":
            time.sleep(0.05)  # workers notice that they are alone
        if os.WIFSIGNALED(status):
            return None
        assert status == 0, f"it failed with status {status}"
        found: tuple[object, int] = pickle.loads(data)
        return found

    def _check_end(self, result: object, reuse: str, figures: Figures) -> None:
        expected, lines = self.program.result(self.n), notes(self.path)
        assert result == expected, f"{result} instead of {expected}"
        last = runs(self.store)[0]
        assert last.id != reuse and attach(last.id, store=self.store).result() == expected
        assert {step.status for step in last.steps} <= {"Succeeded", "Cached", "Failed", "Skipped"}
        counts = Counter(lines)
        for text, count in counts.items():
            usual = 1 + FAILURES if text.startswith("flaky") else 1
            assert count <= usual + figures.kills * usual, f"{text} ran {count} times"
            figures.cut += max(0, count - usual)
        effects = list(dict.fromkeys(text for text in lines if text.startswith("effect")))
        assert effects == self.program.effects(self.n), effects


def main(kills: int, seed: int = 0, jobs: int = 1, objects: bool = False) -> Figures:
    """Kill so many runs that had something on record, or a few more: each workflow is brought to its end."""
    total, seeds = Figures(), itertools.count(seed)
    if jobs == 1:
        while total.counted < kills:
            total.add(one_workflow(next(seeds), objects))
        return total
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context) as pool:
        waiting = {pool.submit(one_workflow, next(seeds), objects) for _ in range(2 * jobs)}
        while waiting:
            done, waiting = concurrent.futures.wait(waiting, return_when="FIRST_COMPLETED")
            for future in done:
                total.add(future.result())
                if total.counted < kills:
                    waiting.add(pool.submit(one_workflow, next(seeds), objects))
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000, help="how many runs to kill")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--objects", action="store_true", help="keep values in an object store")
    options = parser.parse_args()
    began = time.monotonic()
    print(main(options.runs, options.seed, options.jobs, options.objects))
    print(f"{time.monotonic() - began:.0f} s")
