"""The shape of a document before it is one: blocks of tasks, pods, and what each pod hosts.

A *block* is a region of the graph with its tasks: one DAG template. A *pod* runs a step or only evaluates; either way it may
*host* tests, scans, entries, arguments and recorded glue of its block and of the blocks that these open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from tangentflow.argo.names import Wishes, slug
from tangentflow.argo.taken import NOTHING, Taken
from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Map, Node, Region, Slice, Step, Try

__all__ = ["Block", "Flag", "FlowPlan", "Gate", "Pod", "StepPods", "Task", "opening"]


def opening(node: Node) -> Slice:
    """Return the slice that decides what a node does: arguments, test, pick, scan or entry."""
    if isinstance(node, If):
        return node.test
    if isinstance(node, Try):
        return node.pick
    if isinstance(node, Map):
        return node.scan
    return node.entry if isinstance(node, Loop) else node.slice


SURE = frozenset({"pod", "rest", "body", "final", "end"})
"""Kinds of tasks that what needs them waits for to have run: if they do not, it does not either."""


@dataclass(frozen=True)
class Flag:
    """A text that Argo decides by. `default` is what a pod writes that does not come to it.

    `carrier` is the fan-out whose items carry it; None if it travels as a parameter.
    """

    name: str
    default: str
    carrier: str | None = None


@dataclass(eq=False)
class Gate:
    """The question whether the steps behind the same jumps are reached; its flag is "1" if they are."""

    flag: Flag
    slice: Slice


@dataclass(frozen=True)
class StepPods:
    """Steps, by key, whose pods are not like all others: those with an `image` of their own, and those in whose pods glue is not to run."""

    images: Mapping[str, str]
    apart: frozenset[str]


@dataclass(eq=False)
class Pod:
    """A pod: its step, if it runs one, and what it evaluates afterwards.

    `hosted` are ids of nodes and names of gates' flags; `ends` are the ends that it may reach: a loop's iteration (the loop's id) or the
    workflow (None). `final` are those of them for which it waits until all is over: what is missing then is lost. One that does not
    `host` evaluates nothing, since its environment is its step's own. Of a step whose work no pod of ours does it is the pod that records;
    `outer` is the DAG of the step then, `work` the template of its work, which does what `word` says, `before` the pod that comes before it, if
    there is one. `chunk`: it runs its step for so many iterations of a fan-out, one after the other.
    """

    block: Block
    step: Step | None
    kind: str = "step"
    template: str = ""
    outer: str = ""
    work: str = ""
    word: str = ""
    before: Pod | None = None
    reasons: list[str] = field(default_factory=list)
    hosted: list[str] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    ends: list[str | None] = field(default_factory=list)
    final: list[str | None] = field(default_factory=list)
    image: str | None = None
    hosts: bool = True
    task: Task | None = None
    chunk: int = 0

    @property
    def called(self) -> str:
        """The template that its task calls."""
        return self.outer or self.template


@dataclass(eq=False)
class Task:
    """A task of a DAG: a pod, or what another template is for.

    `kind` is "pod", "then", "else", "rest" (what stands behind a jump), "map", "loop", "call" or "part"; of a `try` "body", "except", "orelse",
    "final", and "end", which is nothing but the end of one with a `finally`. It waits for `after` and runs only if its `conditions` hold: flags
    and what they must be. One with `ran` waits for those to have run, one with `always` for their end, whatever it is; one with `rescue`
    runs only if one of those failed. `gates` are the texts of the gates that it stands behind, with the flag of each that it looks at itself.

    `number` is its own among the tasks of its block. `reach` are the numbers of all that it waits for, directly or not, as bits: sets
    of thousands of tasks each would take too much time and memory.
    """

    name: str
    kind: str
    block: Block
    pod: Pod | None = None
    node: Node | None = None
    inner: Block | None = None
    after: list[Task] = field(default_factory=list)
    conditions: list[tuple[Flag, str]] = field(default_factory=list)
    gates: dict[str, Flag | None] = field(default_factory=dict)
    ran: list[Task] = field(default_factory=list)
    always: list[Task] = field(default_factory=list)
    rescue: list[Task] = field(default_factory=list)
    number: int = 0
    reach: int = 0
    _behind: int | None = None

    def wait(self, others: Iterable[Task]) -> None:
        """Let the task wait for others."""
        known = set(self.after)
        for other in others:
            if other not in known:
                known.add(other)
                self.after.append(other)
                self.reach |= other.bit | other.reach

    @property
    def bit(self) -> int:
        """Its own number as a bit."""
        return 1 << self.number

    def follows(self, other: Task) -> bool:
        """Whether it waits for another task of its block, directly or not."""
        return bool(self.reach >> other.number & 1)

    @property
    def behind(self) -> int:
        """The numbers of all gates that must be open for it to run, those of what it waits for included, as bits.

        To be asked for only once the block has all its tasks.
        """
        todo = [self]
        while todo:  # no recursion: chains of tasks are long
            task = todo[-1]
            before = [other for other in task.after if other.kind in SURE]
            missing = [other for other in before if other._behind is None]
            if task._behind is None and not missing:
                task._behind = task.block.gate_bits(task.gates)
                for other in before:
                    task._behind |= other._behind or 0
            if task._behind is None:
                todo += missing
            else:
                todo.pop()
        assert self._behind is not None
        return self._behind

    @property
    def done(self) -> str:
        """The condition under which what needs this task goes on."""
        if self.kind == "body":
            return self.has_run
        if self.kind in SURE or self.kind == "part":
            return f"{self.name}.Succeeded"
        return f"({self.name}.Succeeded || {self.name}.Skipped)"

    @property
    def has_run(self) -> str:
        """The condition under which it has run, whatever came of it."""
        return f"({self.name}.Succeeded || {self.name}.Failed || {self.name}.Errored)"


@dataclass(eq=False)
class Block:
    """A region with its tasks; `loops` are the loops around it, outermost first.

    `begins` is what the pod that ends an iteration evaluates for the next one, `carried` the flags of that. `ends` are the tasks at
    whose end an iteration or the workflow may end, the last one first. `helpers` are the pods without a step that evaluate something, by
    the numbers of the tasks that they wait for, as bits. `numbers` are those of the gates that tasks stand behind, by their texts.
    """

    key: str
    region: Region
    owner: Node | None
    parent: Block | None
    loops: tuple[str, ...]
    tasks: list[Task] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    carried: list[Flag] = field(default_factory=list)
    ends: list[Task] = field(default_factory=list)
    template: str = ""
    helpers: dict[int, Pod] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    _names: Wishes = field(default_factory=Wishes)
    _count: int = 0

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of the nodes that stand in it, without those of inner regions."""
        return frozenset(node.id for node in self.region)

    def gate_bits(self, gates: Iterable[str]) -> int:
        """Return the numbers of gates, given by their texts, as bits."""
        bits = 0
        for gate in gates:
            bits |= 1 << self.numbers.setdefault(gate, len(self.numbers))
        return bits

    def gate_texts(self, bits: int) -> list[str]:
        """Return the texts of gates, sorted."""
        return sorted(gate for gate, number in self.numbers.items() if bits >> number & 1)

    def take_tasks(self) -> list[Task]:
        """Return the tasks, and have none any more."""
        tasks, self.tasks, self._names = self.tasks, [], Wishes()
        return tasks

    def add(
        self, wish: str, kind: str, *, node: Node | None = None, pod: Pod | None = None, inner: Block | None = None
    ) -> Task:  # fmt: skip
        """Add a task, named after the last part of the wish."""
        name = self._names.take(f"t-{slug(wish.rpartition('.')[2])}")
        task = Task(name, kind, self, pod, node, inner, number=self._count)
        self._count += 1
        self.tasks.append(task)
        if pod is not None:
            pod.task = task
        return task


@dataclass(eq=False)
class FlowPlan:
    """All blocks and pods of a flow.

    `flags` are those of nodes by id, `homes` the pods that write them first, by name; `item_flags` those that items of a fan-out
    carry. `static` loops are known to every pod without a record: `counts` are those of fan-outs, `known` flags of serial loops.
    `chunks` are how many iterations of a fan-out a pod runs, if more than one. `arguments` are those of calls, if constant. `local` nodes
    have no step in them. `tried`: a pod of its own tells how the body of this `try` ended, and fails if nothing takes its exception. `recorded`: a
    pod records the outcome. `taken` is what is taken over from earlier runs, `seeded` are
    the fan-outs whose heads the code carries. `chains` are the tasks of blocks that may be the last to run, as far as they were asked for.
    """

    flow: Flow
    blocks: dict[str, Block] = field(default_factory=dict)
    pods: list[Pod] = field(default_factory=list)
    flags: dict[str, Flag] = field(default_factory=dict)
    homes: dict[str, Pod] = field(default_factory=dict)
    item_flags: dict[str, list[Flag]] = field(default_factory=dict)
    static: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    chunks: dict[str, int] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    tried: set[str] = field(default_factory=set)
    recorded: bool = True
    taken: Taken = NOTHING
    seeded: set[str] = field(default_factory=set)
    chains: dict[Block, list[Task] | None] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """All nodes of the flow by id."""
        return {node.id: node for node in self.flow.body.walk()}

    @cached_property
    def depths(self) -> dict[str, int]:
        """How many loops stand around each node, by id."""
        return {node.id: len(block.loops) for block in self.blocks.values() for node in block.region}

    def inner(self, node: Node) -> list[Block]:
        """Return the blocks of a node's regions."""
        return [self.blocks[f"{node.id}:{index}"] for index in range(len(node.regions))]

    def index_flag(self, loop: Loop) -> Flag:
        """Return the flag that holds the index of the next iteration."""
        own = self.flags[loop.id]
        return Flag(f"{own.name}-i", "0", own.carrier)

    def chain_flags(self, loop: Loop) -> list[Flag]:
        """Return all flags that one iteration of a serial loop hands to the next."""
        return [self.flags[loop.id], self.index_flag(loop), *self.inner(loop)[0].carried]

    def glue_like(self, node: Node) -> bool:
        """Whether a node needs no task and no flag: it is evaluated where it is hosted, and that is all."""
        return isinstance(node, Glue) or node.id in self.local

    @cached_property
    def calls(self) -> dict[str, int]:
        """The calls of the flow by id, in program order, with their numbers."""
        calls = [name for name, node in self.nodes.items() if isinstance(node, Call)]
        return {name: number for number, name in enumerate(calls)}

    @cached_property
    def gates(self) -> dict[str, tuple[int, Gate]]:
        """All gates by the names of their flags, with their places among all. To be asked for only once all is planned."""
        gates = [gate for block in self.blocks.values() for gate in block.gates]
        return {gate.flag.name: (place, gate) for place, gate in enumerate(gates)}
