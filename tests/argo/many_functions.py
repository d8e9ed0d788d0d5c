"""A module with many step functions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["many_functions"]

NAME = "many_functions_of_a_test"


@contextmanager
def many_functions(folder: Path, count: int) -> Iterator[Any]:
    """Give a workflow that calls so many step functions, each once, in chains of ten. Its module is written to a folder."""
    lines = ["from tangentflow import step, workflow", ""]
    for i in range(count):
        lines += ["@step", f"def part_{i}(x):", f"    return x + {i}", ""]
    lines += ["@workflow", "def many(n):", "    out = []"]
    for i in range(count):
        lines += ["    x = n"] if i % 10 == 0 else []
        lines += [f"    x = part_{i}(x)"]
        lines += ["    out.append(x)"] if i % 10 == 9 else []
    (folder / f"{NAME}.py").write_text("\n".join([*lines, "    return out", ""]))
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(NAME).many
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(NAME, None)
