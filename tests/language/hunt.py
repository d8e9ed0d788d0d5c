"""Look for programs that break the contract, among thousands of random ones.

    python -m tests.language.hunt --programs 20000 --jobs 2 [--seed N] [--engines judge,source,ends,run,simulate]

prints each program that breaks it, made smaller, as source that can be put into the corpus, and a summary at the end. The judge and the
regenerated source try every program, `ends` looks at every document; `run` (local processes) and `simulate` (the document, on the simulator) a sample spread evenly. The
same seed gives the same programs. Exit status 1 if there is a difference.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.language.random_programs import program
from tests.language.random_programs.checking import ENGINES, Report, TimeUp, check, in_time, kind_of
from tests.language.random_programs.shrinking import as_program, shrink

SLOW = ("run", "simulate")

SILENCE = 300
"""Seconds without a result after which those that are missing are lost: more than a program takes to be checked and made smaller."""


@dataclass(frozen=True)
class Task:
    """One program to check."""

    seed: int
    large: bool
    engines: tuple[str, ...]
    timeout: int
    shrink: float
    calls: int = 2


@dataclass
class Found:
    """What came of it."""

    task: Task
    report: Report = field(default_factory=Report)
    text: str = ""
    hang: bool = False


def look(task: Task) -> Found:
    """Write a program, check it, make it smaller if it breaks the contract."""
    text = program(task.seed, task.large)
    found = Found(task, text=text)
    try:
        found.report = in_time(lambda: check(text, str(task.seed), task.seed, task.engines, task.calls), task.timeout)
    except TimeUp:
        found.hang = True
    if found.report.problem and task.shrink:
        _make_smaller(found)
    return found


def _make_smaller(found: Found) -> None:
    kind, task = kind_of(found.report.problem), found.task
    engines = [name for name in task.engines if name in SLOW and f" {name}: " in found.report.problem]
    engines = engines or (["ends"] if kind == "ends" else ["judge", "source"])
    last = found.report
    sure = False

    def fails(candidate: str) -> bool:
        """Whether it fails in the same way; once it does without steps that fail by plan, it must do so for good."""
        nonlocal last, sure
        for faults in (False, True)[: 1 if sure else 2]:
            try:
                report = in_time(lambda: check(candidate, "smaller", task.seed, engines, 5, faults), 20)
            except (Exception, TimeUp):
                return False
            if report.problem and kind_of(report.problem) == kind:
                sure, last = sure or not faults, report
                return True
        return False

    found.text = shrink(found.text, fails, task.shrink)
    found.report.problem = last.problem


def main() -> int:
    """Hunt; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", default="judge,source,ends", help=f"some of {','.join(ENGINES)}")
    parser.add_argument("--sample", type=int, default=1000, help="programs for each of run and simulate")
    parser.add_argument("--calls", type=int, default=2, help="arguments that each program is called with")
    parser.add_argument("--large", type=float, default=0.05, help="the part of the programs that is long")
    parser.add_argument(
        "--timeout", type=int, default=60, help="seconds for one program, past which it counts as hanging"
    )
    parser.add_argument("--shrink", type=float, default=60, help="seconds to make a program smaller; 0: not at all")
    parser.add_argument("--stop-after", type=int, default=20, help="differences")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long, with what there is")
    parser.add_argument("--show", action="store_true", help="only print the programs")
    options = parser.parse_args()
    engines = tuple(options.engines.split(","))
    if unknown := set(engines) - set(ENGINES):
        parser.error(f"no engines: {', '.join(sorted(unknown))}")
    tasks = _tasks(options, engines)
    if options.show:
        for task in tasks:
            print(f"# --- seed {task.seed}\n{as_program(program(task.seed, task.large), 'main')}\n")
        return 0
    return _hunt(tasks, options.jobs, options.stop_after, options.seconds)


def _tasks(options: argparse.Namespace, engines: tuple[str, ...]) -> list[Task]:
    """Return the programs, with the slow engines for every so many of them."""
    always = tuple(name for name in engines if name not in SLOW)
    gap = max(1, options.programs // max(1, options.sample))
    every = round(1 / options.large) if options.large else 0
    return [
        Task(seed, bool(every) and i % every == every - 1, engines if i % gap == 0 else always, options.timeout, options.shrink, options.calls)
        for i, seed in enumerate(range(options.seed, options.seed + options.programs))
    ]  # fmt: skip


def _checked(tasks: list[Task], jobs: int) -> Iterator[Found]:
    """Yield what came of the programs. A process that dies takes its programs with it: they are checked again, and then it counts."""
    if jobs == 1:
        yield from map(look, tasks)
        return
    left = {task.seed: task for task in tasks}
    for _ in range(2):
        with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=200) as pool:
            results = pool.imap_unordered(look, list(left.values()))
            while left:
                try:
                    found = results.next(timeout=SILENCE)
                except multiprocessing.TimeoutError:
                    break
                del left[found.task.seed]
                yield found
            pool.terminate()
        if left:
            print(f"a process died: seeds {sorted(left)}", file=sys.stderr, flush=True)
    for task in left.values():
        yield Found(task, Report(problem="its process died: 'crash'"), program(task.seed, task.large))


def _hunt(tasks: list[Task], jobs: int, most: int, seconds: float) -> int:
    started = time.time()
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for found in _checked(tasks, jobs):
        report, seed = found.report, found.task.seed
        counts.update(programs=1, calls=report.calls, schedules=report.schedules, hangs=int(found.hang))
        if counts["programs"] % 1000 == 0:
            print(f"{counts['programs']} programs, {time.time() - started:.0f} s", file=sys.stderr, flush=True)
        if report.late:
            refused["in the run, which alone could show it"] += report.late
        if report.refused:
            refused[report.refused.split("`")[0].split("'")[0].strip()] += 1
        if found.hang:
            print(f"=== seed {seed}: not checked within {found.task.timeout} s", flush=True)
        if report.problem:
            internal = report.problem.startswith("compile") or "'crash'" in report.problem
            counts["internal errors" if internal else "differences"] += 1
            print(f"=== seed {seed}\n{as_program(found.text, f'random_{seed}')}\n--- {report.problem}\n", flush=True)
            if counts["differences"] + counts["internal errors"] >= most:
                break
        if time.time() - started > seconds:
            break
    names = ("programs", "calls", "schedules", "differences", "internal errors", "hangs")
    print(", ".join(f"{name} {counts[name]}" for name in names) + f", seconds {time.time() - started:.0f}")
    print(f"refused {sum(refused.values())}", *[f"    {n:5} {why}" for why, n in refused.most_common()], sep="\n")
    return 1 if counts["differences"] + counts["internal errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
