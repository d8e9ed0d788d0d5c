"""`tangentflow explain`: what became of a line of source."""

from __future__ import annotations

import os
import types
from typing import Any, cast

from tangentflow.cli.commands import own_output
from tangentflow.cli.load import load, load_all
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import UsageError
from tangentflow.explain.program import Program
from tangentflow.explain.words import both
from tangentflow.source.find import find

__all__ = ["explain_target"]


def explain_target(target: str) -> int:
    """Print what became of a line (FILE:LINE) or of a workflow (FILE[:WF])."""
    with own_output() as out:
        file, colon, line = target.rpartition(":")
        if colon and line.isdecimal() and not os.path.exists(target):
            out.write(_workflow_at(file, int(line)).graph.explain(int(line)))
        else:
            out.write(load(target).graph.explain())
    return 0


def _workflow_at(file: str, line: int) -> WorkflowFunction[..., Any]:
    """Return the workflow of a file that a line belongs to. Raises UsageError if there is none."""
    spans = [(workflow, Program(find(cast(types.FunctionType, workflow.function)))) for workflow in load_all(file)]
    own = [(w, program) for w, program in spans if os.path.samefile(program.source.filename, file)]
    inside = [(program.last - program.first, w) for w, program in own if program.first <= line <= program.last]
    if not inside:
        known = both([f"{w.__qualname__} (lines {p.first} to {p.last})" for w, p in own])
        raise UsageError(f"line {line} of {file} belongs to no workflow; it has {known}")
    return min(inside, key=lambda found: found[0])[1]
