"""The shape of a document before it is one: blocks of tasks, pods, and what each pod hosts.

A *block* is a region of the graph with its tasks: one DAG template. A *pod* runs a step or only evaluates; either way it may
*host* tests, scans, entries, arguments and recorded glue of its block and of the blocks that these open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tangentflow.graph.nodes import Flow, Loop, Map, Node, Region, Slice, Step

__all__ = ["Block", "FlowPlan", "Gate", "Pod", "Task"]


@dataclass(eq=False)
class Gate:
    """The question whether the steps behind the same jumps are reached; its flag is "1" if they are."""

    flag: str
    slice: Slice
    block: Block


@dataclass(eq=False)
class Pod:
    """A pod: its step, if it runs one, and what it evaluates afterwards.

    `hosted` are ids of nodes and flags of gates, `begins` those for the next iteration if it ends one; `ends` are the ends that it may
    reach: a loop's iteration (the loop's id) or the workflow (None). A `final` pod runs when all is over: what is missing then is lost.
    """

    block: Block
    step: Step | None
    name: str = ""
    kind: str = "step"
    reason: str = ""
    hosted: list[str] = field(default_factory=list)
    begins: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)
    ends: list[str | None] = field(default_factory=list)
    final: bool = False
    image: str | None = None


@dataclass(eq=False)
class Task:
    """A task of a DAG: a pod, or a region that another template is for.

    `kind` is "pod", "then", "else", "map", "loop" or "call". It waits for `after`; it runs only if `flag` is `wanted`. `always`
    tasks wait for the end of others, whatever it is; `rescue` tasks run only if one of others failed.
    """

    name: str
    kind: str
    block: Block
    pod: Pod | None = None
    node: Node | None = None
    inner: Block | None = None
    after: list[Task] = field(default_factory=list)
    flag: str | None = None
    wanted: str = "1"
    gate: str | None = None
    always: list[Task] = field(default_factory=list)
    rescue: list[Task] = field(default_factory=list)
    ancestors: set[Task] = field(default_factory=set)

    @property
    def done(self) -> str:
        """The condition under which what needs this task may go on."""
        if self.kind == "pod":
            return f"{self.name}.Succeeded"
        return f"({self.name}.Succeeded || {self.name}.Skipped)"


@dataclass(eq=False)
class Block:
    """A region with its tasks; `loops` are the loops around it, outermost first, `ifs` the branches around it within the innermost one."""

    key: str
    region: Region
    owner: Node | None
    parent: Block | None
    loops: tuple[str, ...]
    ifs: int
    tasks: list[Task] = field(default_factory=list)
    opener: Pod | None = None
    begins: list[str] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    ends: list[Task] = field(default_factory=list)


@dataclass(eq=False)
class FlowPlan:
    """All blocks and pods of a flow, and where each flag comes from (None: it is known when the document is made)."""

    flow: Flow
    blocks: dict[str, Block]
    pods: list[Pod]
    homes: dict[str, Pod]
    flags: dict[str, str]
    item_flags: dict[str, dict[str, str]]
    static: set[str]
    local: set[str]
    recorded: bool = True

    def node_block(self, node: Node, index: int = 0) -> Block:
        """Return the block of one of the regions of a node."""
        return self.blocks[f"{node.id}:{index}"]

    def is_list(self, node: Node) -> bool:
        """Whether the items of a fan-out carry flags of their own."""
        return isinstance(node, Map) and bool(self.item_flags.get(node.id))

    def index_flag(self, loop: Loop) -> str:
        """Return the name of the flag with the index of the next iteration."""
        return f"{self.flags[loop.id]}-i"
