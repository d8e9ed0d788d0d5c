"""Graphs as SVG: a picture that needs nothing from outside, so it shows in a notebook without a network.

Colours and fonts are attributes, not styles: several pictures on one page do not disturb each other.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from html import escape

from tangentflow.draw.layout import Frame, Route, layout
from tangentflow.draw.picture import Box, Group, picture
from tangentflow.graph.nodes import Graph

__all__ = ["to_svg"]

_CHAR, _HEIGHT, _MARGIN, _APART = 7.3, 28.0, 8.0, 16.0
_FONT = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12"'
_INK = "#24323f"
_BOXES = {
    "step": ("#ffffff", "#3b6ea5", 1.2, ""),
    "effect": ("#fff4e6", "#c46a1b", 2.2, ""),
    "glue": ("#f6f6f6", "#777777", 1.0, "4 3"),
    "call": ("#eef3fb", "#3b6ea5", 1.2, ""),
    "test": ("#fdf8dc", "#a08a1f", 1.2, ""),
    "start": ("#edf1f4", "#5a6a78", 1.0, ""),
    "end": ("#edf1f4", "#5a6a78", 1.0, ""),
}
_GROUPS = {
    "flow": ("#fcfcfd", "#c5ccd3", ""),
    "parallel": ("#eef7ee", "#74a374", ""),
    "serial": ("#f3eefa", "#8f7bb5", ""),
    "arm": ("none", "#a08a1f", "4 3"),
}


def to_svg(graph: Graph) -> str:
    """Return the picture of a graph as an SVG document."""
    drawn = picture(graph)
    body: list[str] = []
    y, width = _MARGIN, 0.0
    for group in drawn.groups:
        sizes = {group.id: (_text_width(group.label), 0.0), **_sizes(group)}
        frames, routes = layout(group, drawn.links, sizes)
        body.append(f'<g transform="translate({_MARGIN:g} {y:g})">')
        body += _group(group, frames)
        for route in routes:
            body += _arrow(route)
        body.append("</g>")
        y += frames[group.id].height + _APART
        width = max(width, frames[group.id].width)
    width, height = width + 2 * _MARGIN, y - _APART + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'{_FONT} fill="{_INK}">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *body, "</svg>"]) + "\n"


def _sizes(group: Group) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for child in group.children:
        extra = 40.0 if isinstance(child, Box) and child.shape == "test" else 22.0
        found[child.id] = (max(_text_width(child.label) + extra, 44.0), _HEIGHT)
        if isinstance(child, Group):
            found |= _sizes(child)
            found[child.id] = (_text_width(child.label), 0.0)
    return found


def _text_width(text: str) -> float:
    """Return about how wide a text is drawn."""
    return _CHAR * sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _group(group: Group, frames: dict[str, Frame]) -> Iterator[str]:
    frame = frames[group.id]
    fill, line, dashes = _GROUPS[group.shape]
    yield f"<g>{_title(group.note)}"
    yield (
        f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="7" fill="{fill}" '
        f'stroke="{line}"{_dashed(dashes)}/>'
    )
    yield f'<text x="{frame.x + 9:.1f}" y="{frame.y + 16:.1f}" font-size="11" fill="{_INK}">{_escaped(group.label)}</text></g>'
    for child in group.children:
        if isinstance(child, Group):
            yield from _group(child, frames)
        else:
            yield from _box(child, frames[child.id])


def _box(box: Box, frame: Frame) -> Iterator[str]:
    fill, line, thick, dashes = _BOXES[box.shape]
    style = f'fill="{fill}" stroke="{line}" stroke-width="{thick:g}"{_dashed(dashes)}'
    x, y, w, h = frame.x, frame.y, frame.width, frame.height
    yield f"<g>{_title(box.note)}"
    if box.shape == "test":
        corners = [
            (x, y + h / 2),
            (x + 14, y),
            (x + w - 14, y),
            (x + w, y + h / 2),
            (x + w - 14, y + h),
            (x + 14, y + h),
        ]
        yield f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" {style}/>'
    else:
        round_ = h / 2 if box.shape in ("start", "end") else 4
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{round_:g}" {style}/>'
    if box.shape == "call":
        for edge in (x + 4, x + w - 4):
            yield f'<path d="M{edge:.1f} {y:.1f}V{y + h:.1f}" stroke="{line}"/>'
    yield f'<text x="{x + w / 2:.1f}" y="{y + h / 2 + 4:.1f}" text-anchor="middle">{_escaped(box.label)}</text></g>'


def _arrow(route: Route) -> Iterator[str]:
    points = list(route.points)
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    last = points.pop()
    ends = [*points, (last[0], last[1] - 6)]  # the head begins here
    for (x1, y1), (x2, y2) in itertools.pairwise(ends):
        if x1 == x2:
            path += f"V{y2:.1f}"
            continue
        bend = max((y2 - y1) / 2, 6.0)
        path += f"C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
    order = route.link.shape == "order"
    colour = "#9aa5af" if order else "#a08a1f" if route.link.shape == "branch" else "#4d5d6b"
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2"{_dashed("3 3" if order else "")}/>'
    x, y = last
    yield f'<polygon points="{x - 3.5:.1f},{y - 7:.1f} {x + 3.5:.1f},{y - 7:.1f} {x:.1f},{y:.1f}" fill="{colour}"/>'
    if route.link.label:
        yield f'<text x="{x + 6:.1f}" y="{y - 8:.1f}" font-size="10" fill="{colour}">{_escaped(route.link.label)}</text>'


def _dashed(dashes: str) -> str:
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _title(note: str) -> str:
    """Return what is shown when the pointer rests on something."""
    return f"<title>{_escaped(note)}</title>" if note else ""


def _escaped(text: str) -> str:
    """Return text as XML has it; characters that XML has not become replacement characters."""
    return escape("".join(char if _allowed(char) else "\ufffd" for char in text))


def _allowed(char: str) -> bool:
    return char in "\t\n" or (
        ord(char) >= 32 and not 0xD800 <= ord(char) <= 0xDFFF and ord(char) not in (0xFFFE, 0xFFFF)
    )
