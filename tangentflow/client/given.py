"""The inputs of a step run on Argo, by parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from tangentflow.client.inputs import Lost
from tangentflow.client.records import Record
from tangentflow.engine.parameters import bind_to
from tangentflow.engine.run import StepRun
from tangentflow.engine.store import locate, user_files
from tangentflow.runtime.codec import decode
from tangentflow.runtime.outcome import Value

__all__ = ["given"]


def given(record: Record, step: StepRun) -> Mapping[str, Any]:
    """Return what a step run was given, by parameter; nothing for one that was not reached.

    Raises ClusterError if the code of the run cannot be run here.
    """
    assert step.place is not None
    frame, site, indices = step.place
    try:
        with record.inputs() as inputs:
            _, data = inputs.of(frame, site, indices)
    except Lost:
        return {}
    found = decode(data, where=step.name, files=user_files(locate(None)))
    code = record.code(frame, site)
    return bind_to("" if code is None else code["parameters"], *cast(Value, found).value)
