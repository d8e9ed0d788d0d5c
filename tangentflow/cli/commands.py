"""What the commands do. Each returns its exit code; whatever user code prints goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tangentflow.cli.arguments import parse
from tangentflow.cli.load import load
from tangentflow.errors import UsageError

if TYPE_CHECKING:
    from tangentflow.engine.run import Run, StepRun
    from tangentflow.graph.nodes import Graph
    from tangentflow.simulator import SimulatedRun

__all__ = [
    "compile_file",
    "emitted",
    "finished",
    "own_output",
    "run_file",
    "simulate_document",
    "simulate_file",
    "write",
]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

_EMITTERS = {
    "argo": "yaml",
    "python": "source",
    "ir": "__str__",
    "json": "json",
    "mermaid": "mermaid",
    "dot": "dot",
    "svg": "svg",
}


def compile_file(target: str, emit: str, kind: str | None, output: str | None) -> int:
    """Compile a workflow and write what `emit` names, of a `kind` if it is the Argo document, to a file or standard output."""
    if kind is not None and emit != "argo":
        raise UsageError(f"--kind says what the Argo document is; there is none with --emit {emit}")
    with own_output() as out:
        graph = load(target).graph
        write(_document(graph, kind) if kind is not None else emitted(graph, emit), output, out)
    return 0


def emitted(graph: Graph, emit: str) -> str:
    """Return a compiled workflow as text."""
    text: str = getattr(graph, _EMITTERS[emit])()
    return text


def write(text: str, output: str | None, out: TextIO) -> None:
    """Write a text to a file or standard output. Raises UsageError if it cannot be written."""
    if output is None:
        out.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error


def _document(graph: Graph, kind: str) -> str:
    from tangentflow.argo.kinds import declared
    from tangentflow.argo.text import to_yaml

    return to_yaml(declared(graph, kind=kind))


def run_file(target: str, arguments: Sequence[str], options: Mapping[str, Any], debug: bool = False) -> int:
    """Run a workflow on this machine; print the repr of its result, or its traceback on standard error.

    `debug` opens a debugger where the step failed: it is called once more, here, with its real inputs.
    """
    with own_output() as out:
        workflow = load(target)
        args, kwargs = parse(workflow, arguments, f"tangentflow run {target}", out)
        run = workflow.options(**options).run(*args, **kwargs)
        code = finished(run, out)
        if debug and run.error is not None:
            from tangentflow.engine.postmortem import failed_step

            step = failed_step(run)
            if step is None:
                print("no step raised this: it is a line of the workflow, as a plain call shows", file=sys.stderr)
            else:
                look_at(step, workflow.graph)
        return code


def look_at(step: StepRun, graph: Graph) -> None:
    """Call a step once more, here and with its real inputs; open a debugger where it fails."""
    import pdb

    from tangentflow.engine.postmortem import call_again

    if step.status == "Skipped":
        raise UsageError(f"{step.path} did not run, so there is nothing that it was given")
    print(f"{step.path} is called again with its inputs, in this process", file=sys.stderr)
    try:
        call_again(graph, step)
    except BaseException as error:
        frames = error.__traceback__
        while (
            frames is not None
            and frames.tb_next is not None
            and frames.tb_frame.f_code.co_filename.startswith(_PACKAGE)
        ):
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        pdb.post_mortem(frames)
    else:
        print(f"{step.path} did not fail this time", file=sys.stderr)


def simulate_file(target: str, arguments: Sequence[str]) -> int:
    """Run the Argo document of a workflow in the simulator; print as `run_file` does."""
    with own_output() as out:
        workflow = load(target)
        args, kwargs = parse(workflow, arguments, f"tangentflow simulate {target}", out)
        return finished(workflow.simulate(*args, **kwargs), out)


def simulate_document(file: str, parameters: Sequence[str], store: str | None) -> int:
    """Run an Argo document in the simulator; print its phase, and its nodes on standard error."""
    from tangentflow.simulator import SimulationError, simulate

    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    values = dict(_pair(parameter) for parameter in parameters)
    with own_output() as out, tempfile.TemporaryDirectory(prefix="tangentflow-store-") as scratch:
        try:
            run = simulate(text, store=Path(store or scratch), parameters=values)
        except SimulationError as error:
            raise UsageError(f"{file}: {error}") from error
        _show(run)
        print(run.phase, file=out)
    return 0 if run.phase == "Succeeded" else 1


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"a parameter is NAME=VALUE, not {text!r}")
    return name, value


def _show(run: SimulatedRun) -> None:
    for node in run.nodes:
        print(f"{node.phase:<10} {node.type:<10} {node.name}", file=sys.stderr)
    for line in filter(None, [run.message, f"hangs: {run.reason}" if run.hang else ""]):
        print(line, file=sys.stderr)


def finished(run: Run, out: TextIO) -> int:
    """Print the repr of the result of a run, or its traceback on standard error; return the exit code."""
    if run.error is not None:
        traceback.print_exception(run.error, file=sys.stderr)
        return 1
    print(repr(run.result()), file=out)
    return 0


@contextlib.contextmanager
def own_output() -> Iterator[TextIO]:
    """Give standard output to the command alone: what else is written to it, by child processes too, goes to standard error."""
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
        errors = sys.stderr.fileno()
    except (OSError, ValueError):  # a stream of Python's own, as in a test
        with contextlib.redirect_stdout(sys.stderr):
            yield sys.__stdout__ if sys.__stdout__ is not None else sys.stderr
        return
    kept = os.dup(descriptor)
    os.dup2(errors, descriptor)
    try:
        with open(kept, "w", encoding=sys.stdout.encoding, errors="backslashreplace", closefd=False) as out:
            yield out
    finally:
        sys.stdout.flush()
        os.dup2(kept, descriptor)
        os.close(kept)
