"""A strict simulation of the Argo controller, for the documents that tangentflow emits."""

from __future__ import annotations

from tangentflow.simulator.errors import DocumentRefused, NotSimulated, SimulationError
from tangentflow.simulator.nodes import Node
from tangentflow.simulator.run import POD_ROOT_ANNOTATION, Action, SimulatedRun, simulate

__all__ = [
    "POD_ROOT_ANNOTATION",
    "Action",
    "DocumentRefused",
    "Node",
    "NotSimulated",
    "SimulatedRun",
    "SimulationError",
    "simulate",
]
