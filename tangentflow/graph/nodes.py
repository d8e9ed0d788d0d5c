"""The graph: regions of steps, glue, calls, branches and loops, each carrying the slices that answer for it.

A graph is data: frozen, comparable, without a reference to any syntax tree. What a node does not say by its fields, its
slices say: a *slice* is a small Python function, cut out of the user's own workflow, in which each step call is replaced by a
look-up of that step's recorded outcome. Running a slice tells the arguments of a step, the condition of an `if`, the states at
the heads of a loop, or the result of a workflow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tangentflow.runtime.operands import Operands
from tangentflow.source.origin import Origin

__all__ = [
    "Call",
    "Carry",
    "Flow",
    "Glue",
    "Graph",
    "If",
    "Input",
    "Loop",
    "Map",
    "Node",
    "Region",
    "Site",
    "Slice",
    "Step",
    "Try",
]


@dataclass(frozen=True)
class Input:
    """An outcome that a slice may look up: that of a step, glue or call, or the state that a serial loop left.

    `every` lists the loops (outermost first) of which every index may be read: a gather. In all other loops around the
    site the slice reads its own index. `required` says that a run of the slice that ends always reads it.
    """

    site: str
    every: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Slice:
    """A piece of the workflow that can be run again from recorded outcomes.

    `start` is the loop at whose head it starts (None: the start of the workflow), `names` what it takes from there,
    `code` the text of a function `slice(_tf)`, `inputs` the outcomes that it may look up, `total` whether nothing in it
    but a look-up can raise.
    """

    start: str | None
    names: tuple[str, ...]
    code: str
    inputs: tuple[Input, ...] = ()
    total: bool = False


@dataclass(frozen=True)
class Region:
    """A block of nodes in program order, with the names that it reads from outside and those it leaves to what follows."""

    nodes: tuple[Node, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def walk(self) -> Iterator[Node]:
        """Yield every node in it, inner regions included, in program order."""
        todo = list(reversed(self.nodes))
        while todo:  # no recursion, in which each node would be handed up through all levels
            node = todo.pop()
            yield node
            for region in reversed(node.regions):
                todo += reversed(region.nodes)


@dataclass(frozen=True)
class Step:
    """A call of a step function. Its slice gives the arguments, as a callable that returns `(args, kwargs)`."""

    id: str
    callee: str
    name: str
    slice: Slice
    target: str | None
    effect: bool
    pure: bool
    ordered: bool
    origin: Origin = field(compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions inside: none."""
        return ()


@dataclass(frozen=True)
class Glue:
    """An expression that is evaluated once and recorded. Its slice gives a callable that evaluates it.

    `kind` is "opaque" (ordered by its data) or "impure" (ordered like an effect); `text` is the expression. It may
    change `operands`: it binds their names anew, and its outcome holds their new values. `reads` says what becomes of its result if that is
    an iterator: its items are read at once, "each" for a loop or "all" for a call like `list`; where it is empty, the iterator is refused.
    """

    id: str
    kind: str
    text: str
    slice: Slice
    target: str | None
    effect: bool
    origin: Origin = field(compare=False)
    operands: Operands = field(default_factory=Operands)
    reads: str = ""

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions inside: none."""
        return ()


@dataclass(frozen=True)
class Call:
    """A call of a sub-workflow. Its slice gives the arguments like that of a step; `flow` is the key of the callee."""

    id: str
    flow: str
    name: str
    slice: Slice
    target: str | None
    effect: bool
    recursive: bool
    origin: Origin = field(compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The regions inside: none here, they are the callee's."""
        return ()


@dataclass(frozen=True)
class If:
    """A branch with sites in it. `test` gives True or False."""

    id: str
    test: Slice
    body: Region
    orelse: Region
    effect: bool
    origin: Origin = field(compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """Both arms."""
        return (self.body, self.orelse)


@dataclass(frozen=True)
class Try:
    """A `try` with sites in it. `caught` are the handlers' types as text, "" for one that catches everything.

    `pick` replays the body and gives the number of the handler that takes its exception, or -1 if there was none. It raises an
    exception that no handler takes, and skips where the body leaves by a jump. `swallows`: the `finally` may jump, and then no
    exception goes on.
    """

    id: str
    pick: Slice
    body: Region
    caught: tuple[str, ...]
    handlers: tuple[Region, ...]
    orelse: Region
    final: Region
    swallows: bool
    effect: bool
    origin: Origin = field(compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The body, the handlers, the `else`, the `finally`."""
        return (self.body, *self.handlers, self.orelse, self.final)


@dataclass(frozen=True)
class Map:
    """A `for` whose iterations are independent: a fan-out.

    `scan` gives `Scanned(entry, items)`: the names that all iterations share, and a state for each iteration. The state at the
    head of iteration i is `entry | items[i]`. `count` is the number of iterations where it is known at compile time.
    """

    id: str
    scan: Slice
    entry: tuple[str, ...]
    item: tuple[str, ...]
    body: Region
    effect: bool
    count: int | None
    origin: Origin = field(compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """The body of an iteration."""
        return (self.body,)


@dataclass(frozen=True)
class Carry:
    """A name that one iteration hands to the next: `site` gives what is `written` on one line and `read` on another.

    `name` may also be "break" or "return": then `written` is the line of that jump, and nothing is read.
    """

    name: str
    site: str
    written: int
    read: int | None


@dataclass(frozen=True)
class Loop:
    """A `while`, or a `for` whose iterations carry data from one to the next: they run one after the other.

    `entry` gives the state before the first iteration: a map of the names in `invariant` and `carried`. The state at the head of
    iteration i is the entry's invariants, the carried names after iteration i-1 and, in a `for`, `var` = item i of the list that the
    entry calls `items`. `advance` starts there and gives `Next(state)`, `Done(state)` or `Returned(value)`. What the loop left
    is `outputs`. `why` says what makes it serial: (name or guard, site, line) triples; `carries` says the same in lines of the source.
    `limit` bounds a `while`.
    """

    id: str
    kind: str
    entry: Slice
    advance: Slice
    body: Region
    invariant: tuple[str, ...]
    carried: tuple[str, ...]
    outputs: tuple[str, ...]
    var: str | None
    items: str | None
    why: tuple[tuple[str, str, int], ...]
    limit: int | None
    effect: bool
    origin: Origin = field(compare=False)
    carries: tuple[Carry, ...] = field(default=(), compare=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """One iteration: the test of a `while`, then its body."""
        return (self.body,)


Node = Step | Glue | Call | If | Try | Map | Loop
Site = Step | Glue | Call


@dataclass(frozen=True)
class Flow:
    """A workflow function: its parameters in order, its nodes, the slice that gives its result, and its regenerated source.

    `parallel` are groups of nodes whose effects do not wait for each other. `shared` are the places of calls for which a node stands too,
    since it gives the same (in merged workflows).
    """

    key: str
    name: str
    params: tuple[str, ...]
    body: Region
    result: Slice
    source: str
    origin: Origin = field(compare=False)
    parallel: tuple[tuple[str, ...], ...] = ()
    shared: tuple[tuple[str, Origin], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Graph:
    """A compiled workflow: its own flow, those it calls, and the live objects that they name.

    `bindings` maps the keys that nodes and slices use to objects: step functions, workflow functions. It is no part of
    the value of a graph, and neither is `exit`: the graph of what is called with the status of each run when that is over. `is_current`
    tells whether the names in it still mean what they meant when it was made.
    """

    root: str
    flows: tuple[Flow, ...]
    bindings: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False, hash=False)
    exit: Graph | None = field(default=None, compare=False, repr=False, hash=False)
    is_current: Callable[[], bool] = field(default=lambda: True, compare=False, repr=False, hash=False)

    def flow(self, key: str) -> Flow:
        """Return the flow of this key."""
        for flow in self.flows:
            if flow.key == key:
                return flow
        raise KeyError(key)

    @property
    def main(self) -> Flow:
        """The flow that a run starts with."""
        return self.flow(self.root)
