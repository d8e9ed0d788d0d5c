"""`tangentflow diff`: what is different between two workflows, or two versions of one.

Each is compiled in a process of its own, since two versions of a file are one module.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load
from tangentflow.decorators import StepFunction
from tangentflow.engine.identity import Identity
from tangentflow.explain.words import both
from tangentflow.graph.nodes import Graph, Step
from tangentflow.graph.parts import changed_parts
from tangentflow.graph.printing import print_graph

__all__ = ["diff_files"]

_CHILD = "import sys; from tangentflow.cli.main import main; sys.exit(main(['diff', '--snapshot', sys.argv[1]]))"


@dataclass(frozen=True)
class _Snapshot:
    """What is compared of a workflow: its graph, and for each step a digest of each part of its code."""

    name: str
    fingerprint: str
    text: str
    steps: Mapping[str, Mapping[str, str]]


def diff_files(targets: list[str], exit_code: bool, snapshot: bool) -> int:
    """Print what is different between two targets; return 0, or with `exit_code` 1 if anything is. `snapshot`: write one as JSON."""
    with own_output() as out:
        if snapshot:
            json.dump(asdict(_snapshot(targets[0])), out)
            return 0
        old, new = targets
        found = []
        for target in (old, new):
            child = subprocess.run([sys.executable, "-c", _CHILD, target], stdout=subprocess.PIPE, check=False)
            if child.returncode:
                return child.returncode
            found.append(_Snapshot(**json.loads(child.stdout)))
        lines = list(_differences(old, new, found[0], found[1]))
        for line in lines:
            print(line, file=out)
        return 1 if lines and exit_code else 0


def _snapshot(target: str) -> _Snapshot:
    workflow = load(target)
    graph: Any = workflow.graph
    identity = Identity()
    steps = {name: identity.code(step).parts(workflow.__module__) for name, step in _steps(graph)}
    return _Snapshot(graph.main.name, graph.fingerprint, _without_places(print_graph(graph)), steps)


def _steps(graph: Graph) -> Iterator[tuple[str, StepFunction[..., Any]]]:
    """Yield the steps with their names: those of their functions, with their modules (and a number) where two have the same."""
    keys = {node.callee for flow in graph.flows for node in flow.body.walk() if isinstance(node, Step)}
    found = {key: cast("StepFunction[..., Any]", graph.bindings[key]) for key in sorted(keys)}
    modules: dict[str, set[str]] = {}
    for step in found.values():
        modules.setdefault(step.__qualname__, set()).add(step.__module__)
    for key, step in found.items():
        alone = len(modules[step.__qualname__]) == 1
        yield (key.removeprefix(f"{step.__module__}.") if alone else key), step


def _without_places(text: str) -> str:
    """Return a printed graph without files, lines and the spaces before its comments."""
    return re.sub(r" +# (?:[^ ;]+:\d+(?:; |$))?", "  # ", text, flags=re.MULTILINE).replace("  # \n", "\n")


def _differences(old: str, new: str, before: _Snapshot, after: _Snapshot) -> Iterator[str]:
    if before.fingerprint != after.fingerprint:
        lines = before.text.splitlines(), after.text.splitlines()
        yield from difflib.unified_diff(*lines, old, new, lineterm="")
    for name in sorted({*before.steps, *after.steps}):
        if name not in after.steps:
            yield f"step {name}: gone"
        elif name not in before.steps:
            yield f"step {name}: new"
        elif before.steps[name] != after.steps[name]:
            yield f"step {name}: changed: {both(changed_parts(before.steps[name], after.steps[name]))}"
