"""How long are the functions of Python's standard library?

Reads the source files that ship with the interpreter: a sub-workflow for each package with a fan-out over its files, a
fold of what they contain, and a k-means clustering of the functions' lengths, repeated until it is stable.
"""

import ast
import io
import tokenize
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tangentflow import step, workflow

PACKAGES = ("asyncio", "concurrent", "email", "html", "http", "importlib", "json", "logging", "unittest", "urllib")
BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.IfExp, ast.BoolOp, ast.comprehension)


@dataclass(frozen=True)
class Function:
    name: str
    length: int
    branches: int


@dataclass(frozen=True)
class File:
    lines: int
    comments: int
    functions: list[Function]


@dataclass(frozen=True)
class Package:
    name: str
    files: int
    lines: int
    comments: int
    functions: list[Function]


@dataclass(frozen=True, repr=False)
class Report:
    packages: list[Package]
    skipped: list[str]
    centres: list[float]
    rounds: int
    warning: str

    def __repr__(self) -> str:
        rows = [f"{'package':<12}{'files':>7}{'lines':>8}{'comments':>10}{'functions':>11}  longest function"]
        for package in self.packages:
            longest = max(package.functions, key=lambda function: function.length)
            counts = f"{package.files:>7}{package.lines:>8}{package.comments:>10}{len(package.functions):>11}"
            rows.append(f"{package.name:<12}{counts}  {longest.name} ({longest.length} lines)")
        sizes = ", ".join(f"{centre:.1f}" for centre in self.centres)
        rows.append(f"the lengths of functions cluster around {sizes} lines (stable after {self.rounds} rounds)")
        rows.append(self.warning)
        if self.skipped:
            rows.append(f"left out, since they have few functions: {', '.join(self.skipped)}")
        return "\n".join(rows)


def root(package: str) -> Path:
    """Return the folder of a package of the standard library."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{package!r} is no package of the standard library")
    return Path(next(iter(spec.submodule_search_locations)))


@step
def list_files(package: str) -> list[str]:
    folder = root(package)
    files = [file.relative_to(folder) for file in folder.rglob("*.py")]
    return sorted(file.as_posix() for file in files if "test" not in file.parts)


@step
def measure(package: str, file: str) -> File:
    """Count what one source file contains."""
    text = (root(package) / file).read_text(encoding="utf-8")
    functions = [
        Function(
            f"{package}/{file}:{node.name}",
            node.end_lineno - node.lineno + 1,
            sum(isinstance(inner, BRANCHES) for inner in ast.walk(node)),
        )
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = sum(token.type == tokenize.COMMENT for token in tokens)
    return File(len(text.splitlines()), comments, functions)


@step
def nearest(lengths: list[int], centres: list[float]) -> list[tuple[int, int]]:
    """For each centre, return the sum and the number of the lengths that are nearer to it than to any other."""
    sums = [(0, 0)] * len(centres)
    for length in lengths:
        best = min(range(len(centres)), key=lambda k: abs(length - centres[k]))
        sums[best] = (sums[best][0] + length, sums[best][1] + 1)
    return sums


@step
def warn(function: Function) -> str:
    return f"consider splitting {function.name}: {function.length} lines with {function.branches} branches"


def moved(centres: list[float], parts: list[list[tuple[int, int]]]) -> list[float]:
    """Return the means of all parts together; a centre that nothing is near to stays."""
    means = []
    for k, centre in enumerate(centres):
        total = sum(part[k][0] for part in parts)
        count = sum(part[k][1] for part in parts)
        means.append(total / count if count else centre)
    return means


@workflow
def survey(name: str) -> Package:
    """Measure one package: its files in parallel, then the fold of what they contain."""
    files = list_files(name)
    lines = comments = 0
    functions = []
    for file in files:
        found = measure(name, file)
        lines += found.lines
        comments += found.comments
        functions.extend(found.functions)
    return Package(name, len(files), lines, comments, functions)


@workflow
def library(packages: tuple[str, ...] = PACKAGES, least: int = 50) -> Report:
    """Survey packages in parallel and cluster the lengths of their functions."""
    kept, skipped = [], []
    for name in packages:
        package = survey(name)
        if len(package.functions) < least:
            skipped.append(name)
            continue
        kept.append(package)
    if not kept:
        raise ValueError(f"no package has {least} functions")

    lengths = [[function.length for function in package.functions] for package in kept]
    centres, before, rounds = [5.0, 20.0, 80.0], [], 0
    while centres != before:
        before = centres
        centres = moved(centres, [nearest(part, centres) for part in lengths])
        rounds += 1

    longest = max(
        (function for package in kept for function in package.functions), key=lambda function: function.length
    )
    warning = "no function is much too long"
    if longest.length > 2 * centres[-1]:
        warning = warn(longest)
    return Report(kept, skipped, centres, rounds, warning)


if __name__ == "__main__":
    print(library())
