"""Reading a run from the folder or bucket in which its pods left their outcomes."""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tangentflow.argo.names import key
from tangentflow.argo.taken import NOTHING, Taken
from tangentflow.decorators import WorkflowFunction
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import locate, user_files
from tangentflow.errors import StepKilled
from tangentflow.graph.exits import with_exit
from tangentflow.graph.nodes import Call, Flow, Graph, Loop, Map, Region, Step
from tangentflow.runtime.codec import decode, with_files
from tangentflow.runtime.exits import FRAME, PATH, RESULT
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.podfiles import Indices, ix_text, parse_ix, spell
from tangentflow.runtime.replay import Address, Done, NotRun, Replay, Returned
from tangentflow.runtime.slices import bind, compile_slice

__all__ = ["Seen", "stored_exit", "stored_outcome", "stored_steps"]


@dataclass(frozen=True)
class Seen:
    """What the engine tells of a step run: how often it was started, when its first attempt began and its last one ended, why, and what its pods printed."""

    attempts: int
    started: float
    finished: float | None
    message: str = ""
    logs: str = ""


class _Frame:
    """The outcomes of one call of a workflow, as the store of a replay."""

    def __init__(self, folder: Path, frame: str, path: str, taken: Taken = NOTHING) -> None:
        self.run = folder
        self.folder = folder / frame
        self.frame = frame
        self.path = path
        self.taken = taken

    def file(self, site: str, indices: Indices) -> Path:
        return Path(f"{self.folder}/{key(site)}{ix_text(indices)}/v")

    def source(self, site: str, indices: Indices) -> int:
        """Return the source of an outcome that is taken over from an earlier run, 0 for one of this run."""
        return self.taken.table.get(self.frame, {}).get(site, {}).get(ix_text(indices), 0)

    def earlier(self, source: int, site: str, indices: Indices) -> bytes:
        """Return the bytes of an outcome that is taken over."""
        if source < 0:
            return self.taken.seeds[-source - 1]
        own = self.file(site, indices).relative_to(self.run)
        return (self.run.parent / self.taken.sources[source - 1].uid / own).read_bytes()

    def outcome(self, address: Address, own: bool) -> Any:
        """Return a value or raise the exception; raise NotRun if there is none."""
        file, source = self.file(*address), self.source(*address)
        if not source and not file.is_file():
            raise NotRun(address)
        found = decode(self.earlier(source, *address) if source else file.read_bytes(), where=address[0])
        if isinstance(found, Raised):
            raise found.exception
        return found.value

    def left(self, address: Address) -> Done | Returned:
        """Return what a serial loop left."""
        return cast("Done | Returned", self.outcome(address, False))

    def message(self, call: Callable[[], object]) -> None:
        """Issue nothing: if a pod did not, nobody asked for it."""


def stored_outcome(
    graph: Graph, folder: Path, names: Mapping[str, Any], lost: Callable[[str], BaseException | None] = lambda address: None,
    taken: Taken = NOTHING,
) -> Outcome:  # fmt: skip
    """Return the outcome of a run whose artifacts lie in a folder.

    Where no pod recorded it, the workflow's own code is replayed with the recorded outcomes of its steps; `names` are its arguments. Where
    one of them is missing, `lost` may say by its address which exception that is; else it is StepKilled. `taken` is what the run took over.
    """
    return _stored(graph, folder, names, "result", "main", lost, taken)


def stored_exit(graph: Graph, folder: Path, status: str) -> Outcome:
    """Return the outcome of the exit handler of a run whose artifacts lie in a folder."""
    assert graph.exit is not None
    function = cast(WorkflowFunction[..., Any], graph.exit.bindings[graph.exit.root]).function
    names = bind(cast(types.FunctionType, function), (status,), {})
    return _stored(graph.exit, folder, names, RESULT, FRAME, lambda address: None)


def _stored(
    graph: Graph, folder: Path, names: Mapping[str, Any], result: str, start: str, lost: Callable[[str], BaseException | None],
    taken: Taken = NOTHING,
) -> Outcome:  # fmt: skip
    file = folder / result / "v"
    if file.is_file():
        return decode(file.read_bytes(), where=graph.main.name, files=user_files(locate(None)))
    flow = graph.main
    function = cast(WorkflowFunction[..., Any], graph.bindings[flow.key]).function
    compiled = compile_slice(flow.result.code, cast(Any, function), f"{flow.name} result")
    frame = _Frame(folder, start, "", taken)
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


def stored_steps(graph: Graph, folder: Path, seen: Mapping[str, Seen], taken: Taken = NOTHING) -> list[StepRun]:
    """Return the step runs whose outcomes are in a folder, or taken over, in program order. `seen` goes by the path of an outcome in the folder."""
    runs = []
    found = [*_flow(graph, graph.main, folder, "main", "", taken)]
    if graph.exit is not None:
        found += _flow(with_exit(graph), graph.exit.main, folder, FRAME, PATH, NOTHING)
    for file, run in found:
        if run.cached:
            runs.append(run)
            continue
        ran = seen[file.relative_to(folder).as_posix()]
        run.attempts, run.started, run.finished = ran.attempts, ran.started, ran.finished
        run.wrote(ran.logs)
        runs.append(run)
    return runs


def _flow(graph: Graph, flow: Flow, folder: Path, name: str, path: str, taken: Taken) -> Iterator[tuple[Path, StepRun]]:
    calls = [node.id for node in flow.body.walk() if isinstance(node, Call)]
    yield from _region(graph, flow.body, folder, name, path, (), calls, taken)


def _region(
    graph: Graph, region: Region, folder: Path, frame: str, path: str, indices: Indices, calls: list[str], taken: Taken
) -> Iterator[tuple[Path, StepRun]]:  # fmt: skip
    store = _Frame(folder, frame, path, taken)
    for node in region:
        here = f"{path}.{spell(node.id, indices)}" if path else spell(node.id, indices)
        if isinstance(node, Step):
            file, number = store.file(node.id, indices), store.source(node.id, indices)
            if file.is_file() or number:
                data = store.earlier(number, node.id, indices) if number else file.read_bytes()
                outcome = decode(data, where=node.name, files=user_files(locate(None)))
                status = "Failed" if isinstance(outcome, Raised) else "Cached" if number else "Succeeded"
                source = f"{os.path.basename(node.origin.filename)}:{node.origin.lineno}"
                yield file, StepRun(
                    node.name, here, status, source, {}, outcome, cached=bool(number), why=taken.told.get(str(number), ""),
                    place=(frame, node.id, indices),
                )  # fmt: skip
        elif isinstance(node, Call):
            inner = f"{frame}/.{calls.index(node.id)}{ix_text(indices)}"
            if (folder / inner).is_dir() or _is_taken(taken, inner):
                yield from _flow(graph, graph.flow(node.flow), folder, inner, here, taken)
        elif isinstance(node, (Map, Loop)):
            for i in _indices(node, store, folder, frame, indices, calls):
                yield from _region(graph, node.body, folder, frame, path, (*indices, i), calls, taken)
        else:
            for inner_region in node.regions:
                yield from _region(graph, inner_region, folder, frame, path, indices, calls, taken)


def _is_taken(taken: Taken, frame: str) -> bool:
    """Whether anything of a call, or of what it calls, is taken over."""
    return any(other == frame or other.startswith(f"{frame}/") for other in taken.table)


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
    found |= set(_taken_indices(node, store.taken, frame, indices, calls))
    return sorted(found)


def _taken_indices(
    node: Map | Loop, taken: Taken, frame: str, indices: Indices, calls: list[str]
) -> Iterator[int]:  # fmt: skip
    """Yield the iterations of which something is taken over."""
    for inner in node.body.walk():
        texts = [*taken.table.get(frame, {}).get(inner.id, {})] if isinstance(inner, (Step, Call)) else []
        if isinstance(inner, Call):
            start = f"{frame}/.{calls.index(inner.id)}"
            texts += [name[len(start) :].partition("/.")[0] for name in taken.table if name.startswith(f"{start}/")]
        for text in texts:
            found = parse_ix(text)
            if found[: len(indices)] == indices and len(found) > len(indices):
                yield found[len(indices)]
