"""What a run on Argo does without, in words."""

from __future__ import annotations

from typing import Any, cast

from tangentflow.argo.chunks import unchunked
from tangentflow.argo.document import planned
from tangentflow.decorators import StepFunction
from tangentflow.graph.exits import with_exit
from tangentflow.graph.nodes import Graph, Step

__all__ = ["notes"]


def notes(graph: Graph, kept: bool = True) -> list[str]:
    """Return in words what a run on Argo does without. `kept`: values of steps with `cache=` are."""
    whole = with_exit(graph)
    sites = {(n.name, n.callee): None for flow in whole.flows for n in flow.body.walk() if isinstance(n, Step)}
    functions = [(name, cast(StepFunction[..., Any], whole.bindings[callee])) for name, callee in sites]
    cached = list(dict.fromkeys(name for name, function in functions if function.policy.cache))
    told = []
    if cached and not kept:
        told = [
            f"cache= of {', '.join(cached)} finds values only in a run that is given as reuse=: simulations keep none"
        ]
    if any(function.option("chunk", 0) > 1 for _, function in functions):
        single = unchunked(whole, planned(graph)[0])
        if single:
            told.append(
                f"chunk= of {', '.join(single)} has no effect on Argo: it is for fan-outs of which each iteration is one step and nothing else"
            )
    return told
