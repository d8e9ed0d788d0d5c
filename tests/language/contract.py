"""The contract as a function: a plain call and the graph, run by the judge, must not differ in anything that one can see.

Arguments come from parameter names: `arguments` gives the calls that a program of the corpus is tried with.
"""

from __future__ import annotations

import copy
import dis
import functools
import inspect
import io
import itertools
import linecache
import logging
import random
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import tangentflow.engine.machine as machine
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.engine.judge import judge
from tangentflow.errors import InternalError
from tangentflow.graph.nodes import Flow, Graph, Input, Loop, Map, Slice, Step, Try
from tangentflow.runtime.codec import encode
from tangentflow.runtime.copies import copied
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.replay import NotRun, Replay
from tests.corpus import library, steps
from tests.corpus.steps import Plan, canon, shape

__all__ = ["Call", "Schedule", "arguments", "check_call", "check_source", "compiled"]

VALUES: dict[str, Sequence[Any]] = {
    "n": (0, 1, 2, 5),
    "k": (0, 1, 3),
    "m": (1, 4),
    "x": (0, 3),
    "größe": (1, 2),
    "xs": ([], [3], [5, 1, 4], [1, 1, 2]),
    "flag": (True, False),
    "s": ("", "plain", "{{x}} '\"\\ \n\t$`é🐋", "'tf-note: "),
    "args": ((), (1, 2)),
    "kwargs": ({}, {"a": 1, "_b": 2}),
}
"""The values of parameters, by name; a parameter with a default is left out unless its name is here."""

MORE: dict[str, dict[str, Sequence[Any]]] = {
    "toss_until_heads": {"k": (0, 1, 12)},
    "flip_until_heads": {"k": (0, 1, 12)},
    "map_over_result": {"k": (0, 1, 7)},
    "map_over_result_loop": {"k": (0, 1, 7)},
    "while_queue_of_lists": {"n": (0, 3, 9)},
    "over_pairs": {"n": (0, 4)},
    "is_even": {"k": (0, 1, 2, 3)},
    "_is_odd": {"k": (0, 1, 3)},
    "fibonacci": {"k": (0, 1, 4, 6)},
    "pass_body": {"n": (0, 2)},
    "endless_end_by_exception": {"n": (0, 2, 5)},
    "unpack_before_next_argument": {"n": ((), [1], 3)},
    "stars_not_iterable": {"n": ((), [1], 3)},
    "default_is_list": {"n": (1,)},
    "over_wrong_pairs": {"xs": ([], [(1, 2)], [(1, 2), 3, (4, 5)])},
    "over_not_iterable": {"n": (3, [1], "ab")},
    "guarded_by_exception": {"k": (0, 1, 3)},
}
"""Other values for single programs."""


USED_EFFECTS = frozenset({"effects_as_elements"})
"""Programs that use what the step `e` gives: everywhere else its result is dropped, which makes it an effect."""


@dataclass(frozen=True)
class Call:
    """Arguments of one call."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def copies(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments, nothing of which an earlier call has changed."""
        return copy.deepcopy((self.args, self.kwargs))

    def __str__(self) -> str:
        return ", ".join([*map(repr, self.args), *[f"{k}={v!r}" for k, v in self.kwargs.items()]])


@dataclass(frozen=True)
class Schedule:
    """One order of steps, and the steps that fail in it."""

    policy: str = "first"
    seed: int = 0
    plan: Plan = Plan()


def arguments(workflow: WorkflowFunction[..., Any]) -> list[Call]:
    """Return the calls to try: all combinations of the values that fit the names of the parameters."""
    values = VALUES | MORE.get(workflow.__name__, {})
    names, choices, kinds = [], [], {}
    for p in inspect.signature(workflow.function).parameters.values():
        if p.name in values and (p.default is p.empty or p.name in ("m", "flag")):
            names.append(p.name)
            choices.append(values[p.name])
            kinds[p.name] = p.kind
        elif p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise LookupError(f"{workflow.__name__}: no values for the parameter {p.name!r}")
    calls = []
    for combination in itertools.islice(itertools.product(*choices), 16):
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, value in zip(names, combination):
            if kinds[name] is inspect.Parameter.VAR_POSITIONAL:
                args += value
            elif kinds[name] is inspect.Parameter.VAR_KEYWORD:
                kwargs |= value
            elif kinds[name] is inspect.Parameter.KEYWORD_ONLY:
                kwargs[name] = value
            else:
                args.append(value)
        calls.append(Call(tuple(args), kwargs))
    return calls


# --- plain calls


@dataclass
class Seen:
    """What one can see of a call: the outcome, the calls of steps, what was printed, how often opaque glue ran."""

    outcome: Any
    log: list[tuple[str, str]]
    printed: str
    opaque: list[str]
    raised: BaseException | None = None
    ahead: list[str] = field(default_factory=list)
    """Of the opaque calls, those in the body of a `try`: they may be evaluated ahead of a caught exception, as a step may run."""
    lines: dict[int, int] = field(default_factory=dict)
    """Of a plain call: the line that each call of a step stands in, by its place in `log`."""


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print("log:", record.name, record.levelname, record.getMessage())


@contextmanager
def _watched(plan: Plan) -> Iterator[io.StringIO]:
    steps.reset(plan)
    random.seed(0)
    library.CALLS.clear()
    handler = _Handler()
    logging.getLogger().addHandler(handler)
    try:
        with redirect_stdout(io.StringIO()) as out, warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, category, *a, **k: print("warning:", category.__name__, message)
            yield out
    finally:
        logging.getLogger().removeHandler(handler)
        steps.reset()


def _note_unbound(function: Any, args: Any, kwargs: Any) -> None:
    """Note a call whose arguments the step does not take: the step itself, which notes all others, is never entered."""
    try:
        _signature(function).bind(*args, **kwargs)
    except TypeError:
        steps.LOG.append((function.__name__, "does not take its arguments"))


_signature = functools.lru_cache(maxsize=1000)(inspect.signature)


@contextmanager
def _calls_noted() -> Iterator[dict[int, int]]:
    """Note also the plain calls of steps that their arguments keep from being entered; give the line of each call, by its place in the log."""
    original = StepFunction.__call__
    lines: dict[int, int] = {}
    inside = False

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        if inside:  # a step that calls a step is one step run
            return original(self, *args, **kwargs)
        lines[len(steps.LOG)] = sys._getframe(1).f_lineno
        _note_unbound(self.function, args, {name: value for name, value in kwargs.items() if name != "after"})
        inside = True
        try:
            return original(self, *args, **kwargs)
        finally:
            inside = False

    StepFunction.__call__ = called  # type: ignore[method-assign]
    try:
        yield lines
    finally:
        StepFunction.__call__ = original  # type: ignore[method-assign]


def plainly(function: Any, call: Call, plan: Plan) -> Seen:
    """Call a function; return what was seen of it."""
    args, kwargs = call.copies()
    raised = None
    with _watched(plan) as out, _calls_noted() as lines:
        try:
            outcome = ("value", canon(function(*args, **kwargs)))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            outcome, raised = ("raised", shape(error)), error
        return Seen(outcome, list(steps.LOG), out.getvalue(), sorted(library.CALLS), raised, lines=lines)


# --- the judge


@dataclass(frozen=True)
class _Stop:
    """One node on the way to a step run: its position in its flow, which iteration of it, and what it runs in parallel with."""

    position: int
    index: int
    node: Any
    lane: tuple[str, ...] = ()


@dataclass
class _Run:
    """One step run: the way to it, and what it noted. The outermost node is the first of `way`, the step itself the last."""

    way: tuple[_Stop, ...]
    path: str
    node: Any
    start: int
    end: int = 0

    @property
    def key(self) -> tuple[int, ...]:
        """The place in program order."""
        return tuple(number for stop in self.way for number in (stop.position, stop.index))


class _Places:
    """Where nodes stand: the way to each node of each flow."""

    def __init__(self, graph: Graph) -> None:
        self.ways: dict[tuple[str, str], tuple[_Stop, ...]] = {}
        for flow in graph.flows:
            position = {id(node): i for i, node in enumerate(flow.body.walk())}
            self._region(flow, flow.body, (), position)

    def _region(self, flow: Flow, region: Any, around: tuple[_Stop, ...], position: dict[int, int]) -> None:
        for node in region:
            lane = next((lane for lane in flow.parallel if node.id in lane), ())
            way = (*around, _Stop(position[id(node)], -1, node, lane))
            if (flow.key, node.id) in self.ways:
                raise AssertionError(f"two nodes of {flow.key} have the id {node.id!r}")
            self.ways[(flow.key, node.id)] = way
            for part in node.regions:
                self._region(flow, part, way, position)

    def run(self, ready: machine.Ready, start: int) -> _Run:
        """Describe a step run that is about to start."""
        way: list[_Stop] = []
        chain = [(ready.frame, (ready.node.id, ready.indices))]
        while chain[0][0].parent is not None:
            chain.insert(0, chain[0][0].parent)
        for frame, (site, indices) in chain:
            left = list(indices)
            for stop in self.ways[(frame.flow.key, site)]:
                is_loop = isinstance(stop.node, (Map, Loop))
                way.append(_Stop(stop.position, left.pop(0), stop.node, stop.lane) if is_loop else stop)
        return _Run(tuple(way), ready.path, ready.node, start)

    def tried(self, frame: Any, site: str) -> bool:
        """Whether a node stands in the body of a `try`, of its own flow or of one that called it."""
        while frame is not None:
            way = self.ways[(frame.flow.key, site)]
            inner = [stop.node for stop in way[1:]] + [None]
            if any(isinstance(stop.node, Try) and node in tuple(stop.node.body) for stop, node in zip(way, inner)):
                return True
            frame, (site, _) = frame.parent or (None, ("", ()))
        return False


class _TooMany(BaseException):
    """The judge would go on for ever."""


def judged(graph: Graph, call: Call, schedule: Schedule, limit: int = 3000) -> tuple[Seen, list[_Run], list[str]]:
    """Run a graph under one schedule; return what was seen of it, the step runs in their order, and broken rules."""
    places = _Places(graph)
    runs: list[_Run] = []
    args, kwargs = call.copies()

    def about_to_run(ready: machine.Ready) -> None:
        if runs:
            runs[-1].end = len(steps.LOG)
        if len(runs) > limit:
            raise _TooMany
        runs.append(places.run(ready, len(steps.LOG)))
        _note_unbound(ready.step.function, ready.args, ready.kwargs)

    with _watched(schedule.plan) as out, _touches(places) as (broken, ahead):
        raised = None
        try:
            verdict = judge(
                graph, args, kwargs, seed=schedule.seed, policy=schedule.policy, fault=about_to_run, messages=True
            )
            if isinstance(verdict.outcome, Raised):
                raised = verdict.outcome.exception
                outcome = ("raised", shape(raised))
                if isinstance(raised, InternalError):
                    outcome = ("crash", str(raised))
            else:
                outcome = ("value", canon(verdict.outcome.value))
        except _TooMany:
            outcome = ("crash", f"more than {limit} step runs")
        except (InternalError, AssertionError, NotRun) as error:
            outcome = ("crash", "".join(traceback.format_exception(error)[-4:]))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raised = error
            outcome = (
                ("raised", shape(error)) if not runs else ("crash", "".join(traceback.format_exception(error)[-4:]))
            )
        if runs:
            runs[-1].end = len(steps.LOG)
        return Seen(outcome, list(steps.LOG), out.getvalue(), sorted(library.CALLS), raised, ahead), runs, broken


def shared(graph: Graph, call: Call, plan: Plan) -> Seen:
    """Run a graph without copies of values, as a local engine does: a replay must not change what another one sees."""
    args, kwargs = call.copies()
    with _watched(plan) as out:
        raised = None
        try:
            running = machine.Machine(graph, args, kwargs)
            while not running.done:
                running.check_alive()
                if running.done:
                    break
                ready = running.take()
                try:
                    outcome: Outcome = Value(ready.step.function(*copied(ready.args), **copied(ready.kwargs)))
                except BaseException as error:
                    outcome = Raised(error)
                running.settle(ready, encode(outcome, where=ready.path))
            assert running.result is not None
            found = running.result
            raised = found.exception if isinstance(found, Raised) else None
            shown = ("raised", shape(raised)) if raised is not None else ("value", canon(found.value))
        except BaseException as error:
            shown = ("raised", shape(error)) if isinstance(error, TypeError) else ("crash", repr(error))
        return Seen(shown, list(steps.LOG), out.getvalue(), sorted(library.CALLS), raised)


@contextmanager
def _touches(places: _Places) -> Iterator[tuple[list[str], list[str]]]:
    """Compare what each slice looks up with what it says that it may look up; note the opaque calls in the body of a `try`."""
    broken: list[str] = []
    ahead: list[str] = []
    touched: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []

    class Recording(Replay):
        def out(self, site: str, *indices: int) -> Any:
            touched.append((site, self._indices, indices))
            return super().out(site, *indices)

        def own(self, site: str, *indices: int) -> Any:
            touched.append((site, self._indices, indices))
            return super().own(site, *indices)

        def leave(self, loop: str, *indices: int) -> Any:
            touched.append((loop, self._indices, indices))
            return super().leave(loop, *indices)

    original, original_replay = machine.Machine._replay, machine.Replay
    original_evaluate = machine.Machine._evaluate

    def evaluate(self: Any, frame: Any, node: Any, address: Any, once: Any) -> None:
        before = len(library.CALLS)
        original_evaluate(self, frame, node, address, once)
        if places.tried(frame, address[0]):
            ahead.extend(library.CALLS[before:])

    def replay(self: Any, frame: Any, slice_: Slice, kind: str, owner: str, indices: Any) -> Any:
        del touched[:]
        ended = False
        try:
            result = original(self, frame, slice_, kind, owner, indices)
            ended = True
            return result
        finally:
            what = f"{kind} of {owner or frame.flow.name}"
            known = {i.site for i in slice_.inputs}
            unknown = {site for site, _, _ in touched} - known
            if unknown:
                broken.append(f"the {what} looks up {sorted(unknown)}, which are not among its inputs")
            if ended:
                missing = {i.site for i in slice_.inputs if i.required} - {site for site, _, _ in touched}
                if missing:
                    broken.append(f"the {what} ended without its required inputs {sorted(missing)}")
            broken.extend(_gathers(what, slice_, touched))

    machine.Machine._replay = replay  # type: ignore[method-assign]
    machine.Machine._evaluate = evaluate  # type: ignore[method-assign]
    machine.Replay = Recording  # type: ignore[misc]
    try:
        yield broken, ahead
    finally:
        machine.Machine._replay = original  # type: ignore[method-assign]
        machine.Machine._evaluate = original_evaluate  # type: ignore[method-assign]
        machine.Replay = original_replay  # type: ignore[misc]


def _gathers(
    what: str, slice_: Slice, touched: Sequence[tuple[str, tuple[int, ...], tuple[int, ...]]]
) -> Iterator[str]:
    by_site: dict[str, list[Input]] = {}
    for i in slice_.inputs:
        by_site.setdefault(i.site, []).append(i)
    for site, _, own in touched:
        allowed = {len(i.every) for i in by_site.get(site, [])}
        if allowed and len(own) not in allowed:
            yield f"the {what} looks up {site}{list(own)} but declares {by_site[site]}"


# --- the contract


def compiled(workflow: WorkflowFunction[..., Any]) -> Graph:
    """Compile anew."""
    from tangentflow.compile import compile_workflow

    return compile_workflow(workflow)


def check_call(
    workflow: WorkflowFunction[..., Any], graph: Graph, call: Call, schedules: Sequence[Schedule]
) -> list[str]:
    """Return every way in which the graph differs from the plain call."""
    problems: list[str] = []
    plain: dict[Plan, Seen] = {}
    seen = shared(graph, call, schedules[0].plan)
    expected = plain[schedules[0].plan] = plainly(workflow.function, call, schedules[0].plan)
    if (seen.outcome, seen.printed) != (expected.outcome, expected.printed):
        problems.append(f"({call}) without copies: outcome\n    plain  {expected}\n    shared {seen}")
    for schedule in schedules:
        if schedule.plan not in plain:
            plain[schedule.plan] = plainly(workflow.function, call, schedule.plan)
        seen, runs, broken = judged(graph, call, schedule)
        found = [*_differences(workflow, plain[schedule.plan], seen, runs), *dict.fromkeys(broken)]
        problems += [f"({call}) {schedule}: {text}" for text in found]
    return problems


def _differences(workflow: WorkflowFunction[..., Any], plain: Seen, seen: Seen, runs: list[_Run]) -> Iterator[str]:
    if seen.outcome != plain.outcome:
        yield f"outcome\n    plain  {plain.outcome}\n    judge  {seen.outcome}"
        return
    by_place = sorted(runs, key=lambda run: run.key)
    free = _may_run_behind(workflow, plain.raised)
    by_place = _without_run_ahead(plain, seen, by_place, free)
    in_order = [entry for run in by_place for entry in seen.log[run.start : run.end]]
    if plain.raised is None:
        if in_order != plain.log:
            yield f"step runs in program order\n    plain  {plain.log}\n    judge  {in_order}"
        missing, more = Counter(plain.opaque) - Counter(seen.opaque), Counter(seen.opaque) - Counter(plain.opaque)
        if missing or more - Counter(seen.ahead):
            yield f"opaque calls\n    plain  {plain.opaque}\n    judge  {seen.opaque}"
    elif in_order[: len(plain.log)] != plain.log:
        yield f"step runs before the exception\n    plain  {plain.log}\n    judge  {in_order}"
    else:
        yield from _beyond(plain, seen, by_place, free)
    if seen.printed != plain.printed:
        yield f"messages\n    plain  {plain.printed!r}\n    judge  {seen.printed!r}"
    placed = {id(run) for run in by_place}
    yield from _misplaced([run for run in runs if id(run) in placed], workflow.__name__ not in USED_EFFECTS)


def _without_run_ahead(plain: Seen, seen: Seen, by_place: list[_Run], behind: Callable[[_Run], bool]) -> list[_Run]:
    """Leave out values in a `try` that ran although an exception before them was caught.

    An effect may do so only as another item of a fan-out inside the `try`, or in a block that is `parallel()`.
    """
    if [entry for run in by_place for entry in seen.log[run.start : run.end]] == plain.log:
        return by_place
    entries = [seen.log[run.start : run.end] for run in by_place]
    end = len(plain.log)
    # Equal calls may be confused, so that way of pairing counts that leaves the least unexplained, and of those the one that pairs the
    # most calls of one line: costs[i][at] is what it leaves of the runs from i on, and pairs across lines, given the first `at` calls
    # of the plain call. Some may run `behind` an exception that ends the run.
    costs = [[(end - at, 0) for at in range(end + 1)]]

    def paired(run: _Run, at: int, cost: tuple[int, int]) -> tuple[int, int]:
        return (cost[0], cost[1] + (plain.lines.get(at) != run.node.origin.lineno))

    for run, own in zip(reversed(by_place), reversed(entries)):
        after, row = costs[-1], []
        for at in range(end + 1):
            free = _may_run_ahead(run) or (at == end and behind(run))
            row.append((after[at][0] + (0 if free else 1), after[at][1]))
            if own == plain.log[at : at + len(own)]:
                row[at] = min(row[at], paired(run, at, after[at + len(own)]))
        costs.append(row)
    costs.reverse()
    kept, at = [], 0
    for i, (run, own) in enumerate(zip(by_place, entries)):
        if own == plain.log[at : at + len(own)] and paired(run, at, costs[i + 1][at + len(own)]) == costs[i][at]:
            at += len(own)
        elif _may_run_ahead(run):
            continue
        kept.append(run)
    return kept


def _may_run_ahead(run: _Run) -> bool:
    """Whether it stands in a `try`, and is a value, another item of a fan-out in there, or in a block that is `parallel()`."""
    outer = next((i for i, stop in enumerate(run.way) if isinstance(stop.node, Try)), None)
    if outer is None:
        return False
    return not run.node.effect or any(isinstance(stop.node, Map) or stop.lane for stop in run.way[outer:])


def _misplaced(runs: list[_Run], dropped: bool) -> Iterator[str]:
    """Tell the first two step runs that ran in an order that the language forbids.

    What is an effect the graph says; with `dropped`, each call of the step `e` is one, whatever the graph says.
    """
    for i, first in enumerate(runs):
        for second in runs[i + 1 :]:
            if first.key > second.key and _must_wait(second, first, dropped):
                yield f"order: {first.path} ran before {second.path}"
                return


def _must_wait(a: _Run, b: _Run, dropped: bool) -> bool:
    """Whether `b`, which stands behind `a` in the program, must run after it.

    What decides are the two statements of one block that they stand in: one with an effect in it is an effect, and what follows
    it waits for all of it. (A value in it need not wait for values before it.)
    """

    def effect(stop: _Stop) -> bool:
        return bool(stop.node.effect) or (dropped and isinstance(stop.node, Step) and stop.node.name == "e")

    for x, y in zip(a.way, b.way):
        if x.position != y.position:
            if effect(x) and effect(y) and x.lane and x.lane == y.lane:
                return False
            return effect(b.way[-1]) or (effect(x) and not b.node.pure)
        if x.index != y.index:
            return (isinstance(x.node, Loop) and not b.node.pure) or (a.node.ordered and b.node.ordered)
    return False


def _beyond(plain: Seen, seen: Seen, by_place: list[_Run], free: Callable[[_Run], bool]) -> Iterator[str]:
    """After the exception only some may run."""
    count = 0
    for run in by_place:
        entries = seen.log[run.start : run.end]
        count += len(entries)
        if count > len(plain.log) and entries and not free(run):
            what = "an effect behind the exception" if run.node.effect else "behind the `raise` or `assert`"
            yield f"{run.path} ran: {what}"


def _may_run_behind(workflow: WorkflowFunction[..., Any], raised: BaseException | None) -> Callable[[_Run], bool]:
    """Return which step runs may come after the exception that ends the run: values, unless the workflow itself raised it, effects of
    other items of a fan-out that it came from, and what stands in `parallel()`.
    """
    if raised is None:
        return lambda run: False
    frames, said_so = traceback.extract_tb(raised.__traceback__), _said_so(workflow, raised)

    def free(run: _Run) -> bool:
        if not (run.node.effect or said_so):
            return True
        return any(
            s.lane or (isinstance(s.node, Map) and any(_covers(s.node.origin, frame) for frame in frames))
            for s in run.way
        )

    return free


def _said_so(workflow: WorkflowFunction[..., Any], error: BaseException) -> bool:
    """Whether the workflow itself (no step, no workflow that it called) raised it by `raise` or `assert`."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or last.tb_frame.f_code is not workflow.function.__code__:
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _covers(origin: Any, frame: traceback.FrameSummary) -> bool:
    return bool(origin.filename == frame.filename and origin.lineno <= (frame.lineno or 0) <= origin.end_lineno)


def check_source(
    workflow: WorkflowFunction[..., Any], graph: Graph, calls: Sequence[Call], plans: Sequence[Plan]
) -> list[str]:
    """Return every way in which the regenerated source differs from the function itself."""
    text = graph.source()  # type: ignore[attr-defined]
    filename = f"<regenerated {workflow.__qualname__}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = dict(graph.bindings)
    try:
        exec(compile(text, filename, "exec", dont_inherit=True), space)
        function = space[workflow.__name__ if workflow.__name__.isidentifier() else "workflow"]
    except BaseException as error:
        return [f"the source does not run: {error!r}\n{text}"]
    problems = []
    for call in calls:
        for plan in plans:
            plain, again = plainly(workflow.function, call, plan), plainly(function, call, plan)
            if (plain.outcome, plain.log, plain.printed) != (again.outcome, again.log, again.printed):
                problems.append(f"source ({call}) {plan}:\n    plain  {plain.outcome} {plain.log} {plain.printed!r}\n"
                                f"    source {again.outcome} {again.log} {again.printed!r}\n{text}")  # fmt: skip
    return problems
