"""Running the emitted Argo document on this machine: the simulator is the controller, pods are processes."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import types
import uuid
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from tangentflow.argo.document import submission
from tangentflow.argo.notes import notes
from tangentflow.argo.parts import WORK
from tangentflow.argo.pods import CHUNK
from tangentflow.argo.policies import LATE
from tangentflow.argo.taken import NOTHING, Taken
from tangentflow.containers import container, engine
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.policies import check_needs, run_timeout, secrets_here, time_limit, title
from tangentflow.engine.run import Run
from tangentflow.engine.stored import Seen, stored_exit, stored_outcome, stored_steps
from tangentflow.errors import InternalError
from tangentflow.graph.exits import exit_name, with_exit
from tangentflow.graph.nodes import Graph, Step
from tangentflow.resources import kubectl, resource
from tangentflow.runtime.exits import after_exit, status_of
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import RUNS, chunk_items, ix_text, parse_ix
from tangentflow.runtime.slices import bind
from tangentflow.simulator import Action, SimulatedRun
from tangentflow.simulator import simulate as simulate_document
from tangentflow.simulator.nodes import Node
from tangentflow.waiting import answers, nobody

__all__ = ["Simulated", "simulate"]


_TAG = re.compile(r"\{\{inputs\.parameters\.([-\w]+)\}\}")


class Simulated(Run):
    """A finished simulation. `simulation` has the nodes; `helpers` are the templates of the executed pods that run no step.

    `artifacts` is the folder of what its pods recorded, which lasts as long as this object; `holds` keeps the runs that it has taken outcomes
    over from.
    """

    simulation: SimulatedRun
    helpers: list[str]
    document: Mapping[str, Any]
    artifacts: Path
    holds: object = None
    overridden: Mapping[str, bytes] = MappingProxyType({})


def simulate(
    graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, workers: int | None = None,
    taken: Taken = NOTHING, told: Mapping[str, Any] | None = None, earlier: Mapping[str, Path] = MappingProxyType({}),
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Simulated:  # fmt: skip
    """Run the document of a graph with these arguments; return the finished run.

    `taken` is what it takes over from earlier runs, whose artifacts lie in the folders `earlier`, by their uids, or are `files`, by key; `told` goes with its plan.
    Secrets and volumes are this machine's, as in a local run. Raises UsageError if one of them is not here, TypeError for arguments that
    do not fit, InternalError if the document would hang on the engine, or ends in a phase that its outcome does not explain.
    """
    function = cast(WorkflowFunction[..., Any], graph.bindings[graph.root]).function
    names = bind(cast(types.FunctionType, function), args, kwargs)
    whole = with_exit(graph)
    check_needs(whole)
    submitted = submission(graph, args, kwargs, taken, told)
    made = submitted.document
    secrets = secrets_here(whole)
    folder = tempfile.mkdtemp(prefix="tangentflow-store-")
    try:
        for uid, place in earlier.items():
            (Path(folder) / uid).symlink_to(place / uid)
        for name, data in [*files.items(), *submitted.files.items()]:
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(data)
        found = simulate_document(
            made, store=Path(folder), workers=workers, uid=str(uuid.uuid4()), secrets=secrets, actions=_answering(), engine=engine() if _has(whole, container) else None, kubectl=kubectl() if _has(whole, resource) else None,
        )  # fmt: skip
        if found.hang and any(node.type == "Suspend" and not node.fulfilled for node in found.nodes):
            raise nobody()
        here = Path(folder) / found.uid
        seen = _seen(found, made, here)
        late = any(node.message == LATE for node in found.nodes) and found.phase != "Succeeded"
        limit = run_timeout(title(graph), time_limit(graph) or 0.0) if late else None
        outcome = stored_outcome(
            graph, here, names, lambda address: limit if _is_late(seen.get(address)) else None, taken
        )
        if limit is not None and isinstance(outcome, Value):
            outcome = Raised(limit)
        if graph.exit is not None and not found.hang:
            outcome = _after_exit(graph, here, outcome, found)
        if found.hang or (found.phase == "Succeeded") is isinstance(outcome, Raised):
            why = found.reason if found.hang else f"it ended as {found.phase}, and its outcome is {outcome!r}"
            raise InternalError("the document is wrong", workflow=graph.main.name, told=why, nodes=_listing(found))
        run = Simulated(found.name, title(graph), outcome, stored_steps(graph, here, seen, taken), found.pods)
        run.notes = notes(graph, kept=False)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    run.simulation, run.document, run.artifacts = found, made, Path(folder)
    own = {name for name, _ in submitted.helpers}
    run.helpers = [node.template for node in found.nodes if node.type == "Pod" and node.template in own]
    return run


def _after_exit(graph: Graph, folder: Path, outcome: Outcome, found: SimulatedRun) -> Outcome:
    """Return the outcome of a run after its exit handler, which decides only over a run that succeeded."""
    if isinstance(outcome, Raised) or found.phase == "Succeeded":
        return outcome
    return after_exit(outcome, exit_name(graph), stored_exit(graph, folder, status_of(outcome, False)))


def _answering() -> list[Action]:
    """Return what somebody does who answers: each wait is ended at once, with the answers that this machine has."""
    given = answers()
    return [] if given is None else [Action("resume", f"t-{WORK}", given, every=True)]


def _has(graph: Graph, function: object) -> bool:
    """Whether a step of a graph calls this function."""
    steps = (node for flow in graph.flows for node in flow.body.walk() if isinstance(node, Step))
    return any(getattr(graph.bindings[step.callee], "base", None) is function for step in steps)


def _is_late(seen: Seen | None) -> bool:
    """Whether a step was ended, or not begun, because the time of the run was over."""
    return seen is None or seen.message == LATE


def _seen(found: SimulatedRun, made: Mapping[str, Any], folder: Path) -> dict[str, Seen]:
    """Return what the nodes tell of step runs, by where their outcomes lie: another pod has written that of one that was lost.

    (Attempts come after the node that they are of.)
    """
    artifacts = {t["name"]: t.get("outputs", {}).get("artifacts", []) for t in made["spec"]["templates"]}
    sizes = {
        t["name"]: int(t["metadata"]["annotations"].get(CHUNK, 0)) for t in made["spec"]["templates"] if "metadata" in t
    }
    seen: dict[str, Seen] = {}
    works = {node.boundary: node for node in found.nodes if node.display_name == f"t-{WORK}" and node.type == "Retry"}
    for node in found.nodes:
        if node.type in ("Pod", "Retry"):
            tried = works.get(node.boundary, node)
            attempts = len(tried.children) if tried.type == "Retry" else 1
            for artifact in artifacts[node.template]:
                if artifact["name"] not in ("outcome", "runs"):
                    continue
                address = _filled(artifact["s3"]["key"], node.inputs).partition("/")[2]
                last = found.node(node.children[-1]) if node.type == "Retry" and node.children else node
                own = Seen(attempts, node.started, node.finished, last.message, _printed(found, tried))
                if artifact["name"] == "outcome":
                    seen.setdefault(address, own)
                else:
                    seen = {**dict(_iterations(address, node.inputs, sizes[node.template], folder, own)), **seen}
    return seen


def _printed(found: SimulatedRun, node: Node) -> str:
    """Return what the pods of a node printed, all attempts."""
    return (
        "".join([_printed(found, found.node(child)) for child in node.children]) if node.type == "Retry" else node.logs
    )


def _iterations(
    address: str, given: Mapping[str, str], size: int, folder: Path, own: Seen
) -> Iterator[tuple[str, Seen]]:  # fmt: skip
    """Yield what is known of the iterations that one pod ran, by where their outcomes lie; `address` is where it told of them."""
    *outer, chunk = parse_ix(given["ix"])
    place = address.removesuffix(f"{RUNS}{given['ix']}/v")
    told = json.loads((folder / address).read_text()) if (folder / address).is_file() else {}
    for i in chunk_items(chunk, size, int(given["count"])):
        attempts, *times = told.get(str(i)) or [own.attempts, own.started, own.finished]
        yield f"{place}{ix_text((*outer, i))}/v", Seen(attempts, times[0], times[1], own.message, own.logs)


def _filled(text: str, given: Mapping[str, str]) -> str:
    return _TAG.sub(lambda tag: given[tag[1]], text)


def _listing(found: SimulatedRun) -> str:
    """Return all nodes with their phases, and what the pods printed."""
    lines = []
    for node in found.nodes:
        lines.append(f"{node.type:<9} {node.phase:<9} {node.name} {node.message}")
        lines += [f"    {line}" for line in node.logs.splitlines()] if node.type == "Pod" else []
    return "\n".join(lines)
