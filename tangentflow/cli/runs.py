"""Commands about runs, in a store and on a cluster: what there is, what became of one, going on with one."""

from __future__ import annotations

import importlib
import reprlib
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tangentflow.cli.arguments import parse
from tangentflow.cli.commands import finished, look_at, own_output
from tangentflow.cli.load import load
from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import UsageError
from tangentflow.runtime.slurm import Slurm

if TYPE_CHECKING:
    from tangentflow.client.run import ArgoRun
    from tangentflow.engine.history import StoredRun
    from tangentflow.engine.run import StepRun

__all__ = ["cancel_run", "list_runs", "resume_run", "show_logs", "show_run", "submit_file", "table"]

Row = tuple[str, ...]


def submit_file(
    target: str, arguments: Sequence[str], namespace: str | None, wait: bool, reuse: str | None = None
) -> int:
    """Submit a workflow to Argo and print the id of its run; with `wait`, print its result as `run` does.

    `reuse` is the id of an earlier run of which step runs are taken over.
    """
    with own_output() as out:
        workflow = load(target)
        args, kwargs = parse(workflow, arguments, f"tangentflow submit {target}", out)
        options = {"reuse": reuse} if reuse is not None else {}
        run = workflow.options(namespace=namespace, **options).submit(*args, **kwargs)
        print(run.id, file=sys.stderr if wait else out, flush=True)
        return finished(run.wait(), out) if wait else 0


def list_runs(store: str | None, namespace: str | None) -> int:
    """Print a line for each run, newest first: of the store, and of the cluster if one is named here or in the environment."""
    from tangentflow.client.find import is_named

    rows = [] if namespace else list(_stored(store))
    if namespace or (store is None and is_named()):
        rows += _submitted(namespace)
    head = ("RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", "STEPS")
    table([head, *(row for _, row in sorted(rows, key=lambda pair: pair[0], reverse=True))], sys.stdout)
    return 0


def _stored(store: str | None) -> Iterator[tuple[float, Row]]:
    from tangentflow.engine.history import counted_runs

    for run, counts in counted_runs(store):
        status = "Killed" if run.killed else run.status
        if run.killed:  # what was under way is not any more
            stopped = counts.pop("Running", 0) + counts.pop("Pending", 0)
            counts |= {"Cancelled": counts.get("Cancelled", 0) + stopped} if stopped else {}
        steps = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()))
        took = _took(run.started, run.finished)
        yield run.started, (run.id, run.workflow, status, _clock(run.started), took, steps)


def _submitted(namespace: str | None) -> Iterator[tuple[float, Row]]:
    from tangentflow.client.submit import submitted

    for run in submitted(namespace=namespace):
        status, over = run.status, run.finished is not None
        took = _took(run.started, run.finished) if over or status == "Running" else ""
        yield run.created, (run.id, run.workflow, status, _clock(run.created), took, "on Argo")


def show_run(
    id: str, store: str | None, namespace: str | None, debug: str | None = None, target: str | None = None
) -> int:
    """Print a run and its step runs; of those that failed, the arguments and the traceback too.

    `debug` is the path of a step run that is called again instead, here and with its real inputs, under a debugger; `target` says where the
    workflow is, if that is not on record.
    """
    with own_output() as out:  # what is loaded may print
        run = _found(id, store, namespace)
        if debug is not None:
            look_at(run.step(debug), _workflow(run, target).graph)
            return 0
        print(f"{run.id}: {run.workflow}, {'Killed' if run.killed else run.status}", file=out)
        if run.started is not None:
            print(f"started {_clock(run.started)}, took {_took(run.started, run.finished)}", file=out)
        for note in run.notes:
            print(f"note: {note}", file=out)
        rows = [("STEP", "STATUS", "ATTEMPTS", "TOOK", "SOURCE", "")]
        for step in run.steps:
            rows.append(
                (step.path, step.status, str(step.attempts), _took(step.started, step.finished), step.source, step.why)
            )
        table(rows, out)
        failed = [step for step in run.steps if step.status == "Failed"]
        for step in failed:
            _show_failure(step, out)
        if run.status == "Failed" and not failed:
            print("\nthe run failed", file=out)
            traceback.print_exception(run.error, file=out)
    return 0


def _show_failure(step: StepRun, out: TextIO) -> None:
    print(f"\n{step.path} ({step.source}) failed", file=out)
    shown = reprlib.Repr()
    shown.maxother = shown.maxstring = 200
    for name, value in step.inputs.items():
        print(f"    {name} = {shown.repr(value)}", file=out)
    traceback.print_exception(step.error, file=out)


def show_logs(id: str, path: str | None, store: str | None, namespace: str | None) -> int:
    """Print what the steps of a run, or one of them, have written."""
    run = _found(id, store, namespace)
    sys.stdout.write(run.logs() if path is None else run.step(path).logs())
    return 0


def cancel_run(id: str, store: str | None, namespace: str | None) -> int:
    """Ask the process or the cluster of a run to stop it."""
    run = _found(id, store, namespace)
    if run.status not in ("Running", "Pending"):
        raise UsageError(f"run {run.id} is not running: it is {run.status}")
    run.cancel()
    return 0


def resume_run(
    id: str, store: str | None, options: dict[str, Any], namespace: str | None = None, target: str | None = None, wait: bool = False
) -> int:  # fmt: skip
    """Begin a run again with its own arguments, and take over what is on record of it; print its result as `run` does.

    One on Argo is submitted again: the id of the new run is printed, and its result with `wait`. `target` says where the workflow is, if that is not
    on record.
    """
    from tangentflow.engine.history import StoredRun

    with own_output() as out:
        run = _found(id, store, namespace)
        if run.status in ("Running", "Pending"):
            raise UsageError(f"run {run.id} is still running; tangentflow cancel {run.id} stops it")
        workflow = _workflow(run, target)
        if not isinstance(run, StoredRun):
            if options:
                raise UsageError(f"run {run.id} is on Argo, where --{' and --'.join(sorted(options))} mean nothing")
            args, kwargs = run.arguments(workflow)
            submitted = workflow.options(namespace=run.namespace, reuse=run).submit(*args, **kwargs)
            print(submitted.id, file=sys.stderr if wait else out, flush=True)
            for note in submitted.notes:
                print(f"note: {note}", file=sys.stderr)
            return finished(submitted.wait(), out) if wait else 0
        arguments = run.arguments()
        if arguments is None:
            raise UsageError(
                f"the arguments of run {run.id} are not on record, as they cannot be pickled; pass reuse={run.id!r} in Python"
            )
        args, kwargs = arguments
        given = {
            name: run.row.options[name] for name in ("workers", "executor") if run.row.options.get(name) is not None
        }
        if isinstance(given.get("executor"), dict):
            given["executor"] = Slurm(**given["executor"])
        again = workflow.options(**{**given, **options, "store": run.folder, "reuse": run.id})
        return finished(again.run(*args, **kwargs), out)


def _workflow(run: StoredRun | ArgoRun, named: str | None = None) -> WorkflowFunction[..., object]:
    """Import the workflow of a run: as it is named, or from where the run was begun."""
    from tangentflow.engine.history import StoredRun

    if named is not None:
        return load(named)
    if isinstance(run, StoredRun):
        target, module = run.row.target, run.row.options.get("module", "")
    else:
        target, module = (run.target.target, run.target.module) if run.target is not None else (None, "")
    if target is None:
        raise UsageError(
            f"{run.workflow} of run {run.id} is in no file that is known here; name it, --workflow FILE[:WF], or go on with it in "
            f"Python, with .options(reuse={run.id!r})"
        )
    if "." not in module:
        return load(target)
    file, _, name = target.rpartition(":")
    root = Path(file).parents[module.count(".") + (Path(file).stem == "__init__")]
    sys.path.insert(0, str(root))
    found: WorkflowFunction[..., object] = getattr(importlib.import_module(module), name)
    return found


def _found(id: str, store: str | None, namespace: str | None) -> StoredRun | ArgoRun:
    """Return a run by its id; one of the store by the beginning of it too."""
    from tangentflow.client.find import find

    return find(id, store, namespace)


def table(rows: Sequence[Sequence[str]], out: TextIO) -> None:
    """Print rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip(), file=out)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _took(started: float | None, finished: float | None) -> str:
    from tangentflow.runtime.policies import duration

    if started is None:
        return ""
    return duration(max(0.0, (time.time() if finished is None else finished) - started))
