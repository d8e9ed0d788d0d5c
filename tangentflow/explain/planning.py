"""What a submission would bring to a cluster: pods by site, or their bounds, and the document against the limits of the engine."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tangentflow.argo.document import CODE_TASK, document, submission
from tangentflow.argo.elsewhere import is_elsewhere
from tangentflow.argo.shape import Block, Pod, Task
from tangentflow.argo.taken import NOTHING, Taken
from tangentflow.decorators import StepFunction
from tangentflow.engine.machine import Machine
from tangentflow.explain.view import View, views
from tangentflow.explain.words import both
from tangentflow.graph.nodes import Call, Graph, Loop

__all__ = ["Ahead", "plan"]

DOCUMENT, TEMPLATE, MANY, DEPTH = 1 << 20, 128 << 10, 200, 100
"""What a stock engine takes: bytes of a Workflow, bytes of a pod's template, templates and tasks of a DAG, nested templates."""

_ARMS = ("then", "else")

Factor = tuple[str, str]
"""A loop, by its flow and id."""

Factors = tuple[Factor, ...]


@dataclass(frozen=True)
class _Reach:
    """How a place is reached: through which workflows and loops, outermost first; whether in every run, and whether in each turn of its loops."""

    callers: tuple[str, ...]
    factors: Factors = ()
    sure: bool = True
    always: bool = True


@dataclass(frozen=True)
class _Row:
    """Pods of one template."""

    pod: Pod
    reach: _Reach


@dataclass(frozen=True)
class _Total:
    """How many pods if nothing raises: the fewest, and the most as a sum: for each product of loops how many pods it stands before."""

    fewest: int
    most: Mapping[Factors, int]


@dataclass(frozen=True)
class Ahead:
    """What is known of a run before it begins, if it takes something over from earlier ones.

    By path, `found` says where outcomes come from and `why` for what reason a step runs again; `begun` are the paths of the steps that run first.
    """

    taken: Taken
    found: Mapping[str, str]
    why: Mapping[str, str]
    begun: Sequence[str]
    notes: Sequence[str] = ()


def plan(
    graph: Graph,
    args: tuple[Any, ...] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    ahead: Ahead | None = None,
) -> str:
    """Return as text what a submission would bring to the cluster; with arguments (`args` is not None), exact where they decide it.

    Nothing is submitted and no step runs; expressions between steps that need nothing but the arguments are evaluated.
    """
    return _Planner(graph, args, dict(kwargs or {}), ahead).text()


class _Planner:
    def __init__(
        self, graph: Graph, args: tuple[Any, ...] | None, kwargs: dict[str, Any], ahead: Ahead | None = None
    ) -> None:
        self.graph, self.ahead = graph, ahead
        taken = NOTHING if ahead is None else ahead.taken
        self.views = {view.flow.key: view for view in views(graph, taken)}
        made = None if args is None else submission(graph, args, kwargs, taken)
        self.document = document(graph, taken=taken) if made is None else made.document
        self.put = 0 if made is None else sum(map(len, made.files.values()))
        self.known: dict[Factor, int] = {}
        self.ready: list[str] = []
        if args is not None:
            self._look_ahead(args, kwargs)
        if ahead is not None:
            self.known |= {place: len(left) for place, left in taken.items.items()}
            self.ready = [_pattern(path) for path in ahead.begun]
        self.rows: list[tuple[View, _Row]] = []
        self.chunks: dict[Factor, int] = {}
        self.recursive: dict[str, None] = {}
        self.total = self._flow(graph.root, _Reach((graph.root,)))
        self.first = _first(self.document)
        if self.first is not None:
            most = Counter(self.total.most)
            most[()] += 1
            self.total = _Total(self.total.fewest + 1, most)

    def _look_ahead(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Find what is known before any step has run: how many items loops have, which steps start at once."""
        machine = Machine(self.graph, args, kwargs)
        counts = machine.root.counts.items()
        self.known = {(self.graph.root, loop): count for (loop, indices), count in counts if not indices}
        self.ready = [_pattern(ready.path) for ready in machine.ready]

    # --- counting

    def _flow(self, key: str, reach: _Reach) -> _Total:
        view = self.views[key]
        return self._block(view, next(iter(view.plan.blocks.values())), reach)

    def _block(self, view: View, block: Block, reach: _Reach) -> _Total:
        fewest, most = 0, Counter[Factors]()
        arms: dict[str, list[_Total]] = {}
        for task in block.tasks:
            found = self._task(view, task, reach)
            if task.kind in _ARMS and task.node is not None:
                arms.setdefault(task.node.id, []).append(found)
                continue
            fewest += found.fewest
            most.update(found.most)
        for totals in arms.values():  # one of the arms runs
            for product in {product for total in totals for product in total.most}:
                most[product] += max(total.most.get(product, 0) for total in totals)
        return _Total(fewest, most)

    def _task(self, view: View, task: Task, reach: _Reach) -> _Total:
        # a call is left out only if its arguments raise, and the numbers are for a run in which nothing does
        asked = [flag for flag, _ in task.conditions if not (task.kind == "call" and flag.name.endswith("-args"))]
        if asked or task.behind or task.rescue or task.kind in (*_ARMS, "rest", "except", "orelse"):
            # (the condition of a loop is that it has a first turn, which its turns need not be told)
            reach = replace(reach, sure=False, always=reach.always and task.kind in ("map", "loop") and not task.behind)
        node = task.node
        if task.pod is not None:
            pods = [*_parts(self.graph, view, task.pod), task.pod]
            for pod in pods:
                self.rows.append((view, _Row(pod, reach)))
            if task.rescue:
                return _Total(0, {})
            return _Total(len(pods) * reach.sure, {reach.factors: len(pods)})
        if task.kind in ("map", "loop"):
            assert node is not None
            factor = (view.flow.key, node.id)
            self.chunks[factor] = view.plan.chunks.get(node.id, 1)
            count = self._pods(factor) if factor in self.known else 0
            within = replace(reach, factors=(*reach.factors, factor), sure=reach.sure and count > 0)
            inner = self._inside(view, task, within)
            return _Total(inner.fewest * count, inner.most)
        if task.kind == "call":
            assert isinstance(node, Call)
            if node.flow in reach.callers:
                self.recursive[self.views[node.flow].flow.name] = None
                return _Total(0, {})
            return self._flow(node.flow, replace(reach, callers=(*reach.callers, node.flow)))
        return self._inside(view, task, reach)

    def _inside(self, view: View, task: Task, reach: _Reach) -> _Total:
        if task.inner is None:
            return _Total(0, {})
        return self._block(view, task.inner, reach)

    # --- text

    def text(self) -> str:
        name = self.graph.main.name
        lines = [f"{name}: {self._sum()}", *_table([("pods", "how often", ""), *self._sites()])]
        if self.recursive:
            lines.append(f"For each call of {both(list(self.recursive))} by itself, all of its pods again.")
        if self.ready:
            lines.append(f"{self._starts()} at once.")
        lines += self._taken_over()
        return "\n".join([*lines, *self._limits()]) + "\n"

    def _taken_over(self) -> Iterator[str]:
        """Yield what is taken over, and why what is on record runs again."""
        if self.ahead is None:
            return
        if self.ahead.found:
            counts = Counter((_pattern(path), why) for path, why in self.ahead.found.items())
            rows = [("taken over", "step runs", ""), *[(path, f"{n:,}", why) for (path, why), n in counts.items()]]
            yield from ["", *_table(rows)]
        if self.ahead.why:
            counts = Counter(
                (_pattern(path), why.replace(path, _pattern(path))) for path, why in self.ahead.why.items()
            )
            rows = [("runs again", "step runs", ""), *[(path, f"{n:,}", why) for (path, why), n in counts.items()]]
            yield from ["", *_table(rows)]
        yield from self.ahead.notes

    def _sum(self) -> str:
        fixed = sum(
            count * self._times(product) for product, count in self.total.most.items() if not self._open(product)
        )
        grows = {product: count for product, count in self.total.most.items() if count and self._open(product)}
        if not grows:
            return _number(fixed) if fixed == self.total.fewest else f"{self.total.fewest:,} to {_number(fixed)}"
        more = [f"{count} for {self._each(product)}" for product, count in sorted(grows.items())]
        if fixed == self.total.fewest:
            return f"{_number(fixed)}, and {both(more)}"
        return f"at least {_number(self.total.fewest)}; at most {fixed:,} and {both(more)}"

    def _open(self, product: Factors) -> bool:
        return any(factor not in self.known for factor in product)

    def _times(self, product: Factors) -> int:
        times = 1
        for factor in product:
            times *= self._pods(factor)
        return times

    def _pods(self, factor: Factor) -> int:
        """Return how often a loop whose items are known repeats what is in it."""
        return -(-self.known[factor] // self.chunks.get(factor, 1))

    def _sites(self) -> Iterator[tuple[str, str, str]]:
        if self.first is not None:
            name, reason = self.first
            yield f"({name})", "1", reason
        for view, row in self.rows:
            yield self._called(view, row.pod), self._often(row), self._about(row.pod)

    def _called(self, view: View, pod: Pod) -> str:
        if pod.step is None:
            return f"({pod.template})"
        path = view.path(pod.step.id)
        return path if view.root else f"{view.flow.name}: {path}"

    def _often(self, row: _Row) -> str:
        task = row.pod.task
        if task is not None and task.rescue:
            return "only if something fails"
        times = "1" if row.reach.always else "0 or 1"
        return f"{times} for {self._each(row.reach.factors)}" if row.reach.factors else times

    def _each(self, product: Factors) -> str:
        return " of ".join(self._factor(factor) for factor in reversed(product))

    def _factor(self, factor: Factor) -> str:
        flow, loop = factor
        node = self.views[flow].places.nodes[loop]
        what = "iteration" if isinstance(node, Loop) else "item"
        known, chunk = self.known.get(factor), self.chunks.get(factor, 1)
        count = (
            f"each {what}" if known is None else f"the one {what}" if known == 1 else f"each of the {known:,} {what}s"
        )
        if chunk > 1:
            count = f"each {chunk} of the {'' if known is None else f'{known:,} '}items"
        return f"{count} of line {node.origin.lineno}"

    def _about(self, pod: Pod) -> str:
        if pod.step is None:
            return "; ".join(dict.fromkeys(pod.reasons)) or "no step"
        step = self.graph.bindings[pod.step.callee]
        found = [f"line {pod.step.origin.lineno}"]
        if isinstance(step, StepFunction) and not is_elsewhere(step):
            found += _tries(step)
        return ", ".join(found)

    def _starts(self) -> str:
        counts = Counter(self.ready)
        shown = [path if count == 1 else f"{path} ({count:,} times)" for path, count in counts.items()]
        return f"{both(shown)} start{'s' if len(self.ready) == 1 else ''}"

    def _limits(self) -> Iterator[str]:
        templates = _spec(self.document)["templates"]
        values = {p["name"]: p.get("value", "") for p in _spec(self.document)["arguments"]["parameters"]}
        sizes = {t["name"]: _size(t) + _put_in(t, values) for t in templates if "dag" not in t}
        largest = max(sizes, key=lambda name: sizes[name], default=None)
        tasks = max((len(t["dag"]["tasks"]) for t in templates if "dag" in t), default=0)
        rows = [("document", "is", "may be"), ("bytes", f"{_size(self.document):,}", f"{DOCUMENT:,}")]
        if largest is not None:
            rows.append((f"bytes of the largest pod's template, {largest}", f"{sizes[largest]:,}", f"{TEMPLATE:,}"))
        rows.append(("templates", f"{len(templates):,}", f"{MANY}"))
        rows.append(("tasks in one DAG", f"{tasks:,}", f"{MANY}"))
        rows.append(
            ("templates inside each other", f"{_depth(templates, _spec(self.document)['entrypoint']):,}", f"{DEPTH}")
        )
        yield ""
        yield from _table(rows, right=(1, 2))
        if self.put:
            yield f"(besides, {self.put:,} bytes of arguments are put into the artifact repository)"


def _parts(graph: Graph, view: View, pod: Pod) -> list[Pod]:
    """Return the pods of a step besides the one that records its outcome."""
    found = [] if pod.before is None else [pod.before]
    if pod.work and pod.step is not None and "suspend" not in view.templates[pod.work]:
        told = ", ".join([pod.word, *_tries(graph.bindings[pod.step.callee])])
        found.append(Pod(pod.block, None, template=pod.work, reasons=[told], task=pod.task))
    return found


def _tries(step: object) -> list[str]:
    """Return how many pods a step has, if that may be more than one."""
    tries = step.option("retries", 0) if isinstance(step, StepFunction) else 0
    return [f"up to {tries + 1} pods each, one for an attempt"] if tries else []


def _pattern(path: str) -> str:
    """Return the path that step runs of all items have."""
    return re.sub(r"\[\d+\]", "[i]", path)


def _number(pods: int) -> str:
    return "1 pod" if pods == 1 else f"{pods:,} pods"


def _first(document: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the template of the pod that hands on what no document carries, with the reason for it; None if there is none."""
    templates = {t["name"]: t for t in _spec(document)["templates"]}
    tasks = templates[_spec(document)["entrypoint"]].get("dag", {}).get("tasks", [])
    name = next((task["template"] for task in tasks if task["name"] == CODE_TASK), None)
    return None if name is None else (name, templates[name]["metadata"]["annotations"]["tangentflow.dev/reason"])


def _spec(document: Mapping[str, Any]) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = document["spec"]
    inner: Mapping[str, Any] = spec.get("workflowSpec", spec)
    return inner


def _size(part: object) -> int:
    return len(json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode())


def _put_in(template: object, values: Mapping[str, str]) -> int:
    """Return how many bytes the engine puts into a template in place of the parameters that it names."""
    text = json.dumps(template)
    return sum(text.count(f"{{{{workflow.parameters.{name}}}}}") * len(value) for name, value in values.items())


def _depth(templates: Sequence[Mapping[str, Any]], entry: str) -> int:
    """Return how deep templates call each other; one that calls itself counts once."""
    calls = {t["name"]: {task["template"] for task in t.get("dag", {}).get("tasks", [])} for t in templates}
    depths: dict[str, int] = {}

    def deep(name: str, around: frozenset[str]) -> int:
        if name not in depths:
            inner = [deep(other, around | {name}) for other in calls[name] if other not in around]
            depths[name] = 1 + max(inner, default=0)
        return depths[name]

    return deep(entry, frozenset())


def _table(rows: Sequence[tuple[str, ...]], right: Sequence[int] = ()) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield f"  {'  '.join(cells)}".rstrip()
