"""The canonical form of a graph: one text for all programs that differ only in names of variables and order of independent lines.

Lines are independent if neither reads what the other writes, and no order of the language is between them: effects and all other
steps, effects and what may raise, messages among each other, `return` and its like and everything. (Which of two independent
lines that both raise comes first is not told apart.) Each line gets a colour from what it does, and each name one from where
it stands, until no colour tells more apart; then lines are put in the first order that their dependences allow, and names are
numbered. Equal texts are equal programs, whatever the colours.

Steps and all that a workflow reads from outside count by the fingerprints of their code, not by name. Parameters count by position,
unless they can be given by name only, or are somewhere in the graph.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from tangentflow.graph.fingerprint import Names, fingerprint
from tangentflow.graph.lines import Lines, blocks, lines_of
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, If, Loop, Map, Node, Step, Try
from tangentflow.graph.normal import Form, Local, Part, bound_in, form, keywords, meaningless

__all__ = ["canonical", "digest_of", "names_asked"]


_ROUNDS = 8
"""How often the flows of small graphs are coloured: always the same, so that equal flows of different graphs are equal."""


def canonical(graph: Graph) -> str:
    """Return the canonical text of a graph: the name of the flow that a run starts with, then all flows, equal ones once."""
    bodies = _bodies(graph)
    # A flow is what it does with the flows that it calls: colours settle from the innermost outwards. Those of flows that call
    # themselves never do; after as many rounds as there are flows, different ones differ.
    colours = dict.fromkeys(bodies, "")
    texts: dict[str, str] = {}
    for _ in range(max(_ROUNDS, len(bodies))):
        texts = {key: body.text(colours) for key, body in bodies.items()}
        fresh = {key: digest_of(text) for key, text in texts.items()}
        if fresh == colours:
            break
        colours = fresh
    flows = {f"flow {colours[key]}\n{text}" for key, text in texts.items()}
    return "\n".join([colours[graph.root], *sorted(flows)])


def names_asked(graph: Graph) -> dict[str, dict[str, str]]:
    """Return what each flow reads from outside: names and fingerprints, by the flow's key."""
    return {key: dict(sorted(body.names.asked.items())) for key, body in _bodies(graph).items()}


def _bodies(graph: Graph) -> dict[str, _Body]:
    lines = {flow.key: lines_of(flow) for flow in graph.flows}
    named = [keywords(lines[flow.key].function) for flow in graph.flows]
    kept = None if None in named else frozenset(name for names in named for name in names or ())
    return {flow.key: _Body(flow, lines[flow.key], graph, kept) for flow in graph.flows}


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Callee(str):
    """A part that stands for a flow, by its key."""


@dataclass(eq=False)
class _Line:
    """A statement: what it does itself (`parts`), the blocks inside, and what decides its place.

    `effect`, `step`, `raises`, `message`, `jump` hold if anything in it is or does one. Effects of one `lane` (not 0) are free of each other.
    """

    parts: list[Part]
    index: int
    inner: list[list[_Line]] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    effect: bool = False
    step: bool = False
    raises: bool = True
    message: bool = False
    jump: bool = False
    breaks: bool = False
    lane: int = 0
    before: list[_Line] = field(default_factory=list)
    after: list[_Line] = field(default_factory=list)
    own: str = ""
    colour: str = ""

    def locals(self) -> Iterator[str]:
        """Yield the variables in it as they occur, inner blocks included."""
        yield from (part.name for part in self.parts if isinstance(part, Local))
        for block in self.inner:
            for line in block:
                yield from line.locals()


class _Body:
    """The lines of one flow."""

    def __init__(self, flow: Flow, lines: Lines, graph: Graph, kept: frozenset[str] | None) -> None:
        self.graph = graph
        self.lines = lines
        self.nodes = {node.id: node for node in flow.body.walk()}
        function = lines.function
        self.names = Names(graph.bindings.get(flow.key), function.body)
        own = bound_in(function.body) - self.names.imported
        self.named = kept
        self.kept = frozenset(flow.params) if kept is None else frozenset(flow.params) & kept
        self.kept |= {argument.arg for argument in function.args.kwonlyargs}
        self.local = frozenset({*flow.params, *own})
        self.params = flow.params
        self.head = self._head(function.args)
        self.lanes = {name: number for number, lane in enumerate(flow.parallel, 1) for name in lane}
        self.callees = {
            n.callee: fingerprint(graph.bindings.get(n.callee, n.callee))
            for n in self.nodes.values()
            if isinstance(n, Step)
        }
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self.block = self._block([stmt for stmt in function.body if not _names_only(stmt, read)])

    def _head(self, given: ast.arguments) -> list[Part]:
        shape = [len(given.posonlyargs), len(given.args), bool(given.vararg), len(given.kwonlyargs), bool(given.kwarg)]
        defaults = form([*given.defaults, *filter(None, given.kw_defaults)], (), self.names)
        named = [f"name {name}" if name in self.kept else Local(name) for name in self.params]
        return [f"{shape} {[d is None for d in given.kw_defaults]} ", *defaults.parts, *named]

    # --- lines

    def _block(self, block: list[ast.stmt]) -> list[_Line]:
        found = [self._line(stmt, index) for index, stmt in enumerate(block) if not meaningless(stmt)]
        for place, line in enumerate(found):
            for other in found[:place]:
                if _ordered(other, line):
                    line.before.append(other)
                    other.after.append(line)
        return found

    def _line(self, stmt: ast.stmt, index: int) -> _Line:
        node = self.nodes.get(self.lines.ids.get(stmt, ""))
        inner = list(blocks(stmt))
        own = self._compound(stmt, node) if inner else self._simple(stmt, node)
        changes = self.lines.changes.get(stmt, frozenset())
        line = _Line(own.parts, index, reads=own.reads, writes=own.writes | (changes & self.local))
        line.effect = bool(node is not None and node.effect)
        line.lane = self.lanes.get(node.id, 0) if node is not None else 0
        if line.lane:
            line.parts.insert(0, "in parallel ")
        line.step = isinstance(node, (Step, Glue, Call))
        line.message = stmt in self.lines.messages
        line.jump = isinstance(stmt, (ast.Return, ast.Raise, ast.Assert))
        line.breaks = isinstance(stmt, (ast.Break, ast.Continue))
        line.raises = bool(inner) or not _cannot_raise(stmt)
        for part in inner:
            lines = self._block(part)
            line.inner.append(lines)
            for other in lines:
                other.jump |= isinstance(stmt, ast.Try)  # which of them raises first decides what runs
                line.reads |= other.reads
                line.writes |= other.writes
                line.effect |= other.effect
                line.step |= other.step
                line.message |= other.message
                line.jump |= other.jump
                line.breaks |= other.breaks and not isinstance(stmt, (ast.For, ast.While))
        return line

    def _form(self, nodes: ast.AST | list[ast.AST]) -> Form:
        return form(nodes, self.local, self.names, self.kept, self.named)

    def _simple(self, stmt: ast.stmt, node: Node | None) -> Form:
        """Return the form of a statement; a step or workflow that it calls counts by what it does."""
        if not isinstance(node, (Step, Call)):
            found = self._form(stmt)
            mark = f"{node.kind} {node.effect} " if isinstance(node, Glue) else "message "
            found.parts.insert(0, mark if node is not None or stmt in self.lines.messages else "")
            return found
        assert isinstance(stmt, (ast.Assign, ast.Expr)) and isinstance(stmt.value, ast.Call)
        targets: list[ast.AST] = list(stmt.targets) if isinstance(stmt, ast.Assign) else []
        found = self._form([*targets, *stmt.value.args, *stmt.value.keywords])
        if isinstance(node, Step):
            found.parts.insert(
                0, f"step {self.callees[node.callee]} {[node.effect, node.pure, node.ordered]} {len(targets)} "
            )
        else:
            found.parts[:0] = ["flow ", _Callee(node.flow), f" {[node.effect, node.recursive]} {len(targets)} "]
        return found

    def _compound(self, stmt: ast.stmt, node: Node | None) -> Form:
        """Return the form of what a compound statement says itself."""
        kind = type(stmt).__name__
        if isinstance(node, Map):
            kind = "For in parallel"
        elif isinstance(node, Loop):
            kind = f"{kind} in order {node.limit}"
        elif isinstance(node, If):
            kind = "If over steps"
        elif isinstance(node, Try):
            kind = "Try over steps"
        header: list[ast.AST] = []
        for name in ("target", "iter", "test", "items", "subject", "handlers", "cases"):
            part = getattr(stmt, name, None) or []
            for item in part if isinstance(part, list) else [part]:
                header += [_without_body(item)]
        found = self._form(header)
        lasts = [name for name in ("orelse", "finalbody") if getattr(stmt, name, None)]
        found.parts.insert(0, f"{kind} {lasts} ")
        return found

    # --- colours

    def text(self, flows: dict[str, str]) -> str:
        """Return the canonical text, given the colours of the flows that it calls."""
        self._refine(flows)
        numbers: dict[str, str] = {}
        out = [_written(self.head, numbers, flows)]
        self._emit(self.block, numbers, flows, 1, out)
        return "\n".join(out) + "\n"

    def _refine(self, flows: dict[str, str]) -> None:
        """Colour lines and names until no round tells more of them apart."""
        colours = dict.fromkeys(self.local, "")
        for place, name in enumerate(self.params):
            colours[name] = f"parameter {place}"
        lines = list(_all(self.block))
        for line in lines:
            line.own = line.colour = ""
        count = 0
        for _ in range(len(lines) + len(colours) + 2):
            self._recolour(self.block, "", colours, flows)
            where: dict[str, list[str]] = {name: [] for name in colours}
            for line in lines:
                for place, part in enumerate(part for part in line.parts if isinstance(part, Local)):
                    where[part.name].append(f"{line.colour} {place}")
            colours = {name: digest_of(f"{colours[name]} {sorted(found)}") for name, found in where.items()}
            now = len(set(colours.values())) + len({line.colour for line in lines})
            if now == count:
                break
            count = now

    def _recolour(self, block: list[_Line], outer: str, colours: dict[str, str], flows: dict[str, str]) -> None:
        """Give each line the colour of what it does, where it stands, and what must come before and after it."""
        for line in block:
            for number, inner in enumerate(line.inner):
                self._recolour(inner, f"{line.colour} {number}", colours, flows)
            inside = [sorted(other.colour for other in inner) for inner in line.inner]
            line.own = digest_of(f"{outer} {_written(line.parts, colours, flows)} {inside}")
        fresh = []
        for line in block:
            around = [sorted(other.own for other in near) for near in (line.before, line.after)]
            fresh.append(digest_of(f"{line.colour} {line.own} {around}"))
        for line, colour in zip(block, fresh, strict=True):
            line.colour = colour

    # --- the text

    def _emit(
        self, block: list[_Line], numbers: dict[str, str], flows: dict[str, str], depth: int, out: list[str]
    ) -> None:
        waiting = {id(line): len(line.before) for line in block}
        ready = [line for line in block if not line.before]
        while ready:
            line = min(ready, key=lambda line: (line.colour, [numbers.get(n, "~") for n in line.locals()], line.index))
            ready.remove(line)
            out.append(" " * depth + _written(line.parts, numbers, flows))
            for number, inner in enumerate(line.inner):
                out.append(f"{' ' * depth}:{number}")
                self._emit(inner, numbers, flows, depth + 1, out)
            for other in line.after:
                waiting[id(other)] -= 1
                if not waiting[id(other)]:
                    ready.append(other)


def _written(written: list[Part], numbers: dict[str, str], flows: dict[str, str]) -> str:
    """Return parts as text; variables as `numbers` has them, those that it has not numbered as they come."""
    out = []
    for part in written:
        if isinstance(part, Local):
            out.append(numbers.setdefault(part.name, f"v{len(numbers)}"))
        elif isinstance(part, _Callee):
            out.append(flows[part])
        else:
            out.append(part)
    return "".join(out)


def _all(block: list[_Line]) -> Iterator[_Line]:
    for line in block:
        yield line
        for inner in line.inner:
            yield from _all(inner)


def _ordered(first: _Line, second: _Line) -> bool:
    """Whether two lines of a block must keep their order."""
    if first.jump or first.breaks or second.jump or second.breaks or (first.message and second.message):
        return True
    for one, other in ((first, second), (second, first)):
        if one.writes & (other.reads | other.writes):
            return True
        free = one.lane and one.lane == other.lane and other.effect
        if one.effect and not free and (other.step or other.effect or other.raises):
            return True
    return False


def _cannot_raise(stmt: ast.stmt) -> bool:
    """Whether a statement surely raises nothing: a constant, or a display of constants, bound to a name."""
    if not isinstance(stmt, ast.Assign) or not all(isinstance(target, ast.Name) for target in stmt.targets):
        return isinstance(stmt, ast.FunctionDef) and not stmt.decorator_list and not stmt.args.defaults
    harmless = (ast.Constant, ast.List, ast.Tuple, ast.Load, ast.Lambda)
    nodes = [stmt.value] if isinstance(stmt.value, ast.Lambda) else ast.walk(stmt.value)
    return all(isinstance(node, harmless) for node in nodes)


def _names_only(stmt: ast.stmt, read: set[str]) -> bool:
    """Whether a statement imports what is read: the names count by what they mean, wherever they are from."""
    return isinstance(stmt, (ast.Import, ast.ImportFrom)) and not read.isdisjoint(bound_in([stmt]))


def _without_body(node: ast.AST) -> ast.AST:
    """Return a handler or case without its statements, which are lines of their own."""
    if isinstance(node, ast.ExceptHandler):
        return ast.ExceptHandler(type=node.type, name=node.name, body=[])
    if isinstance(node, ast.match_case):
        return ast.match_case(pattern=node.pattern, guard=node.guard, body=[])
    return node
