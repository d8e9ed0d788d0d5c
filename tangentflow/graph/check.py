"""What holds of every graph. A graph for which it does not is a bug of the compiler."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.errors import InternalError
from tangentflow.graph.edges import Places, places, slices
from tangentflow.graph.lines import lines_of
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Input, Loop, Map, Node, Region, Slice, Step, Try
from tangentflow.graph.printing import print_graph

__all__ = ["check"]


def check(graph: Graph) -> None:
    """Raise InternalError with all that is wrong with a graph, and its print; return if nothing is."""
    problems = [*_graph(graph), *(f"{flow.key}: {problem}" for flow in graph.flows for problem in _flow(flow, graph))]
    if problems:
        raise InternalError("a graph is inconsistent", problems="\n".join(problems), graph=_print(graph))


def _print(graph: Graph) -> str:
    try:
        return print_graph(graph)
    except Exception as error:  # it is inconsistent: what it is must be told all the same
        return f"(cannot be printed: {error!r})\n{graph!r}"


def _graph(graph: Graph) -> Iterator[str]:
    keys = [flow.key for flow in graph.flows]
    yield from _unique(keys, "flow")
    if graph.root not in keys:
        yield f"the root {graph.root!r} is no flow"
        return
    calls = {flow.key: {n.flow for n in flow.body.walk() if isinstance(n, Call)} for flow in graph.flows}
    reached, todo = set(), [graph.root]
    while todo:
        key = todo.pop()
        if key not in reached:
            reached.add(key)
            todo += calls.get(key, set())
    for key in sorted(set(keys) - reached):
        yield f"flow {key!r} is never called"
    for key in sorted(reached - set(keys)):
        yield f"flow {key!r} is called and missing"


def _unique(names: list[str], what: str) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{what} {name!r} is there {names.count(name)} times"


def _flow(flow: Flow, graph: Graph) -> Iterator[str]:
    ids = [node.id for node in flow.body.walk()]
    yield from _unique(ids, "node")
    yield from _unique(list(flow.params), "parameter")
    at = places(flow)
    for problem in _region(flow.body):
        yield f"body: {problem}"
    if flow.body.outputs:
        yield f"body: leaves {flow.body.outputs} to nobody"
    for node in flow.body.walk():
        for problem in [*_node(node, at, graph), *(p for region in node.regions for p in _region(region))]:
            yield f"{node.id}: {problem}"
        for name, slice_ in slices(node).items():
            for problem in _slice(slice_, node, name, flow, at):
                yield f"{node.id}.{name}: {problem}"
    for problem in _slice(flow.result, None, "result", flow, at):
        yield f"result: {problem}"
    try:
        lines_of(flow)
    except (InternalError, SyntaxError) as error:
        yield f"source: {error}"


def _region(region: Region) -> Iterator[str]:
    for what, names in (("inputs", region.inputs), ("outputs", region.outputs)):
        if list(names) != sorted(set(names)) or not all(map(str.isidentifier, names)):
            yield f"{what} {names} are not sorted distinct names"


# -- nodes -----------------------------------------------------------------------------------------------------------


def _node(node: Node, at: Places, graph: Graph) -> Iterator[str]:
    around = at.loops(node.id)
    if not node.id or node.id.rpartition(".")[0] != (around[-1] if around else ""):
        yield f"its id does not say that it stands in {around[-1] if around else 'no loop'}"
    if node.regions and node.effect != any(n.effect for region in node.regions for n in region.walk()):
        yield f"effect is {node.effect}, which what it holds denies"
    yield from _CHECKS[type(node)](node, graph)


def _step(node: Step, graph: Graph) -> Iterator[str]:
    if graph.bindings and not isinstance(graph.bindings.get(node.callee), StepFunction):
        yield f"callee {node.callee!r} is bound to no step"
    yield from _called(node.slice, node.callee)
    if node.ordered and not node.effect:
        yield "ordered, but no effect"


def _call(node: Call, graph: Graph) -> Iterator[str]:
    if graph.bindings and not isinstance(graph.bindings.get(node.flow), WorkflowFunction):
        yield f"flow {node.flow!r} is bound to no workflow"
    yield from _called(node.slice, node.flow)


def _called(slice_: Slice, key: str) -> Iterator[str]:
    if f"_tf.args({key!r})" not in slice_.code:
        yield f"its slice does not collect the arguments of {key!r}"


def _glue(node: Glue, graph: Graph) -> Iterator[str]:
    if node.kind not in ("opaque", "impure"):
        yield f"kind {node.kind!r}"
    if (node.kind == "impure") and not node.effect:
        yield "impure, but no effect"


def _if(node: If, graph: Graph) -> Iterator[str]:
    if not node.body.nodes and not node.orelse.nodes:
        yield "both arms are empty"


def _try(node: Try, graph: Graph) -> Iterator[str]:
    if len(node.caught) != len(node.handlers):
        yield f"{len(node.handlers)} handlers for {node.caught}"
    if not any(region.nodes for region in node.regions):
        yield "nothing in it"


def _map(node: Map, graph: Graph) -> Iterator[str]:
    yield from _disjoint({"entry": node.entry, "item": node.item})
    if node.count is not None and node.count < 0:
        yield f"count {node.count}"
    if not node.body.nodes:
        yield "nothing in it"


def _loop(node: Loop, graph: Graph) -> Iterator[str]:
    yield from _disjoint({"invariant": node.invariant, "carried": node.carried})
    if set(node.outputs) - set(node.carried):
        yield f"leaves {sorted(set(node.outputs) - set(node.carried))}, which it does not carry"
    if node.kind == "for":
        if node.var is None or node.items not in (*node.invariant, *node.carried) or node.limit is not None:
            yield f"a for with var {node.var!r}, items {node.items!r}, limit {node.limit!r}"
        if not node.why:
            yield "a for that runs in order for no reason"
    elif node.kind != "while" or node.var is not None or node.items is not None:
        yield f"kind {node.kind!r} with var {node.var!r}, items {node.items!r}"
    if not node.body.nodes:
        yield "nothing in it"


def _disjoint(parts: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for what, names in parts.items():
        if list(names) != sorted(set(names)):
            yield f"{what} {names} are not sorted distinct names"
    (first, a), (second, b) = parts.items()
    if set(a) & set(b):
        yield f"{first} and {second} share {sorted(set(a) & set(b))}"


_CHECKS: dict[type, Callable[..., Iterator[str]]] = {
    Step: _step,
    Call: _call,
    Glue: _glue,
    If: _if,
    Try: _try,
    Map: _map,
    Loop: _loop,
}


# -- slices ----------------------------------------------------------------------------------------------------------


def _slice(slice_: Slice, node: Node | None, name: str, flow: Flow, at: Places) -> Iterator[str]:
    around = at.loops(node.id) if node is not None else ()
    context = (*around, node.id) if node is not None and name == "advance" else around
    if slice_.start != (context[-1] if context else None):
        yield f"starts at {slice_.start!r}, it stands in {context}"
    try:
        function = _parse(slice_.code)
    except (SyntaxError, ValueError) as error:
        yield f"its code is no function slice(_tf): {error}"
        return
    known = _names_at(slice_.start, flow, at)
    if set(slice_.names) - known:
        yield f"takes {sorted(set(slice_.names) - known)}, which are not known where it starts"
    taken = {n for call, n, _ in _uses(function) if call in ("take", "copy", "has")}
    if taken != set(slice_.names):
        yield f"takes {sorted(taken)}, and says {slice_.names}"
    looked_up = {
        (call == "leave", site, count) for call, site, count in _uses(function) if call in ("out", "own", "leave")
    }
    said = {(isinstance(at.nodes.get(i.site), Loop), i.site, len(i.every)) for i in slice_.inputs}
    if looked_up != said:
        yield f"looks up {sorted(looked_up - said)} without saying so, says {sorted(said - looked_up)} without looking up"
    if len({(i.site, i.every) for i in slice_.inputs}) != len(slice_.inputs):
        yield "an input is there twice"
    order = {name: index for index, name in enumerate(at.nodes)}
    inside = {inner.id for inner in node.body.walk()} if isinstance(node, Try) else set[str]()
    for item in slice_.inputs:
        for problem in _input(item, context, at):
            yield f"input {item.site!r}: {problem}"
        after = node is not None and name != "advance" and order.get(item.site, -1) >= order[node.id]
        if after and item.site not in inside:
            yield f"input {item.site!r} does not stand before it"


def _input(item: Input, context: tuple[str, ...], at: Places) -> Iterator[str]:
    site = at.nodes.get(item.site)
    if site is None or isinstance(site, (If, Try, Map)):
        yield "has no outcome: it is no site and no loop that runs in order"
        return
    loops = at.loops(item.site)
    if loops != (*context, *item.every):
        yield f"stands in {loops}, looked up from {context} for every {item.every}"


def _names_at(start: str | None, flow: Flow, at: Places) -> set[str]:
    if start is None:
        return set(flow.params)
    loop = at.nodes.get(start)
    if isinstance(loop, Map):
        return {*loop.entry, *loop.item}
    if isinstance(loop, Loop):
        return {*loop.invariant, *loop.carried, *([loop.var] if loop.var else [])}
    return set()


def _parse(code: str) -> ast.FunctionDef:
    compile(code, "<slice>", "exec", dont_inherit=True)
    body = ast.parse(code).body
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        raise ValueError("not one function")
    if body[0].name != "slice" or ast.unparse(body[0].args) != "_tf":
        raise ValueError(f"def {body[0].name}({ast.unparse(body[0].args)})")
    return body[0]


def _uses(function: ast.FunctionDef) -> set[tuple[str, str, int]]:
    """Return the calls `_tf.name('text', …)`, each with its text and the number of its further arguments."""
    found = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            first = node.args[0] if node.args else None
            if node.func.value.id == "_tf" and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add((node.func.attr, first.value, len(node.args) - 1))
    return found
