"""What the local engine takes for a step that does nothing: wall time per step, best of several runs.

    python benchmarks/local_steps.py [N]        default: 2000 steps

A fan-out of N independent steps and a chain of N, for each executor (two workers), without a store, with one, and with everything taken over
from an earlier run.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tangentflow import step, workflow

REPEATS = 5


@step
def inc(x):
    return x + 1


@workflow
def fan_out(n):
    return [inc(i) for i in range(n)]


@workflow
def chain(n):
    x = 0
    while x < n:
        x = inc(x)
    return x


def best(run: Callable[[], object], n: int) -> float:
    """Return microseconds per step."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times) / n * 1e6


def main(n: int) -> None:
    print(f"{'microseconds per step':<24}{'no store':>12}{'store':>12}{'reused':>12}")
    for executor in ("inline", "thread", "process"):
        for flow in (fan_out, chain):
            row = []
            with tempfile.TemporaryDirectory() as folder:
                options: dict[str, Any] = {"executor": executor, "workers": 2}
                bare = flow.options(**options, store=False)
                kept = flow.options(**options, store=Path(folder))
                bare.run(3)  # compiles, starts workers
                row.append(best(lambda bare=bare: bare.run(n), n))
                row.append(best(lambda kept=kept: kept.run(n), n))
                again = flow.options(**options, store=Path(folder), reuse=kept.run(n))
                row.append(best(lambda again=again: again.run(n), n))
            print(f"{flow.__name__:<12}{executor:<12}" + "".join(f"{value:>12.1f}" for value in row))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
