"""Why one thing waits for another: data and through which name, a jump, a branch, `after=`, the order of effects."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tangentflow.explain.view import View
from tangentflow.explain.words import both, named
from tangentflow.graph.edges import RESULT, START, Edge, fed_by, loaded, slices
from tangentflow.graph.nodes import If, Loop, Node, Slice, Step, Try

__all__ = ["ordering", "taken"]


def taken(view: View, target: str) -> list[str]:
    """Return what a node, or the result, computes with: the names that it reads, and where their values come from."""
    by_name: dict[str, list[str]] = {}
    for edge in view.waits(target):
        if edge.data and not _only_after(view, edge):
            every = "all " if edge.gather else ""
            by_name.setdefault(_through(view, edge), []).append(every + named(view, edge.source))
    own = view.places.nodes.get(target)
    if own is not None:
        for names, where in _from_head(view, own):
            by_name.setdefault(where, []).append(both([f"`{name}`" for name in names]))
    found = []
    for name, sources in by_name.items():
        if name.startswith("from "):
            found.append(f"{both(sources)} {name}")
        else:
            found.append(f"{name} from {both(sources)}")
    return found


def _from_head(view: View, node: Node) -> Iterator[tuple[list[str], str]]:
    """Yield the names that a slice takes from the head of its iteration, and how they come there."""
    slice_ = next(iter(slices(node).values()))
    loop = view.places.nodes.get(slice_.start or "")
    used = loaded(_return(slice_)) | _read(slice_)
    mine = sorted(set(slice_.names) & view.names & used)
    if loop is None:
        if mine:
            yield mine, "from the arguments of the workflow"
        return
    carried = [name for name in mine if isinstance(loop, Loop) and name in loop.carried]
    rest = [name for name in mine if name not in carried]
    line = loop.origin.lineno
    if carried:
        yield carried, f"from the iteration of line {line} before this one"
    if rest:
        yield rest, f"from its iteration of line {line}"


def _function(slice_: Slice) -> ast.FunctionDef:
    found = ast.parse(slice_.code).body[0]
    assert isinstance(found, ast.FunctionDef)
    return found


def _return(slice_: Slice) -> ast.Module:
    returns = [node for node in ast.walk(_function(slice_)) if isinstance(node, ast.Return)]
    return ast.Module(body=list(returns), type_ignores=[])


def _read(slice_: Slice) -> set[str]:
    return set().union(*[loaded(stmt) for stmt in _function(slice_).body])


def _asked(view: View, target: str) -> list[Slice]:
    return [view.flow.result] if target == RESULT else list(slices(view.places.nodes[target]).values())


def _through(view: View, edge: Edge) -> str:
    """Return the name through which a value comes: one that the target reads, else one that the source is bound to."""
    for slice_ in _asked(view, edge.target):
        function = _function(slice_)
        direct = sorted(_users_names(view, function, loaded(_return(slice_))))
        names = [name for name in direct if edge.source in fed_by(function, {name})]
        if names:
            return both([f"`{name}`" for name in names])
    source = view.places.nodes[edge.source]
    if isinstance(source, Loop):
        left = [name for name in source.outputs if name in view.names]
        return both([f"`{name}`" for name in left]) or "the value"
    target = getattr(source, "target", None)
    return f"`{target}`" if target in view.names else "the value"


def _users_names(view: View, function: ast.FunctionDef, names: set[str]) -> set[str]:
    """Return the names of the user's that names were computed from, through those that the compiler made."""
    seen: set[str] = set()
    while made := names - view.names - seen:
        seen |= made
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and made & {t.id for t in node.targets if isinstance(t, ast.Name)}:
                names = names | loaded(node.value)
    return names & view.names


def _only_after(view: View, edge: Edge) -> bool:
    """Whether a step names another one in `after=` and does not use its value otherwise."""
    node = view.places.nodes.get(edge.target)
    if not isinstance(node, Step):
        return False
    function = _function(node.slice)
    behind: set[str] = set()
    used: set[str] = set()
    for call in [inner for inner in ast.walk(_return(node.slice)) if isinstance(inner, ast.Call)]:
        for keyword in call.keywords:
            (behind if keyword.arg == "after" else used).update(loaded(keyword))
        used |= set().union(*[loaded(argument) for argument in call.args])
    return edge.source in fed_by(function, behind) and edge.source not in fed_by(function, used)


def ordering(view: View, target: str) -> list[str]:
    """Return what a node, or the result, waits for without computing with it, each with the reason."""
    reasons: dict[str, list[str]] = {}
    for edge in view.waits(target):
        if edge.source != START and (not edge.data or _only_after(view, edge)):
            every = "all " if edge.gather else ""
            reasons.setdefault(_reason(view, edge), []).append(every + named(view, edge.source))
    return [f"{both(sources)}: {reason}" for reason, sources in reasons.items()]


def _reason(view: View, edge: Edge) -> str:
    if _only_after(view, edge):
        return "`after` says so"
    for parent in reversed(view.places.parents.get(edge.target, ())):
        owner = view.places.nodes[parent]
        if isinstance(owner, Try) and _in_body(owner, edge.source) and not _in_body(owner, edge.target):
            return f"it tells how the body of the `try` on line {owner.origin.lineno} ends"
    if any(edge.source in fed_by(function, _tests(function, True)) for function in _functions(view, edge)):
        return "it decides a jump that stands before"
    if edge.target == RESULT:
        return "the run ends after it, and with its exception if it raises one"
    if view.places.nodes[edge.source].effect:
        return "effects keep the order of the program"
    loop = view.places.nodes.get(view.inner_loop(edge.target) or "")
    if isinstance(loop, Loop) and loop.kind == "while" and _of_test(view, loop, edge):
        return "it decides whether the `while` goes on"
    around = [owner for owner, _ in view.parts(edge.target) if isinstance(owner, If)]
    if around and any(edge.source in fed_by(function, _tests(function, False)) for function in _functions(view, edge)):
        return f"it decides the branch on line {around[-1].origin.lineno}"
    if view.places.nodes[edge.target].effect:
        return "an effect runs only after all that stands before it and may raise"
    return "what stands before may raise"


def _of_test(view: View, loop: Loop, edge: Edge) -> bool:
    """Whether a call stands in the test of a `while`, and what waits for it behind the test."""
    line = loop.origin.lineno
    source, target = view.places.nodes[edge.source], view.places.nodes[edge.target]
    return loop.id in view.places.parents[edge.source] and source.origin.lineno == line < target.origin.lineno


def _in_body(owner: Try, node: str) -> bool:
    return any(node == inner.id for inner in owner.body.walk())


def _functions(view: View, edge: Edge) -> list[ast.FunctionDef]:
    return [_function(slice_) for slice_ in _asked(view, edge.target)]


def _tests(function: ast.FunctionDef, jumping: bool) -> set[str]:
    """Return the names in the conditions of a slice: of those that jump away from what it leads to, or of the others."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.If):
            jumps = any(
                isinstance(inner, ast.Return) and inner.value is not None and ast.unparse(inner.value) == "_tf.SKIP"
                for inner in node.body + node.orelse
            )
            if jumps == jumping:
                found |= loaded(node.test)
    return found
