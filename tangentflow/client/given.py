"""The inputs of a step run on Argo, by parameter."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, cast

from tangentflow.client.inputs import Lost
from tangentflow.client.records import Record
from tangentflow.decorators import StepFunction
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import locate, user_files
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Value

__all__ = ["given"]


def given(record: Record, graph: Graph | None, step: StepRun) -> Mapping[str, Any]:
    """Return what a step run was given, by parameter; nothing for one that was not reached.

    Without a graph, arguments by position have numbers for names. Raises ClusterError if the code of the run cannot be run here.
    """
    assert step.place is not None
    frame, site, indices = step.place
    try:
        with record.inputs() as inputs:
            _, data = inputs.of(frame, site, indices)
    except Lost:
        return {}
    found = decode(data, where=step.name, files=user_files(locate(None)))
    args, kwargs = cast(Value, found).value
    callee = record.flow(frame)["nodes"][site]["callee"]
    function = graph.bindings.get(callee) if graph is not None else None
    if isinstance(function, StepFunction):
        try:
            return dict(inspect.signature(function.function).bind(*args, **kwargs).arguments)
        except TypeError:
            pass
    return {**{str(i): value for i, value in enumerate(args)}, **kwargs}
