"""How compile time grows with the size of a program: the graph, and the Argo document made of it.

    python benchmarks/compile_size.py [SHAPE ...] [--sizes N,N,...] [--once]     default: every shape, 500,1000,2000,5000

Prints, for each shape and size, the seconds of processor time from the source to the graph, from there to the text of the document, the time per
statement, and how the whole grows: an exponent of 1 is linear, 2 quadratic. Each figure is the best of three, in one process,
garbage collected before.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import linecache
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tangentflow.argo.document import planned
from tangentflow.argo.text import to_yaml

SIZES = (500, 1_000, 2_000, 5_000)
REPEATS = 3

HEADER = """from tangentflow import step, workflow


@step
def inc(x):
    return x + 1


@step
def add(x, y):
    return x + y


@step
def note(x):
    return None


@workflow
def part(x, y=1):
    z = inc(x)
    if z > 3:
        z = add(z, y)
    return z


@workflow
def main(n=3, xs=(1, 2, 3)):
"""


def chain(size: int) -> Iterator[str]:
    """Steps, each fed by the one before."""
    yield "x = n"
    for _ in range(size - 2):
        yield "x = inc(x)"
    yield "return x"


def independent(size: int) -> Iterator[str]:
    """Steps that need nothing of each other."""
    for i in range(size - 1):
        yield f"x{i} = inc(n)"
    yield f"return [{', '.join(f'x{i}' for i in range(size - 1))}]"


def effects(size: int) -> Iterator[str]:
    """Steps whose results are dropped, so that they run one after the other."""
    for i in range(size - 1):
        yield f"note({i})"
    yield "return n"


def glue(size: int) -> Iterator[str]:
    """User code, with a step every 50 statements that takes what it has made."""
    yield "x = n"
    for i in range(1, size - 1):
        yield "x = inc(x)" if i % 50 == 0 else f"x = x + {i}"
    yield "return x"


def history(size: int) -> Iterator[str]:
    """User code that goes on from the start; a step every 50 statements needs all of it."""
    yield "x = n"
    made = []
    for i in range(1, size - 1):
        if i % 50 == 0:
            made.append(f"y{i}")
            yield f"y{i} = inc(x)"
        else:
            yield f"x = x + {i}"
    yield f"return [x, {', '.join(made)}]"


def guards(size: int) -> Iterator[str]:
    """Steps that may each be the last one."""
    yield "x = n"
    for _ in range((size - 2) // 3):
        yield "x = inc(x)"
        yield "if x < 0:"
        yield "    return x"
    yield "return x"


def mixed(size: int) -> Iterator[str]:
    """Branches, loops of all kinds, effects and calls of a sub-workflow, as a random program has them."""
    rng = random.Random(size)
    names = ["n"]
    written = 1

    def some() -> str:
        return rng.choice(names[-6:])

    def target() -> str:
        name = f"v{rng.randrange(40)}"
        if name not in names:
            names.append(name)
        else:
            names.append(names.pop(names.index(name)))
        return name

    kinds = ["step", "step", "add", "glue", "glue", "effect", "if", "for", "fold", "serial", "while", "call"]
    while written < size:
        kind = rng.choice(kinds)
        a, b = some(), some()
        if kind == "step":
            text = [f"{target()} = inc({a})"]
        elif kind == "add":
            text = [f"{target()} = add({a}, {b})"]
        elif kind == "glue":
            text = [f"{target()} = {a} + {b}"]
        elif kind == "effect":
            text = [f"note({a})"]
        elif kind == "call":
            text = [f"{target()} = part({a}, y={b})"]
        elif kind == "if":
            name = target()
            text = [f"if {a} > {rng.randrange(9)}:", f"    {name} = inc({b})", "else:", f"    {name} = {b} - 1"]
        elif kind == "for":
            text = ["for i in xs:", f"    t = inc(i + {a})", "    note(t)"]
        elif kind == "fold":
            name = target()
            text = [f"{name} = {a}", "for i in xs:", "    t = inc(i)", f"    {name} = {name} + t"]
        elif kind == "serial":
            name = target()
            text = [f"{name} = {a}", "for i in xs:", f"    {name} = add({name}, i)"]
        else:
            name = target()
            text = [f"{name} = {a} % 7", f"while {name} < 9:", f"    {name} = inc({name})"]
        written += len(text)
        yield from text
    yield f"return {some()}"


def nested(size: int) -> Iterator[str]:
    """Branches and loops in each other, twelve deep."""
    written = 1
    yield "x = n"
    while written < size:
        for depth in range(12):
            indent = "    " * depth
            yield indent + (f"for i{depth} in xs:" if depth % 4 == 3 else f"if x > {depth}:")
            yield f"{indent}    y{depth} = inc(x)"
            written += 2
        yield "    " * 12 + "note(y11)"
        written += 1
    yield "return x"


def pairs(size: int) -> Iterator[str]:
    """Steps that each need the two before, so that there are very many ways from the first to the last."""
    yield "x = n"
    yield "y = n"
    for i in range(size - 3):
        yield "x = add(x, y)" if i % 2 else "y = add(x, y)"
    yield "return x"


def elifs(size: int) -> Iterator[str]:
    """One branch with very many arms; it stops at what Python's own limits allow a compiler."""
    yield "if n == 0:"
    yield "    x = inc(n)"
    for i in range(1, size // 2):
        yield f"elif n == {i}:"
        yield f"    x = inc({i})"
    yield "else:"
    yield "    x = 0"
    yield "return x"


SHAPES: dict[str, Callable[[int], Iterator[str]]] = {
    shape.__name__: shape for shape in (chain, independent, effects, glue, history, guards, mixed, nested, pairs)
}


def program(shape: str, size: int) -> str:
    """Return the text of a module whose workflow `main` has this shape and about so many statements."""
    return HEADER + "".join(f"    {line}\n" for line in SHAPES[shape](size))


def load(path: Path) -> Any:
    """Import a module anew: a workflow keeps its graph, and the cached lines of its source are dropped."""
    linecache.clearcache()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(path: Path, repeats: int) -> tuple[float, float]:
    """Return the seconds for the graph and for the document's text."""
    best = [math.inf, math.inf]
    for _ in range(repeats):
        workflow = load(path).main
        gc.collect()
        started = time.process_time()
        graph = workflow.graph
        between = time.process_time()
        to_yaml(planned(graph)[1])  # also documents that are too large for the engine
        ended = time.process_time()
        best = [min(best[0], between - started), min(best[1], ended - between)]
    return best[0], best[1]


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of the line through the logarithms: how the time grows with the size."""
    xs, ys = [math.log(size) for size in sizes], [math.log(second) for second in seconds]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / sum((x - mean_x) ** 2 for x in xs)


def main(shapes: list[str], sizes: list[int], repeats: int) -> None:
    """Print the table."""
    print(f"{'shape':<12}{'size':>7}{'graph':>11}{'document':>11}{'a statement':>14}{'growth':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for shape in shapes:
            totals: list[float] = []
            for size in sizes:
                path = Path(folder) / f"{shape}_{size}.py"
                path.write_text(program(shape, size))
                graph, document = measure(path, repeats)
                totals.append(graph + document)
                growth = f"{exponent(sizes[: len(totals)], totals):>9.2f}" if len(totals) > 1 else ""
                each = 1e6 * totals[-1] / size
                print(f"{shape:<12}{size:>7}{graph:>9.3f} s{document:>9.3f} s{each:>11.0f} µs{growth}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--once", action="store_true", help="measure once, not three times")
    given = parser.parse_args()
    main(given.shapes or list(SHAPES), [int(size) for size in given.sizes.split(",")], 1 if given.once else REPEATS)
