"""A whole run on this machine: its workflow, then its exit handler, then its end."""

from __future__ import annotations

from collections.abc import Callable

from tangentflow.engine.driver import Driver
from tangentflow.graph.exits import exit_name
from tangentflow.graph.nodes import Graph
from tangentflow.runtime.exits import after_exit, status_of

__all__ = ["Follow", "drive"]

Follow = Callable[[Graph, str, Driver], Driver]
"""Makes the driver of an exit handler: its graph, the status that it is given, the driver of the workflow."""


def drive(driver: Driver, follow: Follow) -> None:
    """Run to the end, which the run is told, whatever is raised here: an interrupt does not keep the exit handler from being called."""
    run, recorder, graph = driver.run, driver.recorder, driver.machine.graph
    try:
        driver.drive()
    finally:
        outcome, cancelled = driver.outcome, driver.is_cancelled
        assert outcome is not None
        last: Driver | None = None
        try:
            if graph.exit is not None:
                recorder.forget_earlier()
                last = follow(graph.exit, status_of(outcome, cancelled), driver)
                last.drive()
        finally:
            if last is not None:
                outcome = after_exit(outcome, exit_name(graph), last.outcome)
            run.end(outcome, cancelled)
            try:
                recorder.end(outcome)
            finally:
                recorder.close()
            driver.tell("run-ended")
