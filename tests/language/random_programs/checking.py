"""One program against the contract: the plain call and each other way to run it must not differ."""

from __future__ import annotations

import contextlib
import linecache
import re
import signal
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.run import Run
from tangentflow.errors import LanguageError
from tangentflow.graph.nodes import Graph
from tests.argo.endings import wrong_ends
from tests.corpus import steps
from tests.corpus.steps import Plan, canon, shape
from tests.language.contract import Call, Schedule, check_call, check_source, compiled, judged, plainly

__all__ = ["ENGINES", "Report", "TimeUp", "check", "in_time", "kind_of", "load"]

ENGINES = ("judge", "source", "ends", "run", "simulate")
"""Ways to run a program besides the plain call: the judge's schedules, the regenerated source, local processes, the simulator. (`ends` runs
nothing: it looks for a way through the document on which no pod ends an iteration or the workflow.)
"""

LATE = ("tangentflow.errors.LateRefusal", "tangentflow.errors.NotPicklable", "its result holds a part of")
"""What a run raises that is refused for what only it could show: what an unknown call gives. (The last is a MutatedArgument.)"""

UNKNOWN = re.compile(r"\b(walk|walk_or_fall|bar)\(")
"""Calls that may give what is refused so. Of a program without them nothing is: there it is a difference like any other."""

LONG = 500
"""Step runs of a plain call past which a program says no more than a shorter one, only later."""


@dataclass
class Report:
    """What a check found: the first problem, or why the language refused the program; how much was tried.

    `late` are the runs that were refused for what only they could show.
    """

    problem: str = ""
    refused: str = ""
    calls: int = 0
    schedules: int = 0
    late: int = 0
    seed: int = 0


def load(text: str, label: str) -> WorkflowFunction[..., Any]:
    """Run a module's text; return its `main`."""
    filename = f"<random program {label}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = types.ModuleType(f"random_program_{label}")
    exec(compile(text, filename, "exec", dont_inherit=True), vars(module))
    return vars(module)["main"]  # type: ignore[no-any-return]


def check(
    text: str,
    label: str,
    seed: int,
    engines: Sequence[str] = ("judge", "source", "ends"),
    calls: int = 2,
    faults: bool = True,
) -> Report:
    """Check one program under several schedules; with `faults`, steps fail too."""
    report = Report(seed=seed)
    workflow = load(text, label)
    try:
        graph = compiled(workflow)
        graph.check()
    except LanguageError as error:
        report.refused = f"{error.offences[0].code} {error.offences[0].what}"
        return report
    except Exception as error:
        report.problem = f"compile: {type(error).__name__}: {error}"
        return report
    if "ends" in engines:
        try:
            wrong = wrong_ends(graph)
        except Exception as error:
            report.problem = f"compile to a document: {type(error).__name__}: {error}"
            return report
        if wrong:
            report.problem = "ends: " + "\n    ".join(wrong)
            return report
    plans = [Plan(seed, 0.12), Plan(seed + 1, 0.4), Plan(seed + 2, 0.2)] if faults else []
    schedules = [Schedule("first"), Schedule("last"), Schedule("random", seed)]
    schedules += [replace(Schedule(policy, seed + i), plan=plan)
                  for i, (policy, plan) in enumerate(zip(("random", "random", "first", "last"), [*plans, *plans[:1]]))]  # fmt: skip
    for call in [Call((n,)) for n in dict.fromkeys((seed % 4, 3, 0, 1, 5))][:calls]:
        fit = [plan for plan in [Plan(), *plans] if len(plainly(workflow.function, call, plan).log) <= LONG]
        for problem in _problems(
            workflow, graph, call, [s for s in schedules if s.plan in fit], fit, engines, report, text
        ):
            if _is_late(problem, text):
                report.late += 1
                continue
            report.problem = problem
            return report
        report.calls += 1
    return report


def _is_late(problem: str, text: str) -> bool:
    """Whether a problem is no more than a refusal in the run."""
    return ": outcome\n" in problem and any(late in problem for late in LATE) and bool(UNKNOWN.search(text))


def _refuses(graph: Graph, call: Call, plan: Plan, text: str) -> bool:
    """Whether a run is refused for what only it could show."""
    seen, _, _ = judged(graph, call, Schedule("first", plan=plan))
    return _is_late(f": outcome\n{seen.outcome}", text)


def _problems(
    workflow: WorkflowFunction[..., Any], graph: Graph, call: Call, schedules: list[Schedule], plans: list[Plan],
    engines: Sequence[str], report: Report, text: str,
) -> Iterator[str]:  # fmt: skip
    for plan in plans if "source" in engines else ():
        problems = check_source(workflow, graph, [call], [plan])
        if problems and _refuses(graph, call, plan, text):  # its source is one to read, and refuses nothing
            report.late += 1
        else:
            yield from problems
    if "judge" in engines and schedules:
        report.schedules += len(schedules)
        yield from check_call(workflow, graph, call, schedules)
    slow = plans[: 2 if len(plans) > 1 else 1]
    for name, engine in (("run", _in_processes), ("simulate", _simulated)):
        if name in engines and not report.calls:  # one call, every other time with steps that fail by plan
            plan = slow[report.seed % len(slow)]
            report.schedules += 1
            plain = plainly(workflow.function, call, plan).outcome
            found = _ended(lambda: engine(graph, call, plan))
            if found != plain:
                yield f"({call}) {plan} {name}: outcome\n    plain  {plain}\n    {name:<8} {found}"


def _ended(run: Callable[[], Run]) -> Any:
    """Return how a run ended, in the form of what `plainly` sees."""
    try:
        found = run()
    except Exception as error:
        return ("crash", f"{type(error).__name__}: {error}")
    return ("value", canon(found.result())) if found.error is None else ("raised", shape(found.error))


def _in_processes(graph: Graph, call: Call, plan: Plan) -> Run:
    from tangentflow.engine import local
    from tests.engine.planned import planned

    args, kwargs = call.copies()
    with planned(plan), _quiet():
        return local.run(graph, args, kwargs, workers=2, store=False)


def _simulated(graph: Graph, call: Call, plan: Plan) -> Run:
    from tangentflow.engine.simulated import simulate
    from tests.argo.forking import forking

    args, kwargs = call.copies()
    steps.reset(plan)
    try:
        with forking(), _quiet():
            return simulate(graph, args, kwargs, workers=1)
    finally:
        steps.reset()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let messages go nowhere: the judge compares them."""
    import io
    import logging
    import warnings

    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger().removeHandler(handler)


def kind_of(problem: str) -> str:
    """Return what sort of problem it is: what a smaller program must show as well."""
    text = problem.split("): ", 1)[-1] if problem.startswith("(") else problem
    if "'crash'" in problem:
        return "crash: " + problem.partition("'crash'")[2].rpartition("Error")[0].rpartition("\\n")[2][-40:]
    return ":".join(text.split("\n")[0].split(":")[: 2 if text.startswith("compile") else 1])[:40]


class TimeUp(KeyboardInterrupt):
    """A check takes too long; no replay takes it for an exception of the program."""


def in_time(function: Callable[[], Report], seconds: int) -> Report:
    """Call a function; raise TimeUp if it takes longer."""

    def ring(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        return function()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        linecache.cache.clear()
