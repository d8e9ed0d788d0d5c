"""The shape of a document before it is one: blocks of tasks, pods, and what each pod hosts.

A *block* is a region of the graph with its tasks: one DAG template. A *pod* runs a step or only evaluates; either way it may
*host* tests, scans, entries, arguments and recorded glue of its block and of the blocks that these open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tangentflow.argo.names import slug
from tangentflow.graph.nodes import Call, Flow, Glue, If, Loop, Map, Node, Region, Slice, Step, Try

__all__ = ["Block", "Flag", "FlowPlan", "Gate", "Pod", "Task", "opening"]


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


@dataclass(eq=False)
class Pod:
    """A pod: its step, if it runs one, and what it evaluates afterwards.

    `hosted` are ids of nodes and names of gates' flags; `ends` are the ends that it may reach: a loop's iteration (the loop's id) or the
    workflow (None). `final` are those of them for which it waits until all is over: what is missing then is lost.
    """

    block: Block
    step: Step | None
    kind: str = "step"
    template: str = ""
    reasons: list[str] = field(default_factory=list)
    hosted: list[str] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    ends: list[str | None] = field(default_factory=list)
    final: list[str | None] = field(default_factory=list)
    image: str | None = None
    task: Task | None = None


@dataclass(eq=False)
class Task:
    """A task of a DAG: a pod, or what another template is for.

    `kind` is "pod", "then", "else", "rest" (what stands behind a jump), "map", "loop", "call" or "part"; of a `try` "body", "except", "orelse",
    "final", and "end", which is nothing but the end of one with a `finally`. It waits for `after` and runs only if its `conditions` hold: flags
    and what they must be. One with `ran` waits for those to have run, one with `always` for their end, whatever it is; one with `rescue`
    runs only if one of those failed. `gates` are the texts of the gates that it stands behind, with the flag of each that it looks at itself.
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
    ancestors: set[Task] = field(default_factory=set)

    def wait(self, others: list[Task]) -> None:
        """Let the task wait for others."""
        for other in others:
            if other not in self.after:
                self.after.append(other)
                self.ancestors |= {other} | other.ancestors

    @property
    def behind(self) -> set[str]:
        """The texts of all gates that must be open for it to run, those of what it waits for included."""
        return set(self.gates).union(*[other.behind for other in self.after if other.kind in SURE])

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
    whose end an iteration or the workflow may end, the last one first.
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

    def add(
        self, wish: str, kind: str, *, node: Node | None = None, pod: Pod | None = None, inner: Block | None = None
    ) -> Task:  # fmt: skip
        """Add a task, named after the last part of the wish."""
        base = name = f"t-{slug(wish.rpartition('.')[2])}"
        number = 1
        while any(task.name == name for task in self.tasks):
            number += 1
            name = f"{base}-{number}"
        task = Task(name, kind, self, pod, node, inner)
        self.tasks.append(task)
        if pod is not None:
            pod.task = task
        return task


@dataclass(eq=False)
class FlowPlan:
    """All blocks and pods of a flow.

    `flags` are those of nodes by id, `homes` the pods that write them first, by name; `item_flags` those that items of a fan-out
    carry. `static` loops are known to every pod without a record: `counts` are those of fan-outs, `known` flags of serial loops.
    `arguments` are those of calls, if constant. `local` nodes have no step in them. `tried`: a pod of its own tells how the body of this `try`
    ended, and fails if nothing takes its exception. `recorded`: a pod records the outcome.
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
    arguments: dict[str, str] = field(default_factory=dict)
    local: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    recorded: bool = True

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """All nodes of the flow by id."""
        return {node.id: node for node in self.flow.body.walk()}

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

    def calls(self) -> list[Call]:
        """Return the calls of the flow in program order; the place in this list is a call's number."""
        return [node for node in self.flow.body.walk() if isinstance(node, Call)]
