"""Which pod does what.

Requires a flow of a graph. Provides its `FlowPlan`. Steps have a pod each. Everything else is a replay of recorded outcomes, so
any pod that has those can evaluate it: it is *hosted* by the last step that it needs, or by whoever opens its region; only
where neither will do there is a pod of its own, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tangentflow.argo.constants import Constants
from tangentflow.argo.ends import close
from tangentflow.argo.guards import guard, implied, is_guard, stepless
from tangentflow.argo.names import Names
from tangentflow.argo.reach import guarded
from tangentflow.argo.shape import Block, Flag, FlowPlan, Gate, Pod, StepPods, Task, opening
from tangentflow.argo.split import split
from tangentflow.argo.taken import NOTHING, Place, Taken, innermost
from tangentflow.errors import InternalError
from tangentflow.graph.nodes import Call, Flow, Glue, If, Input, Loop, Map, Node, Slice, Step, Try

__all__ = ["plan_flow"]

ITEM, NONE = "item", "none"
"""How flags get to a block besides as parameters (None): as a key of an item, or not at all."""

_DEFAULTS = {If: "2", Try: "none", Map: "0", Loop: "0", Call: "0"}
_WORDS = {If: "test", Try: "caught", Map: "scan", Loop: "entry", Call: "args", Glue: "glue"}

Around = tuple[tuple[Block, set[str]], ...]
"""Blocks in each other, with what is known in each of them."""
Early = tuple[Node, Slice | None, Block, str | None, Sequence[Input]]
"""What is evaluated when a region is opened: a node (for a step: its gate), its block, the fan-out that carries its flag, its inputs."""


def plan_flow(
    flow: Flow, pods: StepPods, called: bool, constants: Constants, taken: Taken = NOTHING
) -> FlowPlan:  # fmt: skip
    """Plan one flow. `pods` are those of steps that are not like all others; `called`: another flow or itself calls it.

    What is `taken` over from earlier runs gets no tasks where nothing is left to do.
    """
    for node in flow.body.walk():
        if type(node) not in (Step, *_WORDS):
            raise InternalError("documents cannot be made of such a node yet", node=node.id, kind=type(node).__name__)
    planner = _Planner(flow, pods, constants, taken)
    root = planner.plan.blocks[""]
    planner.block(root)
    close(planner.plan, root, None, called)
    split(planner.plan)
    return planner.plan


class _Planner:
    def __init__(self, flow: Flow, pods: StepPods, constants: Constants, taken: Taken) -> None:
        self.pods = pods
        self.constants = constants
        self.taken = taken
        guarded_flow, self.gates_of = guard(flow)
        self.plan = FlowPlan(guarded_flow, taken=taken)
        self.plan.local = stepless(guarded_flow)
        self.done = frozenset(name for name, node in self.plan.nodes.items() if self._place(node) in taken.done)
        self.steps = frozenset(
            name for name, node in self.plan.nodes.items() if isinstance(node, Step) and name not in self.done
        )
        self.names = Names()
        self.trail: dict[str, dict[str, str]] = {}
        self.given: dict[str, list[Task]] = {}
        self.hoisted: set[str] = set()
        self.gates: dict[tuple[str, str], Gate] = {}
        self.unions: dict[str, list[Input]] = {}
        self._blocks(Block("", guarded_flow.body, None, None, ()), {})

    def _blocks(self, block: Block, trail: dict[str, str]) -> None:
        """Make the blocks; note for each node which node of each block around it it is or stands in."""
        self.plan.blocks[block.key] = block
        for node in block.region:
            here = self.trail[node.id] = {**trail, block.key: node.id}
            for index, region in enumerate(node.regions):
                branch = isinstance(node, (If, Try))
                loops = block.loops if branch else (*block.loops, node.id)
                self._blocks(Block(f"{node.id}:{index}", region, node, block, loops), here)

    # --- what is taken over

    def _place(self, node: Node) -> Place:
        """Return the place of a node; of a branch that only tells whether one is reached, that of this one."""
        return self.plan.flow.key, innermost(node).id

    def _arm(self, node: Node) -> int | None:
        """Return the arm of a branch that is run, if that is known now."""
        if node.id in self.plan.local:
            return None
        if is_guard(node):
            return 0 if self._place(node) in self.taken.reached else None
        return self.taken.arms.get(self._place(node)) if isinstance(node, If) else None

    def _gates_of(self, step: Step) -> list[Slice]:
        return [] if self._place(step) in self.taken.reached else self.gates_of.get(step.id, [])

    def _asked(self, step: Step, block: Block) -> list[Slice]:
        """Return the gates that must be looked at before a step runs."""
        found = self._gates_of(step)
        return [] if found and implied(step, block.ids, self.gates_of, self.steps) else found

    # --- what can be evaluated when its region is opened

    def _early(self, block: Block, way: str | None, carrier: str | None, around: Around = ()) -> Iterator[Early]:
        """Yield what the pod that opens a block can evaluate at once: all that needs nothing from the block itself, and from those `around` it
        only what is known there too.
        """
        known: set[str] = set()
        around = (*around, (block, known))
        for node in block.region:
            if node.id in self.done:  # nobody loads it here: who needs it is opened where it can be loaded
                continue
            if isinstance(node, Step):
                yield from self._early_gates(node, block, way, carrier, around)
                continue
            if self._arm(node) is not None or self._place(node) in self.taken.heads:
                continue
            if isinstance(node, Call) and self._is_static(node):
                continue
            inputs = self._inputs(node)
            if self._missing(inputs, around):
                continue
            if self.plan.glue_like(node):
                known.add(node.id)
            elif way == NONE:
                continue
            yield node, None, block, carrier, inputs
            yield from self._inside(node, way, carrier, around)

    def _early_gates(
        self, step: Step, block: Block, way: str | None, carrier: str | None, around: Around
    ) -> Iterator[Early]:
        for asked in self._asked(step, block):
            if way != NONE and not self._missing(asked.inputs, around):
                yield step, asked, block, carrier, asked.inputs

    def _missing(self, inputs: Iterable[Input], around: Around) -> bool:
        """Whether something is looked up that one of these blocks gives (the innermost that it stands in) and that is not known there."""
        for wanted in inputs:
            trail = self.trail[wanted.site]
            home = next(((trail[block.key], known) for block, known in reversed(around) if block.key in trail), None)
            if home is not None and home[0] not in home[1]:
                return True
        return False

    def _inside(self, node: Node, way: str | None, carrier: str | None, around: Around = ()) -> Iterator[Early]:
        """Yield what can be evaluated in the blocks of a node when it is opened itself."""
        if node.id in self.plan.local:
            for inner in [n for region in node.regions for n in region.walk()]:
                yield inner, None, self.plan.blocks[""], carrier, ()
            return
        if isinstance(node, Map):
            listed = self._place(node) in self.taken.items
            way, carrier = (ITEM, node.id) if way is None and not listed else (NONE, carrier)
        blocks = self.plan.inner(node)
        for inner_block in blocks[1:-1] if isinstance(node, Try) else blocks:
            yield from self._early(inner_block, way, carrier, around)

    def _inputs(self, node: Node) -> list[Input]:
        """Return what is looked up to evaluate a node; for one without steps in it, whatever is looked up outside of it."""
        found = list(opening(node).inputs)
        if node.id in self.plan.local and isinstance(node, (If, Try)):
            found += self._union(node)
        inside = (
            {inner.id for region in node.regions for inner in region.walk()} if node.id in self.plan.local else set()
        )
        return [wanted for wanted in found if wanted.site not in inside]

    def _union(self, node: Node) -> list[Input]:
        """Return what the regions of a branch look up outside of it. (Those of a loop start at its head and look up nothing.)"""
        if not isinstance(node, (If, Try)):
            return []
        if node.id not in self.unions:
            found: list[Input] = []
            for inner in [inner for region in node.regions for inner in region]:
                found += [*opening(inner).inputs, *self._union(inner)]
            inside = {inner.id for region in node.regions for inner in region.walk()}
            self.unions[node.id] = [wanted for wanted in dict.fromkeys(found) if wanted.site not in inside]
        return self.unions[node.id]

    # --- placing

    def block(self, block: Block) -> None:
        """Place everything in a block and in its inner blocks."""
        for node in block.region:
            if node.id in self.done:
                self.given[node.id] = []
            elif isinstance(node, Step):
                self._step(node, block)
            elif node.id in self.hoisted or self._arm(node) is not None:
                self._tasks(node, block, [])
            else:
                self._open(node, block)
        if isinstance(block.owner, Loop) and block.owner.id not in self.plan.local:
            close(self.plan, block, block.owner, True)

    def _step(self, step: Step, block: Block) -> None:
        image = self.pods.images.get(step.callee)
        pod = Pod(block, step, image=image, hosts=image is None and step.callee not in self.pods.apart)
        self.plan.pods.append(pod)
        task = block.add(step.id, "pod", node=step, pod=pod)
        task.wait(self._needed(step.slice.inputs, block))
        task.gates = {wanted.code: None for wanted in self._gates_of(step)}
        for asked in self._asked(step, block):
            known = self.gates.get((block.key, asked.code))
            if known is None:
                host = self._host(block, asked.inputs, "guard", f"tells whether {step.id} is reached")
                known = self._new_gate(asked, block, step, None)
                self._write(host, known.flag)
                host.hosted.append(known.flag.name)
            task.conditions.append((known.flag, "1"))
            task.gates[asked.code] = known.flag
            home = self.plan.homes[known.flag.name].task
            task.wait([home] if home is not None and home.block is block else [])
        self.given[step.id] = [task]

    def _new_gate(self, asked: Slice, block: Block, step: Step, carrier: str | None) -> Gate:
        made = Gate(Flag(self.names.take(f"{step.id}-gate"), "0", carrier), asked)
        self.gates[(block.key, asked.code)] = made
        block.gates.append(made)
        return made

    def _open(self, node: Node, block: Block) -> None:
        """Find a host for what opens a node and for all that can be evaluated with it."""
        if isinstance(node, Try) and node.id not in self.plan.local:
            self._body(node, block)
        early = list(self._inside(node, None, None))
        if self._place(node) in self.taken.heads and not early:
            self.plan.seeded.add(node.id)
            self._tasks(node, block, [])
            return
        sure = isinstance(node, Call) or not guarded(opening(node))
        if node.id not in self.plan.local and not early and sure and self._is_static(node):
            self._tasks(node, block, [])
            return
        inputs = [*self._inputs(node), *[wanted for _, _, _, _, more in early for wanted in more]]
        host = self._host(block, inputs, _WORDS[type(node)], _reason(node))
        for inner, asked, inner_block, carrier, _ in [(node, None, block, None, ()), *early]:
            self._hoist(inner, asked, inner_block, carrier, host)
        before = host.task.after if host.task is not None else []
        if any(task.kind == "body" and task.node is node for task in before):
            self.plan.tried.add(node.id)
        self._tasks(node, block, [host.task] if host.task is not None else [])

    def _hoist(self, node: Node, asked: Slice | None, block: Block, carrier: str | None, host: Pod) -> None:
        """Let a pod evaluate a node, or the gate of a step."""
        if asked is not None:
            assert isinstance(node, Step)
            if (block.key, asked.code) in self.gates:
                return
            made = self._new_gate(asked, block, node, carrier)
            self._write(host, made.flag)
            host.hosted.append(made.flag.name)
            return
        host.hosted.append(node.id)
        self.hoisted.add(node.id)
        if self.plan.glue_like(node) or isinstance(node, Glue):
            return
        default = "0" if is_guard(node) else _DEFAULTS[type(node)]
        flag = Flag(self.names.take(f"{node.id}-{_WORDS[type(node)]}"), default, carrier)
        self.plan.flags[node.id] = flag
        self._write(host, flag)
        if isinstance(node, Loop):
            self._write(host, self.plan.index_flag(node))

    def _write(self, host: Pod, flag: Flag) -> None:
        self.plan.homes[flag.name] = host
        if flag.carrier is None:
            host.flags.append(flag)
        else:
            self.plan.item_flags.setdefault(flag.carrier, []).append(flag)

    def _is_static(self, node: Node) -> bool:
        """Whether nobody needs to evaluate what opens a node, since it is known now; note what is known."""
        if self._is_begun(node):
            return False
        if isinstance(node, Map):
            count = self.constants.count(node)
            if count is None:
                return False
            self.plan.counts[node.id] = count
        elif isinstance(node, Loop):
            if not self.constants.begins(node):
                return False
            self.plan.flags[node.id] = Flag(self.names.take(f"{node.id}-entry"), "0")
            self.plan.known |= {self.plan.flags[node.id].name: "1", self.plan.index_flag(node).name: "0"}
        elif isinstance(node, Call):
            known = self.plan.arguments.get(node.id) or self.taken.arguments.get(self._place(node))
            text = known or self.constants.arguments(node)
            if text is None:
                return False
            self.plan.arguments[node.id] = text
            return True
        else:
            return False
        self.plan.static.add(node.id)
        return True

    def _is_begun(self, node: Node) -> bool:
        """Whether iterations of a serial loop are taken over: then a pod passes over them."""
        if not isinstance(node, Loop):
            return False
        return any(self._place(inner) in self.taken.of_flow for inner in node.body.walk())

    def _body(self, node: Try, block: Block) -> None:
        """Make the task of the body of a `try`. Whatever comes of it, the pod that waits for it tells how it ended."""
        inner = self.plan.inner(node)[0]
        self.block(inner)
        if inner.tasks:
            task = block.add(node.id, "body", node=node, inner=inner)
            wanted = [i for n in node.body for i in [*opening(n).inputs, *self._union(n)]]
            task.wait(self._needed(wanted, block))
            self.given[node.id] = [task]

    def _try_tasks(self, node: Try, block: Block, host: list[Task]) -> None:
        """Make the tasks of the handlers, the `else` and the `finally`, which the end of its body decides."""
        _, *handlers, orelse, final = self.plan.inner(node)
        needed = self._needed(self._union(node), block)
        made: list[Task] = []
        arms = [("except", str(number), inner) for number, inner in enumerate(handlers)]
        for kind, wanted, inner in [*arms, ("orelse", "else", orelse)]:
            self.block(inner)
            if inner.tasks:
                task = block.add(kind.removeprefix("or"), kind, node=node, inner=inner)
                task.wait([*host, *needed])
                task.conditions.append((self.plan.flags[node.id], wanted))
                made.append(task)
        self.given[node.id] = [*host, *made]
        self.block(final)
        if final.tasks:
            task = block.add("finally", "final", node=node, inner=final)
            before = host if node.id in self.plan.tried else []
            task.wait([other for other in [*needed, *host] if other not in before])
            task.ran, task.always = before, list(made)
            end = block.add(f"{node.id}-end", "end", node=node)
            end.wait([task] if node.swallows else [*host, *made, task])
            self.given[node.id] = [end]

    def _tasks(self, node: Node, block: Block, host: list[Task]) -> None:
        """Make the tasks of a node that is not a step, after those of its inner blocks."""
        if isinstance(node, Try) and node.id not in self.plan.local:
            self._try_tasks(node, block, host)
            return
        made: list[Task] = []
        arm = self._arm(node)
        for place, inner in enumerate(self.plan.inner(node) if node.id not in self.plan.local else []):
            if arm not in (None, place):
                continue
            if isinstance(node, Loop):
                self._set_begins(node, inner)
            self.block(inner)
        if not self.plan.glue_like(node):
            needed = self._needed([*opening(node).inputs, *self._union(node)], block)
            for kind, region in self._kinds(node):
                wish = f"{node.id}-{kind}" if kind in ("then", "else") else node.id
                task = block.add(wish, kind, node=node, inner=region)
                task.wait([*host, *needed])
                known = node.id in self.plan.static or node.id in self.plan.arguments or arm is not None
                if not isinstance(node, Map) and not known:
                    task.conditions.append((self.plan.flags[node.id], "0" if kind == "else" else "1"))
                if kind == "rest" and not known:
                    task.gates = {opening(node).code: self.plan.flags[node.id]}
                made.append(task)
        self.given[node.id] = [*host, *made]

    def _kinds(self, node: Node) -> list[tuple[str, Block | None]]:
        if isinstance(node, If):
            kinds: tuple[str, ...] = ("rest",) if is_guard(node) else ("then", "else")
            arm = self._arm(node)
            blocks = self.plan.inner(node)
            if arm is not None:  # it is run for sure
                return [("rest", blocks[arm])] if blocks[arm].tasks else []
            return [(k, b) for k, b in zip(kinds, blocks) if b.tasks]
        if isinstance(node, Map):
            return [("map", self.plan.inner(node)[0])]
        if isinstance(node, Loop):
            return [("loop", self.plan.inner(node)[0])]
        return [("call", None)]

    def _set_begins(self, loop: Loop, inner: Block) -> None:
        """Note what the pod that ends an iteration evaluates for the next one: what the one that starts the loop does for the first one."""
        own = self.plan.flags[loop.id].carrier
        way = None if own is None else ITEM
        for node, asked, block, carrier, _ in self._early(inner, way, own):
            if asked is not None:
                gate = self.gates.get((block.key, asked.code))
                if gate is None:
                    continue
                flags = [gate.flag]
                inner.begins.append(gate.flag.name)
            elif node.id in self.hoisted or node.id in self.plan.local:
                inner.begins.append(node.id)
                flags = [self.plan.flags[node.id]] if node.id in self.plan.flags else []
                if isinstance(node, Loop) and flags:
                    flags.append(self.plan.index_flag(node))
            inner.carried += [flag for flag in flags if carrier == own and flag not in inner.carried]

    # --- hosts

    def _needed(self, inputs: Sequence[Input], block: Block) -> list[Task]:
        """Return the tasks of a block that something waits for."""
        found: dict[Task, None] = {}
        for wanted in inputs:
            level = self.trail[wanted.site].get(block.key)
            found |= dict.fromkeys(self.given.get(level or "", []))
        return list(found)

    def _host(self, block: Block, inputs: Sequence[Input], word: str, reason: str) -> Pod:
        """Return the pod of a block that evaluates something: the last one that it needs, or one of its own."""
        needed = self._needed(inputs, block)
        bits = 0
        for task in needed:
            bits |= task.bit
        for task in reversed(needed):
            if task.pod is not None and task.pod.hosts and not bits & ~(task.reach | task.bit):
                if task.pod.step is None:
                    task.pod.reasons.append(reason)
                return task.pod
        pod = block.helpers.get(bits)
        if pod is not None:
            pod.reasons.append(reason)
            return pod
        pod = block.helpers[bits] = Pod(block, None, kind=word if needed else "begin", reasons=[reason])
        self.plan.pods.append(pod)
        block.add(pod.kind, "pod", pod=pod).wait(needed)
        return pod


def _reason(node: Node) -> str:
    if is_guard(node):
        return f"tells whether line {node.origin.lineno} is reached"
    if isinstance(node, If):
        return f"decides {node.id} at line {node.origin.lineno}"
    if isinstance(node, Try):
        return f"finds out how the body of {node.id} at line {node.origin.lineno} ended"
    if isinstance(node, Map):
        return f"lists the items of {node.id} at line {node.origin.lineno}"
    if isinstance(node, Loop):
        return f"starts {node.id} at line {node.origin.lineno}"
    if isinstance(node, Call):
        return f"evaluates the arguments of {node.id} at line {node.origin.lineno}"
    assert isinstance(node, Glue)
    return f"evaluates `{node.text}` at line {node.origin.lineno}"
