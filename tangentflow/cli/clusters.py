"""The commands for runs on a cluster. Each returns its exit code."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from tangentflow.cli.arguments import parse
from tangentflow.cli.commands import finished, own_output
from tangentflow.cli.load import load
from tangentflow.errors import UsageError

if TYPE_CHECKING:
    from tangentflow.client.run import ArgoRun

__all__ = ["cancel_run", "list_runs", "show_logs", "show_run", "submit_file"]


def submit_file(target: str, arguments: Sequence[str], namespace: str | None, wait: bool) -> int:
    """Submit a workflow and print the id of its run; with `wait`, print its result as `run` does."""
    with own_output() as out:
        workflow = load(target)
        args, kwargs = parse(workflow, arguments, f"tangentflow submit {target}", out)
        run = workflow.options(namespace=namespace).submit(*args, **kwargs)
        print(run.id, file=sys.stderr if wait else out)
        return finished(run.wait(), out) if wait else 0


def list_runs(namespace: str | None) -> int:
    """Print a line for each run that the cluster knows, newest first."""
    from tangentflow.client.submit import runs

    now = time.time()
    rows = [(run.id, run.workflow, run.status, ago(now - run.created)) for run in runs(namespace=namespace)]
    _table(sys.stdout, ("RUN", "WORKFLOW", "STATUS", "AGE"), rows)
    return 0


def show_run(id: str, namespace: str | None) -> int:
    """Print how a run stands and its steps; of a failed one the traceback."""
    run = _attach(id, namespace)
    print(f"{run.id}  {run.workflow}  {run.status}{f'  {run.message}' if run.message else ''}")
    rows = []
    for step in run.steps:
        took = "" if step.started is None else ago((step.finished or time.time()) - step.started)
        rows.append((step.status, step.path, str(step.attempts or ""), took, step.source))
    _table(sys.stdout, ("STATUS", "STEP", "TRIES", "TIME", "CALL"), rows)
    if run.error is not None:
        sys.stdout.flush()
        traceback.print_exception(run.error, file=sys.stderr)
    return 0


def show_logs(id: str, step: str | None, namespace: str | None) -> int:
    """Print what the steps of a run printed, or one of them."""
    run = _attach(id, namespace)
    text = run.logs() if step is None else "".join(_step_logs(run, step))
    sys.stdout.write(text)
    return 0


def cancel_run(id: str, namespace: str | None) -> int:
    """Stop a run."""
    _attach(id, namespace).cancel()
    return 0


def ago(seconds: float) -> str:
    """Return a time in the two largest of its units: `1d4h`, `3m20s`, `5s`."""
    left = int(max(0, seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
    return "".join(parts[:2]) or "0s"


def _step_logs(run: ArgoRun, wanted: str) -> list[str]:
    found = [step for step in run.argo_steps() if wanted in (step.path, step.name)]
    if not found:
        raise UsageError(
            f"{run.id} has no step {wanted!r}; it has {', '.join(s.path for s in run.steps[:20]) or 'none yet'}"
        )
    return [step.logs() for step in found]


def _attach(id: str, namespace: str | None) -> ArgoRun:
    from tangentflow.client.submit import attach

    return attach(id, namespace=namespace)


def _table(out: TextIO, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    for row in (head, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip(), file=out)
