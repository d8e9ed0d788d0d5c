"""The nodes of a run: what the engine writes down about every task, attempt, fan-out and nested DAG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FAILED", "FULFILLED", "Node", "Nodes", "hash_of", "pod_name"]

FULFILLED = frozenset(("Succeeded", "Failed", "Error", "Skipped", "Omitted"))
"""Phases of a node that is over."""
FAILED = frozenset(("Failed", "Error"))


@dataclass
class Node:
    """One node of the status.

    `lock` is the one that it waits for. `outputs` are the output parameters by name, None for one that was declared and not written. `output_artifacts` are
    the keys of the artifacts that were saved. `children` and `outbound` are names of nodes.
    """

    name: str
    display_name: str
    type: str
    phase: str
    template: str
    boundary: str = ""
    message: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str | None] | None = None
    result: str | None = None
    exit_code: int | None = None
    output_artifacts: list[str] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    outbound: list[str] = field(default_factory=list)
    started: float = 0.0
    finished: float | None = None
    logs: str = ""
    attempt: bool = False
    lock: str = ""

    @property
    def fulfilled(self) -> bool:
        """Whether the node is over, in whatever phase."""
        return self.phase in FULFILLED

    @property
    def completed(self) -> bool:
        """Whether the node ran: Succeeded, Failed or Error."""
        return self.phase in ("Succeeded", "Failed", "Error")

    @property
    def failed(self) -> bool:
        """Whether the node is Failed or Error."""
        return self.phase in FAILED


class Nodes:
    """All nodes of a run by name."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._inside: dict[str, list[Node]] = {}

    def get(self, name: str) -> Node | None:
        """Return the node of this name, or None."""
        return self._nodes.get(name)

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, node: Node) -> Node:
        """Add a node and return it."""
        self._nodes[node.name] = node
        self._inside.setdefault(node.boundary, []).append(node)
        return node

    def inside(self, boundary: str) -> list[Node]:
        """Return the nodes whose boundary is this DAG node."""
        return self._inside.get(boundary, [])

    def connect(self, parent: str, child: str) -> None:
        """Make `child` a child of `parent`, once."""
        children = self._nodes[parent].children
        if child not in children:
            children.append(child)

    def outbound(self, name: str) -> list[str]:
        """Return the nodes behind which a dependant of this node is hung."""
        node = self._nodes[name]
        if node.type == "TaskGroup":
            return [o for child in node.children for o in self.outbound(child)] if node.children else [name]
        if node.type == "Retry":
            return node.children[-1:]
        if node.type == "DAG":
            return [o for below in node.outbound for o in self.outbound(below)]
        return [name]


def hash_of(text: str) -> int:
    """Return the 32-bit FNV-1a hash that node and pod names end in."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) % 2**32
    return value


def pod_name(workflow: str, node: str, template: str) -> str:
    """Return the name of the pod of a node."""
    if node == workflow:
        return workflow
    return f"{workflow}-{template}"[:242] + f"-{hash_of(node)}"


def as_row(node: Node) -> dict[str, Any]:
    """Return the node as a plain dict, for printing and comparing."""
    return dict(vars(node))
