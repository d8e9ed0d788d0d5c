"""What pods are told: the `plan.json` of a bundle, with every slice of the graph and what each pod has to do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tangentflow.argo.guards import is_guard
from tangentflow.argo.inputs import Loaded
from tangentflow.argo.names import key
from tangentflow.argo.shape import Flag, FlowPlan, Pod
from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Map, Node, Region, Slice, Step, Try

__all__ = ["LOOP_LIMIT", "plan_json", "short_file"]

LOOP_LIMIT = 32_768
"""How many iterations a serial `for` may have: five levels of eight."""

Json = dict[str, Any]


def plan_json(plans: Mapping[str, FlowPlan], root: str, last: str, inputs: Mapping[Pod, list[Loaded]]) -> Json:
    """Return the plan of all pods.

    `last` is the flow of the exit handler, if there is one; `inputs` are what each of them loads, in the order in which they are named.
    """
    pods = {
        pod.template: _pod(plan, pod, inputs[pod])
        for plan in plans.values()
        for known in plan.pods
        for pod in (known, known.before)
        if pod is not None
    }
    flows = {name: _flow(plan) for name, plan in plans.items()}
    works = {pod.work: pod.template for plan in plans.values() for pod in plan.pods if pod.work}
    found = {"root": root, "flows": flows, "pods": pods, "skips": dict(_skips(plans.values())), "works": works}
    return {**found, "exit": last} if last else found


def _skips(plans: Iterable[FlowPlan]) -> Iterator[tuple[str, Json]]:
    """Yield for each template whose task may be skipped the steps that then do not run: those of an arm, or one behind a jump."""
    for plan in plans:
        for block in plan.blocks.values():
            if isinstance(block.owner, If) and block.tasks:
                template = block.template or next(task.pod.called for task in block.tasks if task.pod is not None)
                yield template, {"flow": plan.flow.key, "steps": [node.id for node in _steps(block.region)]}
        for pod in plan.pods:
            if pod.step is not None and pod.task is not None and pod.task.conditions:
                yield pod.called, {"flow": plan.flow.key, "steps": [pod.step.id]}


def _steps(region: Region) -> Iterator[Step]:
    for node in region:
        if isinstance(node, Step):
            yield node
        elif isinstance(node, If):
            for inner in node.regions:
                yield from _steps(inner)


def _pod(plan: FlowPlan, pod: Pod, inputs: list[Loaded]) -> Json:
    return {
        "flow": plan.flow.key,
        "region": pod.block.key,
        "step": pod.step.id if pod.step is not None else None,
        **({"before": True} if pod.kind == "before" else {}),
        **({"chunk": pod.chunk} if pod.chunk else {}),
        "hosted": pod.hosted,
        "begins": [name for end in pod.ends if end is not None for name in plan.blocks[f"{end}:0"].begins],
        "flags": {flag.name: flag.default for flag in pod.flags},
        "ends": pod.ends,
        "final": pod.final,
        "inputs": {item.what: [f"v{number}", item.depth] for number, item in enumerate(inputs) if not item.source},
        **_earlier(inputs),
    }


def _earlier(inputs: list[Loaded]) -> Json:
    """Return the inputs that lie in earlier runs, by the number of the run."""
    found: Json = {}
    for number, item in enumerate(inputs):
        if item.source:
            found.setdefault(str(item.source), {})[item.what] = [f"v{number}", item.depth]
    return {"earlier": found} if found else {}


def _flow(plan: FlowPlan) -> Json:
    flow = plan.flow
    regions = {
        block.key: {
            "nodes": [node.id for node in block.region],
            "gates": [
                {"flag": gate.flag.name, "slice": _slice(flow, gate.slice, gate.flag.name)} for gate in block.gates
            ],
        }
        for block in plan.blocks.values()
    }
    return {
        "key": flow.key,
        "name": flow.name,
        "file": short_file(flow.origin.filename),
        "params": list(flow.params),
        "regions": regions,
        "nodes": {node.id: _node(plan, node) for node in plan.nodes.values()},
        "result": _slice(flow, flow.result, "result"),
        "calls": {str(number): call for call, number in plan.calls.items()},
    }


def _slice(flow: Flow, slice_: Slice, label: str) -> Json:
    return {"code": slice_.code, "start": slice_.start, "names": list(slice_.names), "label": f"{flow.name} {label}"}


def _node(plan: FlowPlan, node: Node) -> Json:
    flow = plan.flow
    flag = plan.flags.get(node.id)
    common: Json = {"id": node.id, "kind": type(node).__name__, "key": key(node.id), "line": node.origin.lineno}
    if node.regions:
        common["regions"] = [block.key for block in plan.inner(node)]
        common["flag"] = flag.name if flag else None
        common["local"] = node.id in plan.local
        common["static"] = node.id in plan.static
    if isinstance(node, Step):
        return {
            **common,
            "name": node.name,
            "callee": node.callee,
            "slice": _slice(flow, node.slice, f"arguments of {node.id}"),
        }
    if isinstance(node, Call):
        own = {"name": node.name, "flow": node.flow, "flag": flag.name if flag else None}
        return {**common, **own, "slice": _slice(flow, node.slice, f"arguments of {node.id}")}
    if isinstance(node, Glue):
        return {
            **common,
            "operands": asdict(node.operands),
            **({"reads": node.reads} if node.reads else {}),
            "text": node.text,
            "slice": _slice(flow, node.slice, node.id),
        }
    if isinstance(node, If):
        return {**common, "guard": is_guard(node), "test": _slice(flow, node.test, f"test of {node.id}")}
    if isinstance(node, Try):
        common |= {"tried": node.id in plan.tried, "swallows": node.swallows}
        return {**common, "pick": _slice(flow, node.pick, f"body of {node.id}")}
    if isinstance(node, Map):
        item_flags = {f.name: f.default for f in plan.item_flags.get(node.id, [])}
        chunk = {"chunk": plan.chunks[node.id]} if node.id in plan.chunks else {}
        return {**common, **chunk, "scan": _slice(flow, node.scan, f"items of {node.id}"), "item_flags": item_flags}
    return {**common, **_loop(plan, node, flag)}


def _loop(plan: FlowPlan, node: Loop, flag: Flag | None) -> Json:
    return {
        "entry": _slice(plan.flow, node.entry, f"start of {node.id}"),
        "advance": _slice(plan.flow, node.advance, f"iteration of {node.id}"),
        "invariant": list(node.invariant),
        "carried": list(node.carried),
        "var": node.var,
        "items": node.items,
        "limit": LOOP_LIMIT if node.kind == "for" else None,
        "file": node.origin.filename,
        "index_flag": f"{flag.name}-i" if flag else None,
        "carried_flags": {f.name: f.default for f in plan.chain_flags(node)} if flag else {},
    }


def short_file(filename: str) -> str:
    """Return a file's name as documents show it, without the machine's directories."""
    return os.path.basename(filename)
