"""A layered layout: what waits stands below what it waits for; groups are laid out inside first and then placed as one thing.

An arrow that crosses the border of a group is cut there: the inside leads it to a port on the border, the outside goes on from it. An
arrow over several layers gets a place in each, so that nothing stands in its way.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from tangentflow.draw.picture import Box, Group, Link

__all__ = ["Frame", "Route", "layout"]

_GAP_X, _GAP_Y, _PADDING, _HEADER = 22.0, 30.0, 16.0, 24.0
_SWEEPS = 6


@dataclass(eq=False)
class _Cell:
    """Something that takes a place in a layer: a child of the group, a port on its border, or a bend of an arrow.

    `top` and `bottom` are those of its layer: within them arrows run straight down, so that they cross nothing.
    """

    width: float
    height: float
    child: Box | Group | None = None
    port: str = ""
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    top: float = 0.0
    bottom: float = 0.0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(eq=False)
class Frame:
    """Where a box or group is: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(eq=False)
class Route:
    """The points that an arrow passes, from its source to its target."""

    link: Link
    points: list[tuple[float, float]]


@dataclass(eq=False)
class _Wire:
    """An arrow within one group, from cell to cell, and the cells of its bends."""

    source: _Cell
    target: _Cell
    bends: list[_Cell] = field(default_factory=list)


@dataclass(eq=False)
class _Plan:
    """The inside of one group: size, cells of its children, wires by (source id, target id)."""

    group: Group
    width: float = 0.0
    height: float = 0.0
    cells: dict[str, _Cell] = field(default_factory=dict)
    wires: dict[tuple[str, str], _Wire] = field(default_factory=dict)
    inner: dict[str, _Plan] = field(default_factory=dict)


def layout(
    group: Group, links: Sequence[Link], size: dict[str, tuple[float, float]]
) -> tuple[dict[str, Frame], list[Route]]:  # fmt: skip
    """Place a group at (0, 0). `size` has the sizes of boxes, and of the labels of groups, by id."""
    owners = _owners(group)
    mine = [link for link in links if link.source.id in owners or link.source is group]
    parts: dict[str, list[tuple[str, str]]] = {}
    ways = {id(link): _way(link, owners) for link in mine}
    for way in ways.values():
        for owner, source, target in way:
            pairs = parts.setdefault(owner, [])
            if (source, target) not in pairs:
                pairs.append((source, target))
    plan = _plan(group, parts, size)
    frames: dict[str, Frame] = {}
    at: dict[str, tuple[float, float, _Plan]] = {}
    _settle(plan, 0.0, 0.0, frames, at)
    return frames, [Route(link, _points(ways[id(link)], at)) for link in mine]


# -- which groups an arrow passes ------------------------------------------------------------------------------------


def _owners(group: Group) -> dict[str, tuple[str, ...]]:
    """Return for each thing in the group the ids of the groups around it, outermost first."""
    found: dict[str, tuple[str, ...]] = {}

    def enter(current: Group, around: tuple[str, ...]) -> None:
        for child in current.children:
            found[child.id] = (*around, current.id)
            if isinstance(child, Group):
                enter(child, (*around, current.id))

    enter(group, ())
    return found


def _way(link: Link, owners: dict[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """Cut an arrow at the borders: (group, from, to). A port is called after the end that it leads to."""
    out, into = (*owners[link.source.id], link.source.id), (*owners[link.target.id], link.target.id)
    common = 0
    while common < min(len(out), len(into)) - 1 and out[common] == into[common]:
        common += 1
    way = [(out[depth], out[depth + 1], f"out {link.source.id}") for depth in range(len(out) - 2, common - 1, -1)]
    way.append((out[common - 1], out[common], into[common]))
    way += [(into[depth], f"in {link.target.id}", into[depth + 1]) for depth in range(common, len(into) - 1)]
    return way


def _points(way: list[tuple[str, str, str]], at: dict[str, tuple[float, float, _Plan]]) -> list[tuple[float, float]]:
    """Join the parts of an arrow. Where it leaves or enters a group, the port there is the point."""
    points: list[tuple[float, float]] = []
    for number, (owner, source, target) in enumerate(way):
        x, y, plan = at[owner]
        wire = plan.wires[(source, target)]
        start, end = wire.source, wire.target
        middle, border = start.middle, start.y + start.height
        if points:  # it came through a port, of this group or of one inside
            middle, border = points[-1][0] - x, points[-1][1] - y
        points += [(x + middle, y + border), (x + middle, y + max(border, start.bottom))]
        for bend in wire.bends:
            points += [(x + bend.middle, y + bend.top), (x + bend.middle, y + bend.bottom)]
        middle = end.middle
        if number + 1 < len(way) and way[number + 1][1].startswith("in "):
            inner_x, _, inner = at[target]
            middle = inner_x - x + inner.cells[way[number + 1][1]].middle
        points += [(x + middle, y + end.top), (x + middle, y + end.y)]
    return [point for number, point in enumerate(points) if not number or point != points[number - 1]]


# -- the inside of a group -------------------------------------------------------------------------------------------


def _plan(group: Group, parts: dict[str, list[tuple[str, str]]], size: dict[str, tuple[float, float]]) -> _Plan:
    plan = _Plan(group)
    for child in group.children:
        width, height = size[child.id]
        if isinstance(child, Group):
            inner = plan.inner[child.id] = _plan(child, parts, size)
            width, height = inner.width, inner.height
        plan.cells[child.id] = _Cell(width, height, child)
    wires = parts.get(group.id, [])
    for end in dict.fromkeys(end for wire in wires for end in wire if end not in plan.cells):
        plan.cells[end] = _Cell(8.0, 0.0, port=end.partition(" ")[0])
    plan.wires = {(s, t): _Wire(plan.cells[s], plan.cells[t]) for s, t in wires}
    layers = _layers(plan)
    _order(layers, plan)
    _place(layers, plan, size[group.id][0])
    return plan


def _layers(plan: _Plan) -> list[list[_Cell]]:
    """Put each cell below all that lead to it, ports at the borders, and bends into the layers between."""
    children = [cell for cell in plan.cells.values() if not cell.port]
    tops = [cell for cell in plan.cells.values() if cell.port == "in"]
    bottoms = [cell for cell in plan.cells.values() if cell.port == "out"]
    start = 1 if tops else 0
    for cell in children:  # in program order, in which all arrows go forward
        above = [wire.source.layer for wire in plan.wires.values() if wire.target is cell]
        cell.layer = max([start, *(layer + 1 for layer in above)])
    last = max((cell.layer for cell in children), default=start)
    for cell in bottoms:
        cell.layer = last + 1
    layers: list[list[_Cell]] = [[] for _ in range(last + (2 if bottoms else 1))]
    for cell in [*tops, *children, *bottoms]:
        layers[cell.layer].append(cell)
    shared: dict[tuple[int, int], _Cell] = {}
    for wire in plan.wires.values():
        for layer in range(wire.source.layer + 1, wire.target.layer):
            key = (id(wire.source), layer)  # arrows from the same place run together until they part
            if key not in shared:
                shared[key] = _Cell(8.0, 0.0, layer=layer)
                layers[layer].append(shared[key])
            wire.bends.append(shared[key])
    return layers


def _neighbours(plan: _Plan) -> tuple[dict[int, list[_Cell]], dict[int, list[_Cell]]]:
    """Return the cells that each cell is joined to in the layer above, and in the layer below."""
    above: dict[int, list[_Cell]] = {}
    below: dict[int, list[_Cell]] = {}
    for wire in plan.wires.values():
        chain = [wire.source, *wire.bends, wire.target]
        for upper, lower in itertools.pairwise(chain):
            above.setdefault(id(lower), []).append(upper)
            below.setdefault(id(upper), []).append(lower)
    return above, below


def _order(layers: list[list[_Cell]], plan: _Plan) -> None:
    """Order each layer by the middle of what its cells are joined to, down and up again, to have few crossings."""
    above, below = _neighbours(plan)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        joined = above if down else below
        for layer in layers if down else list(reversed(layers)):
            place = {id(cell): index for other in layers for index, cell in enumerate(other)}

            def middle(cell: _Cell, place: dict[int, int] = place, joined: dict[int, list[_Cell]] = joined) -> float:
                near = [place[id(other)] for other in joined.get(id(cell), [])]
                return sum(near) / len(near) if near else place[id(cell)]

            layer.sort(key=middle)


def _place(layers: list[list[_Cell]], plan: _Plan, label: float) -> None:
    """Give cells their coordinates: below each other where they are joined, apart from their neighbours in the layer."""
    above, below = _neighbours(plan)
    for layer in layers:
        x = 0.0
        for cell in layer:
            cell.x = x
            x += cell.width + _GAP_X
    for sweep in range(_SWEEPS):
        joined = [below, above][sweep % 2]
        for layer in layers:
            wanted = []
            for cell in layer:
                near = [other.middle for other in joined.get(id(cell), [])]
                wanted.append(sum(near) / len(near) - cell.width / 2 if near else cell.x)
            for cell, x in zip(layer, _apart(wanted, [cell.width + _GAP_X for cell in layer]), strict=True):
                cell.x = x
    cells = [cell for layer in layers for cell in layer]
    left = min((cell.x for cell in cells), default=0.0)
    right = max((cell.x + cell.width for cell in cells), default=0.0)
    inside = max(right - left, label)
    shift = _PADDING - left + (inside - (right - left)) / 2
    y = _HEADER
    for number, layer in enumerate(layers):
        height = max((cell.height for cell in layer), default=0.0)
        for cell in layer:
            cell.x += shift
            cell.y, cell.top, cell.bottom = y, y, y + height
        y += height + (_GAP_Y if height or number else _GAP_Y / 2)
    plan.width = inside + 2 * _PADDING
    bottom = max((cell.bottom for layer in layers for cell in layer if not cell.port), default=_HEADER)
    plan.height = bottom + _PADDING
    for cell in cells:
        if cell.port:
            cell.y = cell.top = cell.bottom = 0.0 if cell.port == "in" else plan.height


def _apart(wanted: list[float], widths: list[float]) -> list[float]:
    """Return the positions nearest to those wanted that keep the order and the distances (least squares, by pooling)."""
    offset, offsets = 0.0, []
    for width in widths:
        offsets.append(offset)
        offset += width
    pools: list[tuple[float, int]] = []  # mean of the wish, number of cells
    for wish, start in zip(wanted, offsets, strict=True):
        mean, count = wish - start, 1
        while pools and pools[-1][0] > mean:
            other, number = pools.pop()
            mean, count = (mean * count + other * number) / (count + number), count + number
        pools.append((mean, count))
    flat = [mean for mean, count in pools for _ in range(count)]
    return [start + x for start, x in zip(offsets, flat, strict=True)]


def _settle(
    plan: _Plan, x: float, y: float, frames: dict[str, Frame], at: dict[str, tuple[float, float, _Plan]]
) -> None:  # fmt: skip
    """Turn places within groups into places in the picture."""
    frames[plan.group.id] = Frame(x, y, plan.width, plan.height)
    at[plan.group.id] = (x, y, plan)
    for name, cell in plan.cells.items():
        if isinstance(cell.child, Group):
            _settle(plan.inner[name], x + cell.x, y + cell.y, frames, at)
        elif isinstance(cell.child, Box):
            frames[name] = Frame(x + cell.x, y + cell.y, cell.width, cell.height)
