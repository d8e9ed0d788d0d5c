"""Where things run on Argo: templates, tasks and their conditions, pods that run no step and why they exist."""

from __future__ import annotations

from tangentflow.argo.guards import REST
from tangentflow.argo.shape import Block, Pod, Task
from tangentflow.explain.view import View
from tangentflow.explain.words import both
from tangentflow.graph.nodes import Call, Glue, If, Loop, Map, Node, Step
from tangentflow.graph.printing import part_name

__all__ = ["helpers", "template"]

_NEXT = {"next": "an iteration", "result": "the workflow"}


def template(view: View, node: Node) -> list[str]:
    """Return the sentences that tell where a node is found in the document."""
    if isinstance(node, Step):
        pod = next(pod for pod in view.plan.pods if pod.step is not None and pod.step.id == node.id)
        if pod.outer:
            runs = _sentence(view, f"runs in template `{pod.outer}`", pod.task, pod.block)
            return [runs, *_parts(view, pod), *_after(view, node, pod)]
        return [_sentence(view, f"runs in {_pod(view, pod)}", pod.task, pod.block), *_after(view, node, pod)]
    if node.id in view.plan.local or isinstance(node, Glue):
        return _hosts(view, node.id)
    found = []
    for task in _tasks(view, node):
        if task.kind in ("pod", "end"):
            continue
        found.append(_sentence(view, _opens(view, task), task, task.block))
    return [*found, *_hosts(view, node.id)]


def _pod(view: View, pod: Pod) -> str:
    if pod.template in view.templates:
        return f"template `{pod.template}`"
    shared = next(
        task["template"]
        for other in view.templates.values()
        for task in other.get("dag", {}).get("tasks", [])
        if {"name": "pod", "value": pod.template} in task.get("arguments", {}).get("parameters", [])
    )
    return f"template `{shared}` (shared by pods of the same shape; its parameter `pod` is `{pod.template}`)"


def _parts(view: View, pod: Pod) -> list[str]:
    """Return what the parts of a step do whose work no pod of ours does."""
    found = [f"there `{pod.work}` {pod.word}, and a pod of {_pod(view, pod)} records the outcome"]
    if pod.before is not None:
        found.append(f"a pod of template `{pod.before.template}` works out first what a run alone knows")
    return found


def _tasks(view: View, node: Node) -> list[Task]:
    return [
        t for block in view.plan.blocks.values() for t in block.tasks if t.node is not None and t.node.id == node.id
    ]


def _opens(view: View, task: Task) -> str:
    words = {
        "then": "the first arm is", "else": "the `else` is", "body": "the body is", "except": "a handler is", "orelse": "the `else` is",
        "final": "the `finally` is", "map": "each iteration is", "loop": "a chain of iterations is", "call": "runs as",
    }  # fmt: skip
    word = words[task.kind]
    if task.kind == "except" and task.inner is not None:
        number = int(task.inner.key.rpartition(":")[2]) - 1
        word = f"the handler `{part_name(task.node, number + 1)}` is" if task.node is not None else word
    shown = f"{word} template `{_called(view, task)}`"
    if task.kind == "loop" and task.inner is not None:
        pods = [t.pod.called for t in task.inner.tasks if t.pod is not None]
        shown += f", each of them `{task.inner.template or pods[0]}`"
    return shown


def _called(view: View, task: Task) -> str:
    """Return the template that a task calls."""
    dag = view.templates[task.block.template]["dag"]["tasks"]
    return str(next(row["template"] for row in dag if row["name"] == task.name))


def _sentence(view: View, what: str, task: Task | None, block: Block) -> str:
    if not block.template or task is None:  # a block of a single pod has no DAG: the task that opens it stands for it
        opener = _opener(view, block)
        return what if opener is None else _sentence(view, what, opener, opener.block)
    asked = both([f"`{flag.name}` is `{wanted}`" for flag, wanted in task.conditions])
    when = f", when {asked}" if asked else ""
    return f"{what}, task `{task.name}` of `{block.template}`{when}"


def _opener(view: View, block: Block) -> Task | None:
    return next((t for other in view.plan.blocks.values() for t in other.tasks if t.inner is block), None)


def _after(view: View, node: Step, pod: Pod) -> list[str]:
    """Return what the pod of a step evaluates besides, and who tells whether the step is reached."""
    found = []
    done = [_does(view, name) for name in pod.hosted]
    for end in pod.ends:
        done.append("the result of the workflow" if end is None else f"the end of an iteration of {view.path(end)}")
    if done:
        found.append(f"its pod then evaluates {both(list(dict.fromkeys(done)))}")
    return found


def _does(view: View, name: str) -> str:
    """Return what a pod evaluates, by the id of a node or the name of a gate."""
    own = view.places.nodes.get(name.removesuffix(REST))
    if own is None:
        asking = [pod.step for pod in view.plan.pods if pod.step is not None and _asks(pod, name)]
        reached = both([view.path(step.id) for step in asking])
        return f"whether {reached} {'is' if len(asking) == 1 else 'are'} reached"
    if name.endswith(REST):
        return f"whether {view.path(own.id)} is reached"
    at = f"{view.path(own.id)} (line {own.origin.lineno})"
    if isinstance(own, If):
        return f"the condition of {at}"
    if isinstance(own, Map):
        return f"the items of {at}"
    if isinstance(own, Loop):
        return f"the start of {at}"
    if isinstance(own, Call):
        return f"the arguments of {at}"
    return f"`{own.text}` of {at}" if isinstance(own, Glue) else f"how the body of {at} ended"


def _asks(pod: Pod, flag: str) -> bool:
    """Whether the task of a step looks at a gate."""
    return pod.task is not None and any(asked.name == flag for asked, _ in pod.task.conditions)


def _hosts(view: View, node: str) -> list[str]:
    """Return who evaluates what opens a node."""
    found = []
    for pod in view.plan.pods:
        for name in pod.hosted:
            if name in (node, node + REST):
                who = f"template `{pod.template}`" if pod.step is None else f"the pod of {view.path(pod.step.id)}"
                extra = "; it exists because " + _why(pod) if pod.step is None else ""
                found.append(f"{who} evaluates {_does(view, name)}{extra}")
    return found


def _why(pod: Pod) -> str:
    if pod.kind == "begin":
        return "no step stands before this that could do it"
    if pod.kind in ("result", "next"):
        return f"no step comes last in every case, so none can end {_NEXT[pod.kind]}"
    if pod.kind == "caught":
        return "a step that fails evaluates nothing more, and any step of the body may fail"
    if pod.kind == "fail":
        return "a step may fail before the last one"
    return "no single step is the last of all that this needs"


def helpers(view: View) -> list[str]:
    """Return the pods of a flow that run no step, each with what it does and why no step's pod does it."""
    found = []
    for pod in view.plan.pods:
        if pod.step is None:
            reasons = "; ".join(dict.fromkeys(pod.reasons))
            why = "" if pod.kind in ("result", "next", "fail") else f": {_why(pod)}"
            found.append(f"`{pod.template}` {reasons}{why}")
    return found
