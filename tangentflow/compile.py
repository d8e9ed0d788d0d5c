"""The compiler as a list of passes: a decorated function becomes a graph."""

from __future__ import annotations

import types
from dataclasses import replace
from typing import Any, cast

from tangentflow.compiled import Graph
from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import LanguageError, Note, Offence
from tangentflow.graph import nodes
from tangentflow.graph.exits import calling, of_step
from tangentflow.language import core
from tangentflow.language.lowering import Lowered, lower
from tangentflow.merged import Common, MergedWorkflow
from tangentflow.passes.build import build_flow
from tangentflow.passes.facts import Facts, has_message, label, liveness, sites
from tangentflow.passes.merging import Merged, merge_lowered
from tangentflow.passes.shared import Shared
from tangentflow.source.find import find
from tangentflow.source.garbage import no_collection

__all__ = ["MAX_ITERATIONS", "common_parts", "compile_workflow", "notes_of_workflow"]

MAX_ITERATIONS = 32_768
"""The bound of a `while` that its workflow does not set: five levels of eight."""


def compile_workflow(workflow: WorkflowFunction[..., Any]) -> Graph:
    """Compile a workflow and all that it calls. Raises LanguageError."""
    with no_collection():
        return _compile(workflow)


def notes_of_workflow(workflow: WorkflowFunction[..., Any]) -> tuple[Note, ...]:
    """Return what may surprise in a workflow and all that it calls, sorted by place. Raises LanguageError."""
    from tangentflow.passes.notes import notes_of

    with no_collection():
        lowered, facts = _prepared(workflow, {id(workflow): f"{workflow.__module__}.{workflow.__qualname__}"})
        own = {key: flow for key, flow in lowered.items() if not flow.parts}
        flows = [build_flow(flow, key, facts[key]) for key, flow in own.items()]
        found = [note for flow in flows for note in notes_of(lowered[flow.key], facts[flow.key], flow)]
        found += [note for flow in lowered.values() for part in flow.parts for note in notes_of_workflow(part)]
    return tuple(sorted(dict.fromkeys(found), key=lambda note: (*note.position, note.code)))


def _compile(workflow: WorkflowFunction[..., Any]) -> Graph:
    graph = _built(workflow, {id(workflow): f"{workflow.__module__}.{workflow.__qualname__}"})
    handler = workflow.option("on_exit")
    return graph if handler is None else replace(graph, exit=_compile_exit(handler, graph))


def _compile_exit(handler: StepFunction[..., Any] | WorkflowFunction[..., Any], graph: Graph) -> nodes.Graph:
    """Compile an exit handler. What it shares with the workflow has the same keys; its own flow has one of its own.

    (The workflow may call the handler, too, and that call has nothing to do with the end of the run.)
    """
    used = [flow.key for flow in graph.flows]
    used += [node.callee for flow in graph.flows for node in flow.body.walk() if isinstance(node, nodes.Step)]
    keys = {id(graph.bindings[key]): key for key in used}
    key = f"{handler.__module__}.{handler.__qualname__} on exit"
    if isinstance(handler, StepFunction):
        root = WorkflowFunction(calling(handler), {})
        return of_step(_built(root, {id(root): key, **keys}), handler)
    root = WorkflowFunction(handler.function, {name: handler.option(name) for name in handler.options_given})
    return _built(root, {id(root): key, **keys})


def _built(workflow: WorkflowFunction[..., Any], keys: dict[int, str]) -> Graph:
    """Return the graph of a workflow and all that it calls. `keys` are those of objects, by their ids."""
    lowered, facts = _prepared(workflow, keys)
    root = next(iter(lowered))
    flows = tuple(build_flow(flow, key, facts[key]) for key, flow in lowered.items())
    bindings: dict[str, object] = dict(lowered[root].names)
    for flow in lowered.values():
        bindings |= flow.callees
    bindings[root] = workflow
    meanings = [flow.meanings for flow in lowered.values() if flow.meanings is not None]
    return Graph(root, flows, bindings, is_current=lambda: all(each.hold() for each in meanings))


def _prepared(
    workflow: WorkflowFunction[..., Any], keys: dict[int, str]
) -> tuple[dict[str, Lowered], dict[str, Facts]]:
    """Lower a workflow and all that it calls; return them, labelled, with their facts."""
    lowered = _lower_all(workflow, keys)
    facts = {key: Facts(flow.locals) for key, flow in lowered.items()}
    _mark_recursive(lowered)
    for key, flow in lowered.items():
        label(flow.body)
        liveness(flow.body, facts[key])
    _mark_effectful(lowered)
    _mark_speaking(lowered)
    return lowered, facts


def _lower_all(workflow: WorkflowFunction[..., Any], keys: dict[int, str]) -> dict[str, Lowered]:
    """Lower a workflow and, in order of their first call, the workflows that it calls. Raises one LanguageError for all."""
    todo: list[WorkflowFunction[..., Any]] = [workflow]
    done: dict[str, Lowered] = {}
    offences: list[Offence] = []
    while todo:
        current = todo.pop(0)
        key = keys[id(current)]
        if key in done:
            continue
        flow, found = _lower(current)
        offences += [offence for offence in found if offence not in offences]
        if flow is None:
            continue
        done[key] = flow
        for name, callee in list(flow.callees.items()):
            known = keys.setdefault(id(callee), _unused(name, callee, done, keys))
            if known != name:
                _rename(flow, name, known)
            if isinstance(callee, WorkflowFunction) and known not in done:
                todo.append(callee)
    if offences:
        raise LanguageError.from_offences(offences)
    return done


def _lower(workflow: WorkflowFunction[..., Any]) -> tuple[Lowered | None, list[Offence]]:
    """Lower one workflow; return it with all offences, or without it if there is nothing to lower."""
    if isinstance(workflow, MergedWorkflow):
        merged = _merge(workflow)
        return merged.lowered, merged.offences
    try:
        source = find(cast(types.FunctionType, workflow.function))
    except LanguageError as error:
        return None, list(error.offences)
    return lower(source, workflow.option("max_iterations", MAX_ITERATIONS))


def _merge(workflow: MergedWorkflow) -> Merged:
    merged = merge_lowered(workflow, _lower, lambda callee: _is_pure(callee, frozenset()))
    workflow.name_it_knows(merged.table)
    return merged


def common_parts(workflow: MergedWorkflow) -> tuple[Common, ...]:
    """Return the calls that a merged workflow has once for several of its parts, in program order. Raises LanguageError."""
    with no_collection():
        merged = _merge(workflow)
    if merged.offences:
        raise LanguageError.from_offences(merged.offences)
    groups: dict[core.Site, list[Shared]] = {}
    for one in merged.shared:
        groups.setdefault(one.sites[0], []).append(one)
    found = []
    for group in groups.values():
        places = [(group[0].parts[0], group[0].paths[0], group[0].sites[0].origin)]
        places += [(one.parts[1], one.paths[1], one.sites[1].origin) for one in group]
        if len({part for part, _, _ in places}) > 1:
            names = [part.workflow.__name__ for part in workflow.parts]
            said = tuple((names[part], path, f"{origin.filename}:{origin.lineno}") for part, path, origin in places)
            found.append(Common(group[0].paths[0], said))
    return tuple(found)


def _is_pure(workflow: object, callers: frozenset[int]) -> bool:
    """Whether all that a call of a workflow runs is pure, so that one call stands for several with the same arguments."""
    if id(workflow) in callers:
        return False  # recursive calls keep their order
    within = callers | {id(workflow)}
    if isinstance(workflow, MergedWorkflow):
        return all(_is_pure(part.workflow, within) for part in workflow.parts)
    assert isinstance(workflow, WorkflowFunction)
    flow, offences = _lower(workflow)
    if flow is None or offences:
        return False
    liveness(flow.body, Facts(flow.locals))
    every = [site for stmt in flow.body for site in sites(stmt, messages=True)]
    return all(
        site.used and not site.ordered
        and (site.pure if site.kind == "step" else site.kind == "call" and _is_pure(flow.callees[site.callee], within))
        for site in every
    )  # fmt: skip


def _unused(name: str, callee: object, done: dict[str, Lowered], keys: dict[int, str]) -> str:
    """Return a key for an object that no other object has: two closures may bear the same name."""
    key, number = name, 1
    while key in keys.values():
        number += 1
        key = f"{name}#{number}"
    return key


def _rename(flow: Lowered, old: str, new: str) -> None:
    flow.callees[new] = flow.callees.pop(old)
    flow.spelling[new] = flow.spelling.pop(old)
    for stmt in core.walk(flow.body):
        if isinstance(stmt, core.Site) and stmt.callee == old:
            stmt.callee = new


def _calls(flow: Lowered) -> list[core.Site]:
    return [s for stmt in flow.body for s in sites(stmt) if s.kind == "call"]


def _mark_recursive(lowered: dict[str, Lowered]) -> None:
    """Mark each call that can lead back to the workflow that it stands in."""
    reach: dict[str, set[str]] = {key: {site.callee for site in _calls(flow)} for key, flow in lowered.items()}
    changed = True
    while changed:
        changed = False
        for callees in reach.values():
            further = callees.union(*[reach[callee] for callee in callees])
            if further != callees:
                callees.update(further)
                changed = True
    for key, flow in lowered.items():
        for site in _calls(flow):
            site.recursive = key in reach[site.callee] or key == site.callee


def _mark_effectful(lowered: dict[str, Lowered]) -> None:
    """Mark each call of a workflow with effects inside: it stands in its block as one effect."""
    changed = True
    while changed:
        effects = {key: any(s.effect for stmt in flow.body for s in sites(stmt)) for key, flow in lowered.items()}
        ordered = {key: any(s.ordered for stmt in flow.body for s in sites(stmt)) for key, flow in lowered.items()}
        changed = False
        for flow in lowered.values():
            for site in _calls(flow):
                if effects[site.callee] and not site.effectful:
                    site.effectful = changed = True
                if ordered[site.callee] and not site.ordered:
                    site.ordered = changed = True  # an ordered step keeps its place in loops, in a sub-workflow too


def _mark_speaking(lowered: dict[str, Lowered]) -> None:
    """Mark each call of a workflow that issues messages."""
    changed = True
    while changed:
        speak = {key: any(has_message(stmt) for stmt in flow.body) for key, flow in lowered.items()}
        changed = False
        for flow in lowered.values():
            for site in _calls(flow):
                if speak[site.callee] and not site.speaks:
                    site.speaks = changed = True
