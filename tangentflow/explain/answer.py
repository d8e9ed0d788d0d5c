"""The answers: a line of source, or a whole graph, as text.

A node gets a paragraph: what it is, how often it runs, under which conditions, what it takes from where, what else it waits for and why,
and where it is found in the Argo document.
"""

from __future__ import annotations

import ast
import os
import re
import textwrap

from tangentflow.errors import UsageError
from tangentflow.explain.pods import helpers, template
from tangentflow.explain.view import View, views
from tangentflow.explain.waiting import ordering, taken
from tangentflow.explain.words import both, header, inline, kind, named
from tangentflow.graph.edges import RESULT, slices
from tangentflow.graph.nodes import Call, Glue, Graph, If, Loop, Map, Node, Step, Try
from tangentflow.graph.printing import headline, shorten, where

__all__ = ["explain"]

_WIDTH = 100
_WRAPPER = textwrap.TextWrapper(
    _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
)


def explain(graph: Graph, line: int | None = None, filename: str | None = None) -> str:
    """Return what became of a line of a workflow's file (or of `filename`, for a sub-workflow elsewhere); without a line, of all.

    Raises UsageError for a line that belongs to no workflow of the graph, and for a graph that was read from JSON.
    """
    found = views(graph)
    if line is None:
        return "\n\n".join(_whole(view) for view in found) + "\n"
    file = os.path.realpath(filename or found[0].program.source.filename)
    every = [view.only(program) for view in found for program in view.programs]
    mine = [view for view in every if os.path.realpath(view.program.source.filename) == file]
    inside = [view for view in mine if view.program.first <= line <= view.program.last]
    if not inside:
        raise UsageError(_nowhere(line, file, mine or every))
    view = min(inside, key=lambda view: view.program.last - view.program.first)
    return _line(view, line) + "\n"


def _nowhere(line: int, file: str, known: list[View]) -> str:
    spans = [
        f"{view.program.source.name} ({os.path.basename(view.program.source.filename)}, lines {view.program.first} to {view.program.last})"
        for view in known
    ]
    return f"line {line} of {os.path.basename(file)} belongs to no workflow of this graph; it has {both(spans)}"


# -- a line ----------------------------------------------------------------------------------------------------------


def _line(view: View, line: int) -> str:
    head = f"{os.path.basename(view.program.source.filename)}:{line}  {view.program.source.lines[line - 1].strip()}"
    head = head.rstrip()
    start = view.program.starts(line)
    if start is None or line < view.program.first or not view.program.source.lines[line - 1].strip():
        text = view.program.source.lines[line - 1].strip()
        if text and not text.startswith("#"):
            return f"{head}\n\n{_whole(view)}"  # the line of the `def`
        return f"{head}\n\n{_filled('There is no code on this line.')}"
    nodes = [node for node in view.own() if node.origin.lineno == start]
    nodes += [node for node in _clauses(view, line) if node not in nodes]
    parts = [_paragraph(view, node) for node in nodes]
    if not nodes or _is_return(view, line):
        parts.append(_plain(view, line))
    return "\n\n".join([head, *filter(None, parts)])


def _clauses(view: View, line: int) -> list[Node]:
    """Return the branch whose `except`, `else` or `finally` stands on a line."""
    words = view.program.text(line).split("(")[0].rstrip(":").split()
    if not words or words[0] not in ("else", "except", "finally"):
        return []
    owner = next((stmt for stmt, _ in reversed(view.program.way(line)) if stmt.lineno < line), None)
    return [node for node in view.own() if owner is not None and node.regions and node.origin.lineno == owner.lineno]


def _is_return(view: View, line: int) -> bool:
    text = view.program.plain(line)
    return text is not None and (text == "return" or text.startswith("return "))


def _plain(view: View, line: int) -> str:
    """Return what is to be said of a line without a step."""
    found = []
    jumps = view.program.jumps_in(line)
    lines = {at for _, at in jumps}
    behind = [
        view.path(node.id)
        for node in view.own()
        if isinstance(node, (Step, Call, Map, Loop)) and lines & {at for _, at in _jumps(view, node)}
    ]
    for word, at in jumps:
        loop = view.program.loop_around(at)
        what = {"break": f"ends the loop of line {loop}", "continue": f"ends this iteration of the loop of line {loop}"}
        ends = what.get(word, "ends the workflow" if word == "return" else "raises")
        if at == line and word != "return":
            found.append(f"`{word}` {ends}")
        elif at != line:
            found.append(f"it may lead to `{word}` on line {at}, which {ends}")
    if _is_return(view, line):
        found.append("it gives the result of the workflow")
        found += [f"the result takes {text}" for text in taken(view, RESULT)]
        found += [f"before the run ends: {text}" for text in ordering(view, RESULT)]
    if behind:
        found.append(
            f"behind it {'stand' if len(behind) > 1 else 'stands'} {both(behind)}, only reached if the jump is not taken"
        )
    inside = view.program.only_orders(line)
    if inside is not None:
        held = [view.path(n.id) for n in view.own() if inside[0] <= n.origin.lineno <= inside[1]]
        found.append(
            f"this `with` is no context at run time: it says how the steps in it are ordered: {both(held) or 'none'}"
        )
    standing = _standing(view, line)
    found += [f"{both(standing)} stands for the call here: the same code gets the same inputs"] if standing else []
    users = _users(view, line)
    plain = view.program.plain(line) in (None, "break", "continue")
    if not _is_return(view, line) and inside is None and not (plain and jumps) and not standing:
        text = "no step stands here: it is plain Python, evaluated again wherever its value is needed"
        found.insert(0, f"{text}: {both(users)}" if users else text)
    return _filled(*found)


def _standing(view: View, line: int) -> list[str]:
    """Return the nodes of earlier parts that stand for the calls of a line, in a merged workflow."""
    here = [name for name, origin in view.flow.shared if view.program.holds(origin) and origin.lineno == line]
    return list(dict.fromkeys(named(view, name) for name in here))


def _users(view: View, line: int) -> list[str]:
    """Return what replays a simple statement: the nodes and the result whose slices hold it."""
    text = view.program.plain(line)
    if text is None:
        return []
    found = []
    for node in view.places.nodes.values():
        found += [_question(view, node, name) for name, asked in slices(node).items() if _holds(asked.code, text)]
    if _holds(view.flow.result.code, text):
        found.append("for the result")
    return found


def _holds(code: str, text: str) -> bool:
    return any(isinstance(node, ast.stmt) and ast.unparse(node) == text for node in ast.walk(ast.parse(code).body[0]))


def _question(view: View, node: Node, asked: str) -> str:
    words = {
        Step: "for the arguments of",
        Call: "for the arguments of",
        Glue: "for",
        If: "to decide",
        Try: "to tell how the body ends of",
    }
    words[Loop] = "to start" if asked == "entry" else "between the iterations of"
    words[Map] = "for the items of"
    return f"{words[type(node)]} {view.path(node.id)}"


# -- a node ----------------------------------------------------------------------------------------------------------


def _paragraph(view: View, node: Node) -> str:
    if node.regions:
        shown = f"{kind(node)}, line {node.origin.lineno}: {header(view, node)}"
    else:
        shown = f"{kind(node)}, line {node.origin.lineno}"
    sentences = [*_runs(view, node), *_conditions(view, node), *_why_in_order(view, node)]
    takes = taken(view, node.id)
    if takes:
        sentences.append(f"takes {'; '.join(takes)}")
    behind = ordering(view, node.id)
    sentences += [f"waits for {text}" for text in behind]
    if not takes and not behind and not isinstance(node, (If, Try)):
        inside = " but its branch" if view.parts(node.id) else " in its iteration" if view.inner_loop(node.id) else ""
        sentences.append(f"waits for nothing{inside}")
    sentences += _effects(node)
    also = list(dict.fromkeys(where(origin) for name, origin in view.flow.shared if name == node.id))
    sentences += [f"it stands for {both(also)} too"] if also else []
    if isinstance(node, Call):
        sentences.append("what is inside is explained with that workflow")
    return f"{view.path(node.id)}: {shown}\n{_filled(*sentences, *template(view, node))}"


def _runs(view: View, node: Node) -> list[str]:
    """Return how often a node runs, and how its own iterations do."""
    found = []
    loops = view.places.loops(node.id)
    if loops:
        rounds = []
        for loop in reversed(loops):
            owner = view.places.nodes[loop]
            how = "side by side" if isinstance(owner, Map) else "one after the other"
            rounds.append(f"each iteration of line {owner.origin.lineno} ({how})")
        found.append(f"once in {', in '.join(rounds)}")
    if isinstance(node, Map):
        times = "" if node.count is None else f", {node.count} of them"
        found.append(f"its iterations run side by side{times}: none needs what a step of another one gave")
    return found


def _why_in_order(view: View, node: Node) -> list[str]:
    """Return what makes the iterations of a loop wait for each other."""
    if not isinstance(node, Loop):
        return []
    found = []
    if node.kind == "while":
        found.append("its iterations run in order: a `while` is asked again after each of them")
    elif node.why and node.why[0][0] == "sequential":
        found.append("its iterations run in order: `sequential` asks for it")
    else:
        ordered = [site for _, site, _ in node.why if _keeps_order(view, site)]
        found += [f"its iterations run in order: {named(view, site)} is ordered" for site in ordered]
    for carry in node.carries:
        source = f"{named(view, carry.site)}"
        if carry.name in ("break", "return"):
            found.append(
                f"whether there is a next iteration is known only after `{carry.name}` on line {carry.written}, which {source} decides"
            )
            continue
        shown = f"`{carry.name}`" if carry.name in view.names else "a value"
        read = f"line {carry.read} reads it in the next iteration" if carry.read else "the next iteration reads it"
        found.append(
            f"an iteration hands {shown} to the next one: line {carry.written} writes it, from {source}; {read}"
        )
    if len(found) == 0:
        sites = [named(view, site) for _, site, _ in node.why if site in view.places.nodes]
        found.append(f"its iterations run in order: the next one needs what became of {both(sites)}")
    if node.limit is not None:
        found.append(f"more than {node.limit:,} iterations raise LoopLimit")
    return found


def _keeps_order(view: View, site: str) -> bool:
    node = view.places.nodes.get(site)
    return (isinstance(node, Step) and node.ordered) or (isinstance(node, Call) and node.effect)


def _conditions(view: View, node: Node) -> list[str]:
    """Return the arms and handlers that a node stands in, and the jumps before it."""
    found = []
    for owner, index in view.parts(node.id):
        at = owner.origin.lineno
        if isinstance(owner, If):
            test = re.sub(r"^(el)?if\s*", "", header(view, owner))
            if inline(owner):
                found.append(f"only if the expression on line {at} comes to it")
            else:
                found.append(f"only if `{test}` (line {at}) " + ("holds" if index == 0 else "does not hold"))
        elif isinstance(owner, Try) and 0 < index <= len(owner.handlers):
            caught = owner.caught[index - 1]
            found.append(f"only if the body of the `try` on line {at} ends with {caught or 'any exception'}")
        elif isinstance(owner, Try) and index == len(owner.handlers) + 1:
            found.append(f"only if the body of the `try` on line {at} ends without an exception")
        elif isinstance(owner, Try) and index == len(owner.handlers) + 2:
            found.append(f"in any case, once the `try` on line {at} has ended: it is its `finally`")
    jumps = _jumps(view, node)
    if jumps:
        shown = [f"`{word}` on line {at}" for word, at in jumps]
        found.append(f"only if no jump before it is taken: {both(shown, 'or')}")
    return found


def _jumps(view: View, node: Node) -> list[tuple[str, int]]:
    return view.at(node).jumps_before(node.origin.lineno)


def _effects(node: Node) -> list[str]:
    if isinstance(node, Step) and node.ordered:
        return ["it is ordered: it keeps its place among the effects"]
    if isinstance(node, (Step, Call)) and node.effect and node.target is None:
        return ["nothing uses its value, so it is an effect: effects keep their order"]
    if isinstance(node, Glue) and node.kind == "impure":
        return ["it is evaluated once, and keeps its place among the effects"]
    return []


# -- all -------------------------------------------------------------------------------------------------------------


def _whole(view: View) -> str:
    title = f"{headline(view.flow)}, {where(view.flow.origin)}"
    title += "" if view.root else ": a sub-workflow"
    shown = [f"the workflow is template `{view.plan.blocks[''].template}`"]
    if len(view.programs) > 1:
        shown.append(f"it is made of {both([program.source.name for program in view.programs])}")
    shown += [f"its result takes {text}" for text in taken(view, RESULT)]
    helping = helpers(view)
    if helping:
        shown.append("these pods run no step: " + "; ".join(helping))
    parts = [_paragraph(view, node) for node in view.places.nodes.values()]
    return "\n\n".join([f"{shorten(title, _WIDTH)}\n{_filled(*shown)}", *parts])


def _filled(*sentences: str) -> str:
    """Return sentences as lines with a margin, the first letter in upper case and a full stop at the end."""
    rows = []
    for text in sentences:
        said = text if text.startswith("`") else text[0].upper() + text[1:]
        text = f"{said.removesuffix('.')}."
        rows.append(_WRAPPER.fill(text))
    return "\n".join(rows)
