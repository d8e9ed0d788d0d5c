"""Which pod does what.

Requires a flow of a checked graph. Provides its `FlowPlan`. Steps have a pod each. Everything else is a replay of recorded
outcomes, so any pod that has those can evaluate it: it is *hosted* by the last step that it needs, or by whoever opens its region;
only where neither will do there is a pod of its own, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tangentflow.argo import ends
from tangentflow.argo.names import Names
from tangentflow.argo.reach import depth, gate, guarded
from tangentflow.argo.shape import Block, FlowPlan, Gate, Pod, Task
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Input, Loop, Map, Node, Slice, Step

__all__ = ["plan_flow"]

DEFAULTS = {If: "2", Map: "0", Loop: "0", Call: "0"}
PLAIN, ITEM, NONE = "plain", "item", "none"
"""How flags of a block get to it: as parameters, as keys of the item (texts and numbers only), or not at all."""


def plan_flow(graph: Graph, flow: Flow, images: dict[str, str | None]) -> FlowPlan:
    """Plan one flow. `images` are the images of step functions that have one of their own, by key."""
    return _Planner(graph, flow, images).plan


def _own_slice(node: Node) -> Slice:
    if isinstance(node, If):
        return node.test
    if isinstance(node, Map):
        return node.scan
    return node.entry if isinstance(node, Loop) else node.slice


class _Planner:
    def __init__(self, graph: Graph, flow: Flow, images: dict[str, str | None]) -> None:
        self.graph = graph
        self.flow = flow
        self.images = images
        self.names = Names()
        self.place: dict[str, list[tuple[str, str]]] = {}
        self.gates: dict[str, Slice | None] = {}
        self.given: dict[str, list[Task]] = {}
        self.hoisted: set[str] = set()
        self.known_gates: dict[tuple[str, str], str] = {}
        local = {n.id for n in flow.body.walk() if _is_local(n)}
        self.plan = FlowPlan(flow, {}, [], {}, {}, {}, set(), local)
        self.task_names: dict[str, Names] = {}
        self._blocks(Block("", flow.body, None, None, (), 0), [])
        for node in flow.body.walk():
            if isinstance(node, (If, Map, Loop, Call)):
                self.plan.flags[node.id] = self.names.take(f"{node.id}-{type(node).__name__.lower()}")
        root = self.plan.blocks[""]
        self._block(root, PLAIN)
        ends.close(self.plan, root, None, self._helper)

    # --- structure

    def _blocks(self, block: Block, trail: list[tuple[str, str]]) -> None:
        self.plan.blocks[block.key] = block
        for node in block.region:
            here = [*trail, (block.key, node.id)]
            self.place[node.id] = here
            for index, region in enumerate(node.regions):
                is_if = isinstance(node, If)
                loops = block.loops if is_if else (*block.loops, node.id)
                self._blocks(Block(f"{node.id}:{index}", region, node, block, loops, block.ifs + 1 if is_if else 0), here)

    def _level(self, site: str, block: Block) -> str | None:
        """Return the node of a block that is or holds a site; None if the site stands outside."""
        for key, node in self.place[site]:
            if key == block.key:
                return node
        return None

    def _gate(self, step: Step, block: Block) -> Slice | None:
        """Return the gate of a step; None if it is reached whenever its region is entered, or whenever what it needs has run."""
        if step.id not in self.gates:
            self.gates[step.id] = None
            self.gates[step.id] = self._find_gate(step, block)
        return self.gates[step.id]

    def _find_gate(self, step: Step, block: Block) -> Slice | None:
        owner = self._loop(block)
        found = gate(step.slice)
        behind_test = owner is not None and block.ifs == 0 and depth(step.slice) == 1 and bool(found.inputs)
        if not guarded(step.slice) and not behind_test:
            return None
        return found

    def _implied(self, step: Step, block: Block) -> bool:
        """Whether a step can only be reached if another one that it waits for was: then that one's gate is enough."""
        own = self._gate(step, block)
        for wanted in step.slice.inputs:
            level = self._level(wanted.site, block)
            other = next((n for n in block.region if n.id == level), None)
            if isinstance(other, Step) and own is not None:
                theirs = self._gate(other, block)
                if theirs is not None and theirs.code == own.code:
                    return True
        return False

    def _loop(self, block: Block) -> Loop | None:
        while block.parent is not None and isinstance(block.owner, If):
            block = block.parent
        return block.owner if isinstance(block.owner, Loop) and block.owner.kind == "while" else None

    # --- what can begin with its region

    def _begins(self, block: Block, way: str) -> Iterator[tuple[Node | Gate, Sequence[Input]]]:
        """Yield what a block's opener can evaluate at once: all whose inputs stand outside, inner blocks included."""
        early: set[str] = set()
        for node in block.region:
            wanted = self._gate(node, block) if isinstance(node, Step) else None
            if isinstance(node, Step):
                if wanted is None or self._implied(node, block):
                    continue
                inputs: Sequence[Input] = wanted.inputs
            else:
                inputs = self._inputs(node)
            levels = {self._level(i.site, block) for i in inputs}
            if levels - early - {None}:
                continue
            if isinstance(node, Glue) or node.id in self.plan.local:
                early.add(node.id)
            elif way == NONE:
                continue
            yield (Gate("", wanted, block) if wanted is not None else node), inputs
            if node.id not in self.plan.local:
                for inner, inner_way in self._inner(node, way):
                    yield from self._begins(inner, inner_way)

    def _inner(self, node: Node, way: str) -> list[tuple[Block, str]]:
        """Return the blocks of a node and how flags get there if they get to the node in a certain way."""
        blocks = [self.plan.node_block(node, index) for index in range(len(node.regions))]
        if isinstance(node, Map):
            return [(blocks[0], ITEM if way == PLAIN else NONE)]
        return [(block, way) for block in blocks]

    def _inputs(self, node: Node) -> list[Input]:
        """Return what is looked up to evaluate a node: for one without steps in it, everything that it looks up outside."""
        if node.id not in self.plan.local or not node.regions:
            return list(_own_slice(node).inputs)
        found = list(_own_slice(node).inputs)
        inside = {node.id}
        for region in node.regions:
            for inner in region.walk():
                inside.add(inner.id)
                if isinstance(node, If):
                    found += _own_slice(inner).inputs
        return [i for i in found if i.site not in inside]

    # --- placing

    def _block(self, block: Block, way: str) -> None:
        """Place everything in a block and in its inner blocks; `way` is how flags from its opener get here."""
        for node in block.region:
            if node.id in self.hoisted:
                self.given[node.id] = []
                self._tasks(node, block, None, [], way)
            elif isinstance(node, Step):
                self._step(node, block)
            else:
                self._opener(node, block)
        if isinstance(block.owner, Loop):
            ends.close(self.plan, block, block.owner, self._helper)

    def _step(self, step: Step, block: Block) -> None:
        pod = Pod(block, step, image=self.images.get(step.callee))
        self.plan.pods.append(pod)
        task = self._task(block, step.id, "pod", pod=pod, node=step)
        self._wait(task, self._needed(step.slice.inputs, block))
        wanted = self._gate(step, block)
        if wanted is not None:
            task.gate = wanted.code
            if not self._implied(step, block):
                task.flag, host = self._gate_flag(step, wanted, block)
                self._wait(task, host)
        self.given[step.id] = [task]

    def _gate_flag(self, step: Step, wanted: Slice, block: Block) -> tuple[str, list[Task]]:
        known = self.known_gates.get((block.key, wanted.code))
        if known is None:
            known = self._new_gate(wanted, block, step.id)
            host = self._host(block, wanted.inputs, "guard", f"tells whether {step.id} is reached")
            self._put(host.pod, known, "0")
            self.homes_task[known] = host
        home = self.homes_task.get(known)
        return known, [home] if home is not None and home.block is block else []

    def _new_gate(self, wanted: Slice, block: Block, site: str) -> str:
        flag = self.names.take(f"{site}-gate")
        self.known_gates[(block.key, wanted.code)] = flag
        block.gates.append(Gate(flag, wanted, block))
        return flag

    @property
    def homes_task(self) -> dict[str, Task]:
        """The tasks of pods that write flags."""
        return self._homes_task

    _homes_task: dict[str, Task]
