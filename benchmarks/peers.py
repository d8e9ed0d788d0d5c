"""What peers take for a step that does nothing, beside tangentflow, in one run on one machine: time for each step, best of several runs.

    python -m venv /tmp/peers; /tmp/peers/bin/pip install -e ".[benchmarks]"
    /tmp/peers/bin/python benchmarks/peers.py [N]        default: 1000 steps

A fan-out of N independent steps and a chain of N, each step `x + 1`. What is not installed is left out, and said. The floors: a graph of the standard
library's `graphlib` in one thread, and its process pool. Peers that keep results are measured with results kept, and a second time when all is on
record. Each system has two workers where it has workers.
"""

import concurrent.futures
import glob
import graphlib
import importlib.util
import os
import sqlite3
import sys
import tempfile
import time

REPEATS = 3

ENOUGH = 2.0
"""Seconds for which a measurement is repeated, if a few times take less."""

LONG = 20
"""Seconds after which a measurement is not repeated."""


def inc(x):
    return x + 1


def best(run, repeats=REPEATS):
    """Return seconds of wall time, and of processors, those of child processes included: the best of several runs."""
    walls, loads = [], []
    while len(walls) < repeats or sum(walls) < ENOUGH:
        children = of_children()  # outside of what is timed: it takes as long as many steps
        began, used = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - began)
        used = time.process_time() - used
        loads.append(used + of_children() - children)
        if sum(walls) > LONG:
            break
    return min(walls), min(loads)


def of_children():
    """Return the seconds of processors that the child processes have used (Linux; else 0)."""
    total, mine = 0.0, f" {os.getpid()} "
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if f" {fields[1]} " == mine:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


# --- floors


def graphlib_floor(n):
    fan = dict.fromkeys(range(n), ())
    line = {i: (i - 1,) if i else () for i in range(n)}

    def through(graph):
        sorter, values = graphlib.TopologicalSorter(graph), {}
        sorter.prepare()
        while sorter.is_active():
            for node in sorter.get_ready():
                values[node] = inc(values.get(node - 1, 0))
                sorter.done(node)

    yield "graphlib, in line", "fan", lambda: through(fan)
    yield "graphlib, in line", "chain", lambda: through(line)


def pool_floor(n):
    pool = concurrent.futures.ProcessPoolExecutor(2)
    pool.submit(inc, 1).result()

    def fan():
        for future in [pool.submit(inc, i) for i in range(n)]:
            future.result()

    def chain():
        x = 0
        for _ in range(n):
            x = pool.submit(inc, x).result()

    yield "pool, processes", "fan", fan
    yield "pool, processes", "chain", chain
    pool.shutdown()


def sqlite_floor(n):
    folder = tempfile.mkdtemp()
    connection = sqlite3.connect(f"{folder}/floor.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE receipts(run, number, outcome, PRIMARY KEY(run, number)) WITHOUT ROWID")
    runs = iter(range(1000))

    def write():
        run = next(runs)
        for i in range(n):
            connection.execute("INSERT INTO receipts VALUES(?, ?, ?)", (run, i, b"x" * 50))

    def read():
        for i in range(n):
            connection.execute("SELECT outcome FROM receipts WHERE run=0 AND number=?", (i,)).fetchone()

    def again():
        read()
        run = next(runs)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO receipts VALUES(?, ?, ?)", [(run, i, b"x" * 50) for i in range(n)])
        connection.executemany(
            "UPDATE receipts SET outcome=? WHERE run=0 AND number=?", [(b"x" * 50, i) for i in range(n)]
        )
        connection.execute("COMMIT")

    write()
    yield "SQLite, a commit each", "write", write
    yield "SQLite, a row each", "read", read
    # a row read for each; then, all at once, one written and one changed
    yield "SQLite, as for a cached step", "fan", again


# --- tangentflow


def tangentflow_runs(n):
    from tangentflow import step, workflow

    one = step(inc)

    @workflow
    def fan(n):
        return [one(i) for i in range(n)]

    @workflow
    def chain(n):
        x = 0
        while x < n:
            x = one(x)
        return x

    for executor in ("inline", "thread", "process"):
        for shape, flow in (("fan", fan), ("chain", chain)):
            bound = flow.options(executor=executor, workers=2, store=False)
            bound.run(3)
            yield f"tangentflow, {executor}", shape, lambda bound=bound: bound.run(n).result()
    folder = tempfile.mkdtemp()
    for shape, flow in (("fan", fan), ("chain", chain)):
        stored = flow.options(executor="inline", store=folder)
        yield "tangentflow, inline, kept", shape, lambda stored=stored: stored.run(n).result()
        before = stored.run(n)
        again = flow.options(executor="inline", store=folder, reuse=before)
        yield "tangentflow, resumed", shape, lambda again=again: again.run(n).result()
        cached = flow.options(executor="inline", store=folder, cache=True)
        cached.run(n)
        yield "tangentflow, cached", shape, lambda cached=cached: cached.run(n).result()


# --- peers


def joblib_runs(n):
    import joblib

    def fan():
        joblib.Parallel(n_jobs=2)(joblib.delayed(inc)(i) for i in range(n))

    def one_by_one():
        joblib.Parallel(n_jobs=2, batch_size=1)(joblib.delayed(inc)(i) for i in range(n))

    fan()
    yield "joblib, processes, batched", "fan", fan
    yield "joblib, processes", "fan", one_by_one
    memory = joblib.Memory(tempfile.mkdtemp(), verbose=0)
    kept = memory.cache(inc)

    def again():
        for i in range(n):
            kept(i)

    again()
    yield "joblib.Memory, cached", "fan", again


def dask_runs(n):
    import dask

    delayed = dask.delayed(inc)

    def fan(scheduler):
        dask.compute(*[delayed(i) for i in range(n)], scheduler=scheduler, num_workers=2)

    def chain(scheduler):
        x = 0
        for _ in range(n):
            x = delayed(x)
        dask.compute(x, scheduler=scheduler, optimize_graph=False)

    for scheduler in ("sync", "threads", "processes"):
        fan(scheduler)
        yield f"dask, {scheduler}", "fan", lambda scheduler=scheduler: fan(scheduler)
        if scheduler != "processes":
            yield f"dask, {scheduler}", "chain", lambda scheduler=scheduler: chain(scheduler)


def hamilton_runs(n):
    import types

    from hamilton import driver

    space = types.ModuleType("nodes")
    text = "def a0() -> int: return 0\n" + "".join(
        f"def a{i}(a{i - 1}: int) -> int: return a{i - 1} + 1\n" for i in range(1, n)
    )
    text += "def b(x: int) -> int: return x + 1\n" + "".join(
        f"def b{i}(x: int) -> int: return x + {i}\n" for i in range(n)
    )
    exec(text, vars(space))
    for value in vars(space).values():
        if isinstance(value, types.FunctionType):
            value.__module__ = "nodes"
    sys.modules["nodes"] = space
    built = driver.Builder().with_modules(space).build()
    yield "hamilton", "chain", lambda: built.execute([f"a{n - 1}"])
    yield "hamilton", "fan", lambda: built.execute([f"b{i}" for i in range(n)], inputs={"x": 1})


def redun_runs(n):
    import logging

    from redun import Scheduler, task
    from redun.config import Config

    logging.getLogger("redun").setLevel(logging.ERROR)  # else it writes a few lines for each task

    def made(cache):
        @task(name=f"inc_{cache}", namespace="benchmark", cache=cache)
        def one(x):
            return x + 1

        @task(name=f"fan_{cache}", namespace="benchmark", cache=False)
        def fan(n):
            return [one(i) for i in range(n)]

        @task(name=f"chain_{cache}", namespace="benchmark", cache=False)
        def chain(x, n):
            return x if x >= n else chain(one(x), n)

        return fan, chain

    folder = tempfile.mkdtemp()
    for cache in (False, True):
        scheduler = Scheduler(config=Config({"backend": {"db_uri": f"sqlite:///{folder}/{cache}.db"}}))
        scheduler.load()
        fan, chain = made(cache)
        for shape, call in (("fan", lambda fan=fan: fan(n)), ("chain", lambda chain=chain: chain(0, n))):
            scheduler.run(call())
            name = "redun, threads, cached" if cache else "redun, threads, kept"
            yield name, shape, lambda scheduler=scheduler, call=call: scheduler.run(call())


def prefect_runs(n):
    import logging

    os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp())
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    from prefect import flow, task

    one = task(inc, retries=0, cache_policy=None)

    @flow
    def fan():
        for future in one.map(range(n)):
            future.result()

    @flow
    def chain():
        x = 0
        for _ in range(n):
            x = one(x)

    logging.disable(logging.ERROR)
    yield "prefect, threads", "fan", fan
    yield "prefect, in line", "chain", chain


SYSTEMS = (
    ("", graphlib_floor), ("", pool_floor), ("", sqlite_floor), ("tangentflow", tangentflow_runs), ("joblib", joblib_runs),
    ("dask", dask_runs), ("hamilton", hamilton_runs), ("redun", redun_runs), ("prefect", prefect_runs),
)  # fmt: skip


def main(n):
    """Print a table as the measurements come."""
    print(f"{'µs a step':<30}{'':<8}{'wall':>12}{'processors':>12}")
    for package, runs in SYSTEMS:
        if package and importlib.util.find_spec(package) is None:
            print(f"{package:<30}not installed")
            continue
        for name, shape, run in runs(n):
            try:
                wall, load = best(run)
            except Exception as error:  # a peer's own limit is an answer
                print(
                    f"{name:<30}{shape:<8}  {type(error).__name__}: {str(error).splitlines()[-1][:80] if str(error) else ''}",
                    flush=True,
                )
                continue
            print(f"{name:<30}{shape:<8}{wall / n * 1e6:>12.1f}{load / n * 1e6:>12.1f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
