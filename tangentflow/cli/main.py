"""The `tangentflow` command: what it understands, and what its exit codes mean.

Exit codes: 0 fine, 1 the run failed, 2 wrong usage, 3 the language refused the program. Nothing heavy is imported before a command
needs it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType

from tangentflow.errors import LanguageError, TangentflowError, UsageError

__all__ = ["FAILED", "FINE", "REFUSED", "USAGE", "main", "users_part"]

FINE, FAILED, USAGE, REFUSED = 0, 1, 2, 3

_TARGET = "a Python file; with :NAME one of its workflows, needed if it has several"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. `argv` is the command line without the program."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except LanguageError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except UsageError as error:
        print(f"tangentflow: {error}", file=sys.stderr)
        return USAGE
    except TangentflowError as error:
        print(f"tangentflow: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        traceback.print_exception(type(error), error, users_part(error.__traceback__))
        return FAILED


def users_part(frames: TracebackType | None) -> TracebackType | None:
    """Return a traceback without what the command and the import system did before the user's file was reached."""
    machinery = {os.path.dirname(__file__), os.path.dirname(importlib.__file__)}
    part = frames
    while part is not None:
        file = part.tb_frame.f_code.co_filename
        if not file.startswith("<frozen ") and os.path.dirname(file) not in machinery:
            return part
        part = part.tb_next
    return frames


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tangentflow", description="Plain Python workflows on this machine and on Argo."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    compiling = commands.add_parser("compile", help="compile a workflow and print it, as an Argo document or otherwise")
    compiling.add_argument("target", metavar="FILE[:WF]", help=_TARGET)
    kinds = ("argo", "python", "ir", "json", "mermaid", "dot", "svg")
    compiling.add_argument("--emit", choices=kinds, default="argo", help="what to print (default: argo)")
    compiling.add_argument("-o", "--output", metavar="OUT", help="the file to write to (default: standard output)")
    compiling.set_defaults(command=_compile)

    linting = commands.add_parser(
        "lint", help="show all that the language refuses in a file, without running it",
        description="Show all that the language refuses in the workflows of a file. The file is imported, its workflows are not run.",
    )  # fmt: skip
    linting.add_argument("target", metavar="FILE[:WF]", help="a Python file; with :NAME only one of its workflows")
    linting.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")
    linting.set_defaults(command=_lint)

    explaining = commands.add_parser(
        "explain", help="tell what became of a line of a workflow, or of all of it",
        description="Tell in plain words what became of a line of a workflow, or of all of it: steps, conditions, what waits for what and "
        "why, templates of the Argo document. The file is imported, its workflows are not run.",
    )  # fmt: skip
    explaining.add_argument(
        "target", metavar="FILE:LINE", help="a line of a Python file; or FILE[:WF] for a whole workflow"
    )
    explaining.set_defaults(command=_explain)

    running = commands.add_parser(
        "run", help="run a workflow on this machine and print its result",
        description="Run a workflow on this machine and print the repr of its result. What it prints itself goes to standard error.",
    )  # fmt: skip
    running.add_argument(
        "--executor", choices=("process", "thread", "inline"), help="where steps run (default: process)"
    )
    running.add_argument("--workers", type=int, metavar="N", help="how many steps run at a time")
    _add_call(running, _TARGET)
    running.set_defaults(command=_run)

    simulating = commands.add_parser(
        "simulate", help="run an Argo document on this machine, as the controller would",
        description="Run an Argo document, or the document of a workflow, on this machine as the Argo controller would.",
    )  # fmt: skip
    simulating.add_argument(
        "-p",
        "--parameter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a workflow parameter of a document",
    )
    simulating.add_argument(
        "--store", metavar="DIR", help="the folder for the artifacts of a document (default: one that is removed)"
    )
    _add_call(simulating, f"a document in YAML, or {_TARGET}")
    simulating.set_defaults(command=_simulate)
    return parser


def _add_call(parser: argparse.ArgumentParser, target: str) -> None:
    parser.add_argument("target", metavar="FILE[:WF]", help=target)
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="--ARG V",
        help="arguments of the workflow, by the names of its parameters; --help here lists them",
    )  # fmt: skip


def _compile(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import compile_file

    return compile_file(arguments.target, arguments.emit, arguments.output)


def _lint(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.lint import lint_file

    return lint_file(arguments.target, arguments.format)


def _explain(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.explain import explain_target

    return explain_target(arguments.target)


def _run(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import run_file

    options = {name: value for name in ("executor", "workers") if (value := getattr(arguments, name)) is not None}
    return run_file(arguments.target, arguments.arguments, options)


def _simulate(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import simulate_document, simulate_file

    if arguments.target.endswith((".yaml", ".yml", ".json")):
        if arguments.arguments:
            raise UsageError(f"a document takes -p NAME=VALUE before the file, not {' '.join(arguments.arguments)}")
        return simulate_document(arguments.target, arguments.parameter, arguments.store)
    if arguments.parameter or arguments.store:
        raise UsageError("-p and --store are for documents in YAML; a workflow takes --ARG V after the file")
    return simulate_file(arguments.target, arguments.arguments)
