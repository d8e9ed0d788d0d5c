"""How long a chain of step calls takes to compile, from the source to the Argo document, beside Hera's build of the same chain.

    python benchmarks/compile_chain.py [N ...]        default: 100 1000

Prints the medians of both and their ratio. Both build a document of N tasks, each needing the one before, in one process, after one
run that is not counted. Hera comes with the extra `dev`.
"""

import gc  # no postponed annotations here: Hera looks at the types of its script's parameters
import importlib.util
import linecache
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPEATS = 5


def write_module(folder: Path, n: int) -> Path:
    """Write a module with a workflow of n step calls in a chain."""
    calls = "\n".join("    x = inc(x)" for _ in range(n))
    path = folder / f"chain_{n}.py"
    path.write_text(
        "from tangentflow import step, workflow\n\n\n@step\ndef inc(x):\n    return x + 1\n\n\n"
        f"@workflow\ndef chain(x=0):\n{calls}\n    return x\n"
    )
    return path


def load(path: Path) -> Any:
    """Import the module anew: a workflow keeps its graph, and the cached lines of its source are dropped."""
    linecache.clearcache()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compile_here(path: Path) -> Callable[[], object]:
    """Return what is timed: source to document."""
    workflow = load(path).chain

    def compile_it() -> object:
        return workflow.graph.argo()

    return compile_it


def build_with_hera(n: int) -> Callable[[], object]:
    """Return what is timed: a Hera DAG of n tasks, built to a document."""
    from hera.workflows import DAG, Parameter, Workflow, script

    @script(image="python:3.11-slim", outputs=Parameter(name="x", value_from={"path": "/tmp/x"}))
    def inc(x: int) -> None:
        with open("/tmp/x", "w") as file:
            file.write(str(x + 1))

    def build() -> object:
        with Workflow(generate_name="chain-", entrypoint="chain") as workflow, DAG(name="chain"):
            last: Any = inc(name="inc-0", arguments={"x": 0})
            for i in range(1, n):
                # `last.get_parameter("x")` builds the template again; the reference as text is Hera's faster way
                task: Any = inc(name=f"inc-{i}", arguments={"x": f"{{{{tasks.inc-{i - 1}.outputs.parameters.x}}}}"})
                last >> task
                last = task
        return workflow.to_dict()

    return build


def median(prepare: Callable[[], Callable[[], object]]) -> float:
    """Return the median time in seconds of what `prepare` returns, after one run that is not counted."""
    times = []
    for repeat in range(REPEATS + 1):
        timed = prepare()
        gc.collect()
        started = time.perf_counter()
        timed()
        if repeat:
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(sizes: list[int]) -> None:
    print(f"{'calls':>6}{'tangentflow':>14}{'hera':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            path = write_module(Path(folder), n)
            ours = median(lambda path=path: compile_here(path))  # type: ignore[misc]
            hera = median(lambda n=n: build_with_hera(n))  # type: ignore[misc]
            print(f"{n:>6}{ours:>12.3f} s{hera:>10.3f} s{ours / hera:>8.2f}", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [100, 1000])
