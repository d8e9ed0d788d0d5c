"""From plans to templates.

Each block becomes a DAG template, each pod a script template, each serial loop a static chain. A block of a single pod needs no
DAG: that pod's template stands in its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tangentflow.argo.chain import chain
from tangentflow.argo.constants import Constants
from tangentflow.argo.inputs import Loaded, loaded, needs_args
from tangentflow.argo.names import Names, key
from tangentflow.argo.options import placed
from tangentflow.argo.parts import Work, hand_over, join, tell
from tangentflow.argo.pods import STANDARD, Settings, artifact, ordered, pod_template, sourced
from tangentflow.argo.script import CODE_FILE, script
from tangentflow.argo.shape import Block, Flag, FlowPlan, Pod, Task
from tangentflow.argo.workpolicies import impose
from tangentflow.argo.works import work_of
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.graph.nodes import Call, Graph, Loop, Map

__all__ = ["Emitter", "Template"]

Json = dict[str, Any]
_ARMS = {
    "then": "-then",
    "else": "-else",
    "rest": "",
    "body": "",
    "except": "-except",
    "orelse": "-else",
    "final": "-finally",
}


NOBODY = "-"
"""What a flag of a DAG is where no task of it wrote it: who asks then takes what was written before."""

NOT_OURS = "tangentflow.dev/pod-root"
"""The annotation of a template that tells a simulation (with "0") that its program knows nothing of tangentflow."""


@dataclass(frozen=True)
class Template:
    """A template of the document, with the names of the parameters that it takes."""

    name: str
    parameters: tuple[str, ...]


class Emitter:
    """Makes the templates of a graph; their pods have no programs before `fill`."""

    def __init__(self, graph: Graph, plans: Mapping[str, FlowPlan], settings: Settings) -> None:
        self.graph = graph
        self.plans = plans
        self.settings = settings
        self.templates: list[Json] = []
        self.inputs: dict[Pod, list[Loaded]] = {}
        self.exports: dict[str, dict[str, Task]] = {}
        self.names = Names()
        self.noop: Template | None = None
        self.flows: dict[str, Template] = {}
        self.given = {
            n.flow for p in plans.values() for n in p.nodes.values() if isinstance(n, Call) and n.id in p.arguments
        }
        self.scripts: list[tuple[Json, dict[str, str]]] = []
        needs = self._flow_parameters()
        for flow in graph.flows:
            self.flows[flow.key] = Template(self.names.take(flow.name), ordered(needs[flow.key]))
        for flow in graph.flows:
            self._flow(plans[flow.key])

    def fill(self, by_artifact: bool) -> None:
        """Give all pods their programs, which load the code as an artifact or have it in them. May be done again with the other way."""
        code = artifact("code", CODE_FILE, "code/v", False)
        for body, texts in self.scripts:
            body["script"]["source"] = script(body["name"], texts, self.settings.code, by_artifact)
            if by_artifact:
                body["inputs"].setdefault("artifacts", []).append(dict(code))

    def _flow_parameters(self) -> dict[str, set[str]]:
        """Return the parameters of each flow's template: those that its pods need, and what calls in it hand on."""
        needs = {}
        for name, plan in self.plans.items():
            needs[name] = {"frame"}
            if any(None in pod.ends for pod in plan.pods):
                needs[name].add("at")
            if name in self.settings.called and any(needs_args(plan, pod) for pod in plan.pods):
                needs[name] |= {"args"} | ({"given"} if name in self.given else set())
        return needs

    def _flow(self, plan: FlowPlan) -> None:
        template = self.flows[plan.flow.key]
        main = plan.flow.key == self.graph.root
        body = self._dag(plan, plan.blocks[""], template.name, set(template.parameters))
        body["metadata"] = sourced(plan.flow.origin)
        if main:
            starts = {"frame": "main", "at": "result", "args": self.settings.address, "given": ""}
            body["inputs"] = {"parameters": [{"name": p, "value": starts[p]} for p in template.parameters]}
            self.templates.remove(body)
            self.templates.insert(0, body)
            return
        most = cast(WorkflowFunction[..., Any], self.graph.bindings[plan.flow.key]).option("parallelism")
        if most is not None:
            body["parallelism"] = most

    # --- blocks

    def _prefix(self, plan: FlowPlan) -> str:
        return "" if plan.flow.key == self.graph.root else f"{plan.flow.name}-"

    def _block(self, plan: FlowPlan, block: Block, wish: str) -> Template:
        """Return the template of a region: a DAG, or that of its only pod."""
        if len(block.tasks) == 1 and block.tasks[0].pod is not None and not block.tasks[0].conditions:
            return self._pod(plan, block.tasks[0].pod)
        name = self.names.take(self._prefix(plan) + wish)
        parameters: set[str] = set()
        body = self._dag(plan, block, name, parameters)
        body["metadata"] = sourced(block.owner.origin if block.owner is not None else plan.flow.origin)
        return Template(name, tuple(p["name"] for p in body["inputs"]["parameters"]))

    def _dag(self, plan: FlowPlan, block: Block, name: str, parameters: set[str]) -> Json:
        """Add the DAG of a block; `parameters` becomes the set of those that it takes."""
        body: Json = {
            "name": name,
            "metadata": {},
            "inputs": {},
            "outputs": {},
            "dag": {"failFast": False, "tasks": []},
        }
        self.templates.append(body)
        block.template = name
        body["dag"]["tasks"] = [self._task(plan, task, parameters) for task in block.tasks]
        body["inputs"] = {"parameters": [{"name": p} for p in ordered(parameters)]}
        if any(task.kind == "part" for task in block.tasks):
            self._export_parts(block)
        if isinstance(block.owner, Loop) or (block.ends and block.owner is not None):
            loop = self._ended_loop(plan, block)
            if loop is not None:
                body["outputs"] = {"parameters": [_export(block.ends, flag) for flag in plan.chain_flags(loop)]}
        return body

    def _export_parts(self, block: Block) -> None:
        """Let the parts of a block show the flags that other parts read."""
        bodies = {body["name"]: body for body in self.templates}
        for task in block.tasks:
            for name, home in self.exports.get(task.inner.key, {}).items() if task.inner is not None else ():
                body = bodies[task.inner.template]  # type: ignore[union-attr]
                value = f"tasks['{home.name}'].outputs.parameters['{name}']"
                text = f"tasks['{home.name}'].status == 'Succeeded' ? {value} : '0'"
                body["outputs"].setdefault("parameters", []).append({"name": name, "valueFrom": {"expression": text}})

    def _ended_loop(self, plan: FlowPlan, block: Block) -> Loop | None:
        """Return the loop whose iteration may end in a block."""
        node = plan.nodes[block.loops[-1]] if block.loops else None
        return node if isinstance(node, Loop) and block.ends else None

    def _task(self, plan: FlowPlan, task: Task, parameters: set[str]) -> Json:
        template = self._template(plan, task)
        body: Json = {"name": task.name, "template": template.name}
        depends = _depends(task)
        if depends:
            body["depends"] = depends
        if task.conditions:
            asked = [
                f"{self._flag(plan, flag, task.block, parameters)} == '{wanted}'" for flag, wanted in task.conditions
            ]
            body["when"] = f"{{{{= {' && '.join(asked)} }}}}"
        if isinstance(task.node, Map) and task.kind == "map":
            body |= self._items(plan, task.node, task.block, parameters)
        given = [{"name": p, "value": self._argument(plan, task, p, parameters)} for p in template.parameters]
        if given:
            body["arguments"] = {"parameters": given}
        return body

    def _template(self, plan: FlowPlan, task: Task) -> Template:
        if task.pod is not None:
            return self._pod(plan, task.pod)
        node = task.node
        if task.kind == "end":
            return self._noop()
        if isinstance(node, Call):
            return self.flows[node.flow]
        assert task.inner is not None
        if task.kind == "part":
            return self._block(plan, task.inner, f"{task.block.template}-{task.name[2:]}")
        assert node is not None
        if task.kind in _ARMS:
            return self._block(plan, task.inner, f"{node.id}{_ARMS[task.kind]}")
        work = self._block(plan, task.inner, node.id if isinstance(node, Map) else f"{node.id}-1")
        if isinstance(node, Map):
            return work
        assert isinstance(node, Loop)
        return self._chain(plan, node, work)

    def _noop(self) -> Template:
        """Return the template that does nothing and succeeds: what comes before a task of it does not show in a DAG's phase."""
        if self.noop is None:
            never, noop = self.names.take("never"), self.names.take("noop")
            self.noop = Template(noop, ())
            self.templates.append(
                {"name": noop, "dag": {"tasks": [{"name": "t-no", "template": never, "when": "false"}]}}
            )
            self.templates.append({"name": never, "suspend": {}})
        return self.noop

    def _chain(self, plan: FlowPlan, loop: Loop, work: Template) -> Template:
        flags = plan.chain_flags(loop)
        passed = [p for p in work.parameters if p not in ("ix", "up") and p not in {f.name for f in flags}]
        names = [flag.name for flag in flags]
        wish = self._prefix(plan) + loop.id
        made = chain(loop, wish, work, names, passed, self.names, sourced(loop.origin))
        self.templates += made
        return Template(made[-1]["name"], tuple(p["name"] for p in made[-1]["inputs"]["parameters"]))

    # --- what tasks are given

    def _items(self, plan: FlowPlan, node: Map, block: Block, parameters: set[str]) -> Json:
        listed = plan.taken.items.get((plan.flow.key, node.id))
        if listed is not None:
            return {"withParam": json.dumps(listed)}
        chunk = plan.chunks.get(node.id, 1)
        if node.id in plan.static:
            return {"withSequence": {"count": str(-(-plan.counts[node.id] // chunk))}}
        flag = self._flag(plan, plan.flags[node.id], block, parameters)
        if chunk > 1:
            return {"withSequence": {"count": f"{{{{= int((asInt({flag}) + {chunk - 1}) / {chunk}) }}}}"}}
        value = _tag(flag)
        return {"withParam": value} if plan.item_flags.get(node.id) else {"withSequence": {"count": value}}

    def _flag(self, plan: FlowPlan, flag: Flag, block: Block, parameters: set[str]) -> str:
        """Return where a flag is read in a block, as an expression; a flag that is known now is its text."""
        home = plan.homes.get(flag.name)
        if home is not None and home.task is not None:
            task = self._shown(home.task, flag, block)
            if task is not None:
                return f"tasks['{task.name}'].outputs.parameters['{flag.name}']"
        parameters.add(flag.name)
        return f"inputs.parameters['{flag.name}']"

    def _shown(self, home: Task, flag: Flag, block: Block) -> Task | None:
        """Return the task of a block that shows a flag: the one that writes it, or the part that this stands in."""
        if home.block is block:
            return home
        part = next((task for task in block.tasks if task.kind == "part" and task.inner is home.block), None)
        if part is not None:
            self.exports.setdefault(home.block.key, {})[flag.name] = home
        return part

    def _argument(self, plan: FlowPlan, task: Task, name: str, parameters: set[str]) -> str:
        """Return what a task gives for a parameter of its template."""
        block, node = task.block, task.node
        ix = ""
        if block.loops:
            ix = "{{inputs.parameters.ix}}"
        if task.kind == "map":
            assert isinstance(node, Map)
            if name in ("ix", "up"):
                _take(parameters, "ix" if ix else None)
                item = "{{item.i}}" if plan.item_flags.get(node.id) else "{{item}}"
                return ix if name == "up" else f"{ix}/{item}"
            if name == "count" and node.id in plan.chunks:
                static = node.id in plan.static
                return (
                    str(plan.counts[node.id])
                    if static
                    else _tag(self._flag(plan, plan.flags[node.id], block, parameters))
                )
            if name in {flag.name for flag in plan.item_flags.get(node.id, [])}:
                return f"{{{{item.{name}}}}}"
        if task.kind == "loop" and name == "up":
            _take(parameters, "ix" if ix else None)
            return ix
        if task.kind == "call" and name in ("frame", "at", "args"):
            assert isinstance(node, Call)
            _take(parameters, "frame", "ix" if ix else None)
            frame = "{{inputs.parameters.frame}}"
            number = plan.calls[node.id]
            return {
                "frame": f"{frame}/.{number}{ix}",
                "at": f"{frame}/{key(node.id)}{ix}",
                "args": f"{frame}/{key(node.id)}-args{ix}",
            }[name]
        if task.kind == "call" and name == "given":
            assert isinstance(node, Call)
            return plan.arguments.get(node.id, "")
        if name in STANDARD:
            parameters.add(name)
            return f"{{{{inputs.parameters.{name}}}}}"
        if task.kind == "loop" and name in plan.known:
            return plan.known[name]
        return _tag(self._flag(plan, Flag(name, ""), block, parameters))

    # --- pods

    def _pod(self, plan: FlowPlan, pod: Pod) -> Template:
        """Add the template of a pod, as yet without its program."""
        if pod.step is not None:
            wish = pod.step.id
        else:
            wish = f"{pod.block.key.partition(':')[0]}-{pod.kind}" if pod.block.key else pod.kind
        work = None
        if pod.step is not None:
            function = cast(StepFunction[..., Any], self.graph.bindings[pod.step.callee])
            work = work_of(pod.step, function, Constants(self.graph, plan.flow))
        if work is not None:
            return self._parts(plan, pod, work, self._prefix(plan) + wish)
        body = self._body(plan, pod, self._prefix(plan) + wish)
        return Template(pod.template, tuple(p["name"] for p in body["inputs"]["parameters"]))

    def _body(self, plan: FlowPlan, pod: Pod, wish: str) -> Json:
        pod.template = self.names.take(wish)
        inputs = self.inputs[pod] = loaded(plan, pod, plan.flow.key in self.settings.called)
        body, texts = pod_template(self.graph, plan, pod, inputs, self.settings, plan.flow.key in self.given)
        self.scripts.append((body, texts))
        self.templates.append(body)
        return body

    def _parts(self, plan: FlowPlan, pod: Pod, work: Work, wish: str) -> Template:
        """Add the templates of a step whose work no pod of ours does."""
        pod.outer = self.names.take(wish)
        before = None
        if work.before or work.finds:
            pod.before = Pod(pod.block, pod.step, kind="before", reasons=[f"works out what {wish} needs"])
            before = self._body(plan, pod.before, f"{wish}-before")
            told = [{"name": p, "valueFrom": {"path": f"/tf/out/flags/{p}"}} for p in work.before]
            before["outputs"] = {"parameters": told} if told else {}
            tell(before, None)
        pod.work, pod.word = self.names.take(f"{wish}-work"), work.word
        assert pod.step is not None
        template = {"name": pod.work, "metadata": sourced(pod.step.origin), **work.template}
        own = ["frame", "ix"] if pod.block.loops else ["frame"]
        if "suspend" not in template:
            template["metadata"]["annotations"][NOT_OURS] = "0"
            template |= self._placed(plan)
            function = cast(StepFunction[..., Any], self.graph.bindings[pod.step.callee])
            lock = self.settings.locks.get((plan.flow.key, pod.step.id))
            template = impose(template, function, work, lock, own)
        self.templates.append(template)
        after = self._body(plan, pod, f"{wish}-record")
        tell(after, work)
        ix = "{{inputs.parameters.ix}}" if pod.block.loops else ""
        hand_over(
            work, before, template, after, (f"{{{{inputs.parameters.frame}}}}/{key(pod.step.id)}-", f"{ix}/v"), own
        )
        outer = join(work, pod.outer, before, template, after)
        self.templates.append(outer)
        return Template(pod.outer, tuple(p["name"] for p in outer["inputs"]["parameters"]))

    def _placed(self, plan: FlowPlan) -> Json:
        """Return where pods that run nothing of ours are to run, if their workflow is not the one that is run."""
        main = plan.flow.key == self.graph.root
        return {} if main else placed(cast(WorkflowFunction[..., Any], self.graph.bindings[plan.flow.key]))


def _take(parameters: set[str], *names: str | None) -> None:
    parameters |= {name for name in names if name is not None}


def _tag(expression: str) -> str:
    """Return the tag of what an expression names: `{{tasks.t-a.outputs.parameters.x}}`."""
    return "{{" + expression.replace("['", ".").replace("']", "") + "}}"


def _depends(task: Task) -> str:
    if task.rescue:
        return " || ".join(f"{t.name}.{end}" for t in task.rescue for end in ("Failed", "Errored"))
    ends = [
        " || ".join(f"{t.name}.{end}" for end in ("Succeeded", "Failed", "Errored", "Skipped", "Omitted"))
        for t in task.always
    ]
    asked = [*[t.done for t in task.after], *[t.has_run for t in task.ran], *[f"({text})" for text in ends]]
    return " && ".join(asked)


def _export(ends: list[Task], flag: Flag) -> Json:
    """Return an output of a DAG: the flag as the last task wrote it that ran, NOBODY if none of them may have run."""
    *later, first = ends
    text = _value(first, flag)
    if not later and not first.conditions:
        return {"name": flag.name, "valueFrom": {"parameter": _tag(text)}}
    if first.conditions:
        text = f"{_wrote(first, flag)} ? {text} : '{NOBODY}'"
    for task in reversed(later):
        text = f"{_wrote(task, flag)} ? {_value(task, flag)} : ({text})"
    return {"name": flag.name, "valueFrom": {"expression": text}}


def _value(task: Task, flag: Flag) -> str:
    return f"tasks['{task.name}'].outputs.parameters['{flag.name}']"


def _wrote(task: Task, flag: Flag) -> str:
    """Return the expression that tells whether a task, or what is in it, wrote a flag."""
    ran = f"tasks['{task.name}'].status == 'Succeeded'"
    return f"{ran} && {_value(task, flag)} != '{NOBODY}'" if task.inner and _may_stay_out(task.inner) else ran


def _may_stay_out(block: Block) -> bool:
    """Whether a block may end without that any of its tasks wrote its flags: all of them stand in arms that may not be taken."""
    if not block.ends:
        return False
    first = block.ends[-1]
    return bool(first.conditions) or (first.inner is not None and _may_stay_out(first.inner))
