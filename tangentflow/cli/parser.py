"""The commands and their arguments, and which function does what each asks for. That function is imported when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tangentflow.errors import UsageError

__all__ = ["parser"]

_TARGET = "a Python file; with :NAME one of its workflows, needed if it has several"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line. What it reads has the function to call as `command`."""
    whole = argparse.ArgumentParser(
        prog="tangentflow", description="Plain Python workflows on this machine and on Argo."
    )
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    compiling = commands.add_parser("compile", help="compile a workflow and print it, as an Argo document or otherwise")
    compiling.add_argument("target", metavar="FILE[:WF]", help=_TARGET)
    kinds = ("argo", "python", "ir", "json", "mermaid", "dot", "svg")
    compiling.add_argument("--emit", choices=kinds, default="argo", help="what to print (default: argo)")
    compiling.add_argument(
        "--kind", choices=("workflow", "template", "cron"),
        help="what the Argo document is: a Workflow, a WorkflowTemplate or a CronWorkflow (default: the last one if the workflow has a "
        "schedule, else the first)",
    )  # fmt: skip
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

    planning = commands.add_parser(
        "plan", help="tell what submitting a workflow would bring to the cluster: pods, sizes, limits",
        description="Tell what submitting a workflow would bring to the cluster: pods by step, or their bounds, and the document against the "
        "limits of the engine. With arguments, exact where they decide it. Nothing is submitted and no step runs.",
    )  # fmt: skip
    planning.add_argument("--reuse", metavar="RUN", help="an earlier run of which step runs are to be taken over")
    planning.add_argument(
        "--cached", action="store_true", help="ask the cluster for values of steps with cache=, as a submission does"
    )
    _add_namespace(planning)
    _add_call(planning, _TARGET)
    planning.set_defaults(command=_plan)

    differing = commands.add_parser(
        "diff", help="tell what is different between two workflows, or two versions of one",
        description="Tell what is different between two workflows, or two versions of one: what they do, and the code of their steps, with all "
        "that it reaches. Comments, formatting, names of variables and the order of independent lines make no difference. "
        "Nothing is printed if they are the same.",
    )  # fmt: skip
    differing.add_argument("targets", metavar="FILE[:WF]", nargs="+", help="two workflows, the older one first")
    differing.add_argument("--exit-code", action="store_true", help="exit with 1 if anything is different")
    differing.add_argument("--snapshot", action="store_true", help=argparse.SUPPRESS)
    differing.set_defaults(command=_diff)

    running = commands.add_parser(
        "run", help="run a workflow on this machine and print its result",
        description="Run a workflow on this machine and print the repr of its result. What it prints itself goes to standard error.",
    )  # fmt: skip
    running.add_argument(
        "--executor", choices=("process", "thread", "inline", "slurm"), help="where steps run (default: process)"
    )
    running.add_argument("--workers", type=int, metavar="N", help="how many steps run at a time")
    running.add_argument(
        "--store",
        metavar="DIR",
        help="the directory for values and the journal, or an address for the values (default: .tangentflow)",
    )
    running.add_argument(
        "--cache",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="cache every step, or none (default: those that say so)",
    )
    running.add_argument("--reuse", metavar="RUN", help="an earlier run of which step runs are taken over")
    running.add_argument(
        "--pdb",
        action="store_true",
        help="if a step fails, call it again here with its inputs, and open a debugger there",
    )
    running.add_argument("-q", "--quiet", action="store_true", help="show nothing of the run while it runs")
    _add_call(running, _TARGET)
    running.set_defaults(command=_run)

    _add_merge(commands, kinds)
    _add_runs(commands)
    _add_cache(commands)

    converting = commands.add_parser(
        "convert", help="put the decorators on the functions of a plain script",
        description="Put @workflow and @step on the functions of a plain script, and change nothing else. Steps are the functions that the "
        "workflow calls. Shows the difference, unless it is to be written; what the language refuses is shown as `lint` does.",
    )  # fmt: skip
    converting.add_argument("file", metavar="FILE", help="a Python file")
    names = (
        ("--workflow", "a function that is a workflow (default: the only one that calls others and is called by none)"),
        ("--step", "a function that is a step though no workflow calls it by its name"),
        ("--plain", "a function that stays as it is though a workflow calls it"),
    )
    for flag, text in names:
        converting.add_argument(flag, metavar="NAME", action="append", default=[], help=text)
    where = converting.add_mutually_exclusive_group()
    where.add_argument("-o", "--output", metavar="OUT", help="the file to write the new text to")
    where.add_argument("-w", "--write", action="store_true", help="write the new text to the file itself")
    converting.set_defaults(command=_convert)

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

    submitting = commands.add_parser(
        "submit", help="submit a workflow to Argo and print the id of its run",
        description="Submit a workflow to the Argo Server or the Kubernetes API that the environment names, as for the `argo` command "
        "(ARGO_SERVER, ARGO_TOKEN, ARGO_NAMESPACE, KUBECONFIG, ...), and print the id of its run.",
    )  # fmt: skip
    submitting.add_argument("--reuse", metavar="RUN", help="an earlier run of which step runs are taken over")
    submitting.add_argument("--wait", action="store_true", help="wait for the end and print the result, as `run` does")
    _add_namespace(submitting)
    _add_call(submitting, _TARGET)
    submitting.set_defaults(command=_submit)
    return whole


def _add_merge(commands: argparse._SubParsersAction[argparse.ArgumentParser], kinds: Sequence[str]) -> None:
    """Add the command that makes one workflow out of several."""
    merging = commands.add_parser(
        "merge", help="make one workflow out of several, with common parts once; print it, or run it",
        description="Make one workflow out of several. Pure steps that they have in common stand in it once; its result is the tuple of "
        "theirs. Print it as `compile` does, or run it as `run` does.",
    )  # fmt: skip
    merging.add_argument(
        "targets", metavar="FILE[:WF[(ARGS)]]", nargs="+",
        help="a workflow, with arguments as Python literals where it needs some: 'flows.py:train(3, kind=\"net\")'",
    )  # fmt: skip
    merging.add_argument("--name", metavar="NAME", help="the name of the new workflow")
    what = merging.add_mutually_exclusive_group()
    what.add_argument("--emit", choices=kinds, default="argo", help="what to print (default: argo)")
    what.add_argument("--shared", action="store_true", help="print what they have in common instead")
    what.add_argument("--run", action="store_true", help="run it on this machine and print its result instead")
    merging.add_argument("-o", "--output", metavar="OUT", help="the file to write to (default: standard output)")
    merging.set_defaults(command=_merge)


def _add_runs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about runs."""
    listing = commands.add_parser("list", help="list runs, newest first: those of the store, and those on the cluster")
    listing.set_defaults(command=_list)
    showing = commands.add_parser("show", help="show a run: its steps, and what failed with arguments and traceback")
    showing.set_defaults(command=_show)
    logging = commands.add_parser("logs", help="show what the steps of a run have written")
    logging.set_defaults(command=_logs)
    cancelling = commands.add_parser("cancel", help="stop a run that another process runs")
    cancelling.set_defaults(command=_cancel)
    resuming = commands.add_parser(
        "resume", help="go on with a run that was killed, cancelled or failed",
        description="Begin a run again with its own arguments. Steps that are on record with the same code and inputs do not run again.",
    )  # fmt: skip
    resuming.add_argument(
        "--executor", choices=("process", "thread", "inline", "slurm"), help="where steps run (default: as before)"
    )
    resuming.add_argument("--workers", type=int, metavar="N", help="how many steps run at a time (default: as before)")
    resuming.set_defaults(command=_resume)
    for parser in (showing, logging, cancelling, resuming):
        parser.add_argument("run", metavar="RUN", help="the id of a run, or the beginning of it")
    logging.add_argument("path", nargs="?", metavar="STEP", help="the path of a step run, like fit or loop[3].fit")
    for parser in (listing, showing, logging, cancelling, resuming):
        parser.add_argument(
            "--store", metavar="DIR", help="the directory or address of the store (default: .tangentflow)"
        )
    for parser in (listing, showing, logging, cancelling, resuming):
        _add_namespace(parser)
    showing.add_argument(
        "--pdb",
        metavar="STEP",
        help="call this step run again here, with its real inputs, and open a debugger where it fails",
    )
    resuming.add_argument("--wait", action="store_true", help="of a run on Argo: wait for the end and print the result")
    for parser in (showing, resuming):
        parser.add_argument(
            "--workflow", metavar="FILE[:WF]", help="where the workflow is (default: where the run was begun from)"
        )


def _add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about cached values."""
    caching = commands.add_parser("cache", help="list cached values, or remove them")
    actions = caching.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("ls", help="list cached values, those used last first")
    listing.set_defaults(command=_cache_list)
    removing = actions.add_parser("rm", help="remove cached values, and files that nothing needs any more")
    removing.add_argument("step", nargs="?", metavar="STEP", help="only those of a step, by its name")
    removing.add_argument("--unused", metavar="AGE", help="only those that were not used for so long: 12h, 7d")
    removing.add_argument("--all", action="store_true", dest="everything", help="all of them")
    removing.set_defaults(command=_cache_remove)
    for parser in (listing, removing):
        parser.add_argument(
            "--store", metavar="DIR", help="the directory or address of the store (default: .tangentflow)"
        )


def _add_call(parser: argparse.ArgumentParser, target: str) -> None:
    parser.add_argument("target", metavar="FILE[:WF]", help=target)
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="--ARG V",
        help="arguments of the workflow, by the names of its parameters; --help here lists them",
    )  # fmt: skip


def _add_namespace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n", "--namespace", metavar="NS", help="the cluster's namespace (default: ARGO_NAMESPACE, or the kubeconfig's)"
    )


def _compile(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import compile_file

    return compile_file(arguments.target, arguments.emit, arguments.kind, arguments.output)


def _merge(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.merge import merge_files

    what = "run" if arguments.run else "shared" if arguments.shared else arguments.emit
    return merge_files(arguments.targets, arguments.name, what, arguments.output)


def _lint(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.lint import lint_file

    return lint_file(arguments.target, arguments.format)


def _explain(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.explain import explain_target

    return explain_target(arguments.target)


def _plan(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.plan import plan_file

    return plan_file(arguments.target, arguments.arguments, arguments.reuse, arguments.cached, arguments.namespace)


def _diff(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.diff import diff_files

    if len(arguments.targets) != (1 if arguments.snapshot else 2):
        raise UsageError(f"diff takes two workflows, not {len(arguments.targets)}")
    return diff_files(arguments.targets, arguments.exit_code, arguments.snapshot)


def _convert(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.convert import convert_file

    given = arguments.workflow, arguments.step, arguments.plain
    return convert_file(arguments.file, *given, arguments.output, arguments.write)


def _run(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import run_file

    names = ("executor", "workers", "store", "reuse", "cache")
    options = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    options["progress"] = not arguments.quiet
    return run_file(arguments.target, arguments.arguments, options, arguments.pdb)


def _simulate(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.commands import simulate_document, simulate_file

    if arguments.target.endswith((".yaml", ".yml", ".json")):
        if arguments.arguments:
            raise UsageError(f"a document takes -p NAME=VALUE before the file, not {' '.join(arguments.arguments)}")
        return simulate_document(arguments.target, arguments.parameter, arguments.store)
    if arguments.parameter or arguments.store:
        raise UsageError("-p and --store are for documents in YAML; a workflow takes --ARG V after the file")
    return simulate_file(arguments.target, arguments.arguments)


def _submit(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import submit_file

    return submit_file(arguments.target, arguments.arguments, arguments.namespace, arguments.wait, arguments.reuse)


def _list(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import list_runs

    return list_runs(arguments.store, arguments.namespace)


def _show(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import show_run

    return show_run(arguments.run, arguments.store, arguments.namespace, arguments.pdb, arguments.workflow)


def _logs(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import show_logs

    return show_logs(arguments.run, arguments.path, arguments.store, arguments.namespace)


def _cancel(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import cancel_run

    return cancel_run(arguments.run, arguments.store, arguments.namespace)


def _resume(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.runs import resume_run

    options = {name: value for name in ("executor", "workers") if (value := getattr(arguments, name)) is not None}
    return resume_run(arguments.run, arguments.store, options, arguments.namespace, arguments.workflow, arguments.wait)


def _cache_list(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.cache import list_cache

    return list_cache(arguments.store)


def _cache_remove(arguments: argparse.Namespace) -> int:
    from tangentflow.cli.cache import remove_from_cache

    return remove_from_cache(arguments.step, arguments.everything, arguments.unused, arguments.store)
