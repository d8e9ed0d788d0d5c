"""Reading a run from the folder or bucket in which its pods left their outcomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tangentflow.argo.names import key
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import locate, user_files
from tangentflow.errors import StepKilled
from tangentflow.graph.nodes import Call, Flow, Graph, Loop, Map, Region, Step
from tangentflow.runtime.codec import decode, with_files
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Indices, ix_text, spell
from tangentflow.runtime.replay import Address, Done, NotRun, Replay, Returned
from tangentflow.runtime.slices import compile_slice

__all__ = ["Seen", "stored_outcome", "stored_steps"]


@dataclass(frozen=True)
class Seen:
    """What the engine tells of a step run: how often it was started, when its first attempt began and its last one ended, and why."""

    attempts: int
    started: float
    finished: float | None
    message: str = ""


class _Frame:
    """The outcomes of one call of a workflow, as the store of a replay."""

    def __init__(self, folder: Path, path: str) -> None:
        self.folder = folder
        self.path = path

    def file(self, site: str, indices: Indices) -> Path:
        return Path(f"{self.folder}/{key(site)}{ix_text(indices)}/v")

    def outcome(self, address: Address, own: bool) -> Any:
        """Return a value or raise the exception; raise NotRun if there is none."""
        file = self.file(*address)
        if not file.is_file():
            raise NotRun(address)
        found = decode(file.read_bytes(), where=address[0])
        if isinstance(found, Raised):
            raise found.exception
        return found.value

    def left(self, address: Address) -> Done | Returned:
        """Return what a serial loop left."""
        return cast("Done | Returned", self.outcome(address, False))

    def message(self, call: Callable[[], object]) -> None:
        """Issue nothing: if a pod did not, nobody asked for it."""


def stored_outcome(
    graph: Graph, folder: Path, names: Mapping[str, Any], lost: Callable[[str], BaseException | None] = lambda address: None
) -> Outcome:  # fmt: skip
    """Return the outcome of a run whose artifacts lie in a folder.

    Where no pod recorded it, the workflow's own code is replayed with the recorded outcomes of its steps; `names` are its arguments. Where
    one of them is missing, `lost` may say by its address which exception that is; else it is StepKilled.
    """
    file = folder / "result" / "v"
    if file.is_file():
        return decode(file.read_bytes(), where=graph.main.name, files=user_files(locate(None)))
    flow = graph.main
    function = cast(WorkflowFunction[..., Any], graph.bindings[flow.key]).function
    compiled = compile_slice(flow.result.code, cast(Any, function), f"{flow.name} result")
    frame = _Frame(folder / "main", "")
    try:
        return with_files(Value(compiled(Replay(frame, names, (), graph.bindings))), user_files(locate(None)))
    except NotRun as missing:
        path = spell(*missing.address)
        known = lost(frame.file(*missing.address).relative_to(folder).as_posix())
        if known is not None:
            return Raised(known)
        return Raised(
            StepKilled(f"the pod of {path} ended without recording an outcome", path.rpartition(".")[2], path)
        )
    except BaseException as error:
        return with_files(Raised(error), user_files(locate(None)))


def stored_steps(graph: Graph, folder: Path, seen: Mapping[str, Seen]) -> list[StepRun]:
    """Return the step runs whose outcomes are in a folder, in program order. `seen` goes by the path of an outcome in the folder."""
    runs = []
    for file, run in _flow(graph, graph.main, folder, "main", ""):
        ran = seen[file.relative_to(folder).as_posix()]
        run.attempts, run.started, run.finished = ran.attempts, ran.started, ran.finished
        runs.append(run)
    return runs


def _flow(graph: Graph, flow: Flow, folder: Path, name: str, path: str) -> Iterator[tuple[Path, StepRun]]:
    calls = [node.id for node in flow.body.walk() if isinstance(node, Call)]
    yield from _region(graph, flow.body, folder, name, path, (), calls)


def _region(
    graph: Graph, region: Region, folder: Path, frame: str, path: str, indices: Indices, calls: list[str]
) -> Iterator[tuple[Path, StepRun]]:  # fmt: skip
    store = _Frame(folder / frame, path)
    for node in region:
        here = f"{path}.{spell(node.id, indices)}" if path else spell(node.id, indices)
        if isinstance(node, Step):
            file = store.file(node.id, indices)
            if file.is_file():
                outcome = decode(file.read_bytes(), where=node.name, files=user_files(locate(None)))
                status = "Failed" if isinstance(outcome, Raised) else "Succeeded"
                source = f"{os.path.basename(node.origin.filename)}:{node.origin.lineno}"
                yield file, StepRun(node.name, here, status, source, {}, outcome)
        elif isinstance(node, Call):
            inner = f"{frame}/.{calls.index(node.id)}{ix_text(indices)}"
            if (folder / inner).is_dir():
                yield from _flow(graph, graph.flow(node.flow), folder, inner, here)
        elif isinstance(node, (Map, Loop)):
            for i in _indices(node, store, folder, frame, indices, calls):
                yield from _region(graph, node.body, folder, frame, path, (*indices, i), calls)
        else:
            for inner_region in node.regions:
                yield from _region(graph, inner_region, folder, frame, path, indices, calls)


def _indices(
    node: Map | Loop, store: _Frame, folder: Path, frame: str, indices: Indices, calls: list[str]
) -> list[int]:
    """Return the iterations of which something is recorded."""
    found: set[int] = set()
    for inner in node.body.walk():
        if isinstance(inner, (Step, Call)):
            places = [store.file(inner.id, indices).parent]
            if isinstance(inner, Call):
                places.append(folder / f"{frame}/.{calls.index(inner.id)}{ix_text(indices)}")
            for place in places:
                found |= {int(p.name) for p in place.iterdir() if p.name.isdigit()} if place.is_dir() else set()
    return sorted(found)
