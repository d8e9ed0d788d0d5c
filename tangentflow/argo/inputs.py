"""What a pod loads: the recorded outcomes, loop heads and arguments that its replays look up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tangentflow.argo.names import key
from tangentflow.argo.shape import FlowPlan, Pod, opening
from tangentflow.graph.nodes import Glue, Input, Loop, Map, Slice, Step

__all__ = ["Loaded", "loaded", "needs_args"]

FRAME, IX, UP, ARGS = (f"{{{{inputs.parameters.{name}}}}}" for name in ("frame", "ix", "up", "args"))


@dataclass(frozen=True)
class Loaded:
    """An input: `what` it is for the pod, its address in the run, whether it is a folder, and whether it must exist.

    `depth` is how many indices of the pod its address contains. `source` is the number of the earlier run that it lies in, 0 for this run.
    """

    what: str
    address: str
    depth: int
    folder: bool = False
    required: bool = False
    source: int = 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that its address contains."""
        return tuple(
            name for name in ("frame", "ix", "up", "args") if f"{{{{inputs.parameters.{name}}}}}" in self.address
        )


def loaded(plan: FlowPlan, pod: Pod, called: bool) -> list[Loaded]:
    """Return the inputs of a pod; `called`: arguments may come from a caller."""
    nodes = plan.nodes
    found: dict[tuple[str, int], Loaded] = {}
    names: set[str] = set()
    for slice_, sure in _slices(plan, pod):
        names |= set(slice_.names) if slice_.start is not None else set()
        for wanted in slice_.inputs:
            site = wanted.site
            if (site in pod.hosted and plan.glue_like(nodes[site])) or (pod.step is not None and site == pod.step.id):
                continue
            for item in _with_earlier(
                plan, site, _outcome(plan, pod, slice_, wanted, sure and isinstance(nodes[site], Step))
            ):
                if (item.what, item.source) not in found or item.required:
                    found[item.what, item.source] = item
    for item in [*_own_earlier(plan, pod), *_heads(plan, pod, names)]:
        found.setdefault((item.what, item.source), item)
    if called and needs_args(plan, pod):
        found["args", 0] = Loaded("args", f"{ARGS}/v", 0)
    return [found[what] for what in sorted(found)]


def _with_earlier(plan: FlowPlan, site: str, item: Loaded) -> Iterator[Loaded]:
    """Yield an input from where its outcomes may lie: in this run, and in the earlier runs that they are taken over from."""
    taken, flow = plan.taken, plan.flow.key
    if (flow, site) not in taken.of_flow:
        yield item
        return
    sources = taken.sources_of(flow, site)
    if (flow, site) not in taken.done:
        yield replace(item, required=False)
    for source in sources:
        yield replace(item, required=item.required and taken.is_certain(flow, site), source=source)


def _own_earlier(plan: FlowPlan, pod: Pod) -> Iterator[Loaded]:
    """Yield what a pod loads in place of making it: outcomes of its step, and of what it evaluates, that are taken over."""
    depth = len(pod.block.loops)
    wanted = [] if pod.step is None else [pod.step.id]
    for name in pod.hosted:
        node = plan.nodes.get(name)
        if isinstance(node, (Glue, Loop)) or name in plan.local:
            wanted.append(name)
            wanted += [inner.id for region in node.regions for inner in region.walk()] if node is not None else []
    for site in dict.fromkeys(wanted):
        address = f"{FRAME}/{key(site)}{IX if depth else ''}"
        deeper = plan.depths[site] > depth
        item = (
            Loaded(f"all:{site}", address, depth, folder=True)
            if deeper
            else Loaded(f"out:{site}", f"{address}/v", depth)
        )
        for source in plan.taken.sources_of(plan.flow.key, site):
            yield replace(item, source=source)


def needs_args(plan: FlowPlan, pod: Pod) -> bool:
    """Whether a pod reads the arguments of its flow."""
    return any(_needs_args(plan, slice_) for slice_, _ in _slices(plan, pod))


def _slices(plan: FlowPlan, pod: Pod) -> Iterator[tuple[Slice, bool]]:
    """Yield the slices that a pod runs from what it loads, and whether what they require exists for sure."""
    level = pod.block.loops[-1] if pod.block.loops else None
    if pod.step is not None:
        yield pod.step.slice, True
    nodes = plan.nodes
    for name in pod.hosted:
        if name in nodes and opening(nodes[name]).start == level:
            yield opening(nodes[name]), False
    gates = [plan.gates[name] for name in dict.fromkeys(pod.hosted) if name in plan.gates]
    for _, gate in sorted(gates, key=lambda item: item[0]):
        if gate.slice.start == level:
            yield gate.slice, False
    for end in pod.ends:
        node = nodes[end] if end is not None else None
        assert node is None or isinstance(node, Loop)
        yield (plan.flow.result if node is None else node.advance), False


def _outcome(plan: FlowPlan, pod: Pod, slice_: Slice, wanted: Input, sure: bool) -> Loaded:
    depth = len(pod.block.loops) if slice_.start is not None else 0
    if depth and pod.chunk:  # the outcomes of all iterations
        up = UP if depth > 1 else ""
        return Loaded(f"all:{wanted.site}", f"{FRAME}/{key(wanted.site)}{up}", depth - 1, folder=True)
    address = f"{FRAME}/{key(wanted.site)}{IX if depth else ''}"
    if wanted.every:
        return Loaded(f"all:{wanted.site}", address, depth, folder=True)
    return Loaded(f"out:{wanted.site}", f"{address}/v", depth, required=sure and _certain(plan, pod, wanted.site))


def _certain(plan: FlowPlan, pod: Pod, site: str) -> bool:
    """Whether a site stands in a block around the pod, so that its outcome is there when the pod starts."""
    block = pod.block
    while True:
        if site in block.ids:
            return True
        if block.parent is None or block.parent.loops != block.loops:
            return False
        block = block.parent


def _heads(plan: FlowPlan, pod: Pod, names: set[str]) -> Iterator[Loaded]:
    """Yield what the head of the innermost loop around a pod is made of, as far as its slices take names from there."""
    if not pod.block.loops:
        return
    node = plan.nodes[pod.block.loops[-1]]
    assert isinstance(node, (Map, Loop))
    outer = UP if len(pod.block.loops) > 1 else ""
    entry = Loaded(f"entry:{node.id}", f"{FRAME}/{key(node.id)}-entry{outer}/v", 0)
    if isinstance(node, Map):
        if node.id in plan.static or node.id in plan.seeded:
            return
        if names & set(node.entry):
            yield entry
        if names & set(node.item):
            what, address = f"item:{node.id}", f"{FRAME}/{key(node.id)}-item{IX}"
            yield Loaded(what, address, 0, folder=True) if pod.chunk else Loaded(what, f"{address}/v", 0)
        return
    ending = node.id in pod.ends
    shared = {*node.invariant, *([node.var] if node.var else [])}
    if node.id not in plan.static and (ending or names & shared):
        yield entry
    if ending or names & set(node.carried):
        yield Loaded(f"head:{node.id}", f"{FRAME}/{key(node.id)}-head{IX}/v", 0)


def _needs_args(plan: FlowPlan, slice_: Slice) -> bool:
    """Whether a slice takes an argument of the flow, directly or through a loop that every pod lists anew."""
    if slice_.start is None:
        return bool(slice_.names)
    if slice_.start not in plan.static:
        return False
    return _needs_args(plan, opening(plan.nodes[slice_.start]))
