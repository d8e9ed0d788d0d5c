"""What a fan-out takes of memory: the peak of the engine's process for 10,000 and for 100,000 items, and the difference for each item.

    python benchmarks/memory.py [FEW MANY]

Each item is a number and so is each result. A process of its own for each run, so that nothing of another one is in the figure.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time

from tangentflow import step, workflow


@step
def inc(x):
    return x + 1


@workflow
def fan_out(n):
    return [inc(i) for i in range(n)]


def measured(n, executor, stored):
    """Return the peak in bytes and the seconds of a run, measured in this process."""
    with tempfile.TemporaryDirectory() as folder:
        bound = fan_out.options(executor=executor, workers=2, store=folder if stored else False)
        began = time.perf_counter()
        run = bound.run(n)
        spent = time.perf_counter() - began
        assert run.result() == list(range(1, n + 1))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, spent


def elsewhere(n, executor, stored):
    """Like `measured`, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(n), executor, str(int(stored))], capture_output=True, text=True, check=True
    )  # fmt: skip
    return json.loads(done.stdout)


def main(few, many):
    """Print a table."""
    head = (f"peak of {few:,}", f"of {many:,}", "bytes an item", "µs a step")
    print(f"{'':<22}" + "".join(f"{text:>18}" for text in head))
    for executor in ("inline", "thread", "process"):
        for stored in (False, True):
            (less, _), (more, spent) = elsewhere(few, executor, stored), elsewhere(many, executor, stored)
            row = (
                f"{less / 2**20:.1f} MB",
                f"{more / 2**20:.1f} MB",
                f"{(more - less) / (many - few):.0f}",
                f"{spent / many * 1e6:.0f}",
            )
            print(
                f"{executor:<10}{'store' if stored else 'no store':<12}" + "".join(f"{text:>18}" for text in row),
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(int(sys.argv[2]), sys.argv[3], sys.argv[4] == "1")))
    else:
        few, many = map(int, sys.argv[1:3] or (10_000, 100_000))
        main(few, many)
