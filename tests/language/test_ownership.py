from __future__ import annotations

import builtins
import collections
import copy
import dataclasses
import heapq
import itertools
import random
import textwrap

import gast
import pytest

from tangentflow.language import core
from tangentflow.language.in_place import mark_changes
from tangentflow.language.kinds import MISSING, Kinds
from tangentflow.language.ownership import check
from tangentflow.source.origin import Origin
from tests.language import ownership_helpers as h

NAMES = {
    **vars(builtins),
    **{k: v for k, v in vars(h).items() if not k.startswith("_")},
    **dict(
        collections=collections, copy=copy, dataclasses=dataclasses, heapq=heapq, itertools=itertools, random=random
    ),
}


class Lowering:
    """A small stand-in for the real one: calls of `step_…` and `opaque_…` become sites, the rest stays glue."""

    def __init__(self):
        self.count = 0
        self.locals = set()

    def function(self, text):
        tree = gast.parse(textwrap.dedent(text)).body[0]
        self.locals = {n.id for n in gast.walk(tree) if isinstance(n, gast.Name) and not isinstance(n.ctx, gast.Load)}
        params = [n.id for n in gast.walk(tree.args) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Param)]
        return tree, params, self.block(tree.body)

    def block(self, nodes):
        return [stmt for node in nodes for stmt in self.statement(node)]

    def origin(self, node):
        return Origin("f.py", node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1)

    def fresh(self):
        self.count += 1
        self.locals.add(f"t{self.count}")
        return f"t{self.count}"

    def statement(self, node):
        at = self.origin(node)
        verbatim = getattr(node, "type_comment", None) == "verbatim"
        if isinstance(node, gast.If) and not verbatim:
            return [core.If(at, node.test, self.block(node.body), self.block(node.orelse))]
        if isinstance(node, gast.While):
            return [core.While(at, [], node.test, self.block(node.body), self.block(node.orelse))]
        if isinstance(node, gast.For):
            items, item = self.fresh(), self.fresh()
            snapshot = gast.ListComp(load(item), [gast.comprehension(store(item), node.iter, [], 0)])
            var, head = self.fresh(), []
            if isinstance(node.target, gast.Name):
                var = node.target.id
            else:
                head = [core.Glue(at, gast.Assign([node.target], load(var), None))]
            glue = core.Glue(at, gast.Assign([store(items)], snapshot, None))
            return [glue, core.For(at, var, items, head + self.block(node.body), self.block(node.orelse))]
        if isinstance(node, gast.Return):
            return [core.Return(at, node.value or gast.Constant(None, None))]
        if isinstance(node, gast.Break):
            return [core.Break(at)]
        if isinstance(node, gast.Continue):
            return [core.Continue(at)]
        out = []
        replacer = Replacer(self, out, at)
        node = replacer.visit(node)
        if isinstance(node, gast.Expr) and isinstance(node.value, gast.Name) and out:
            out[-1].target = None
            return out
        return [*out, core.Glue(at, node)]


class Replacer(gast.NodeTransformer):
    def __init__(self, lowering, out, at):
        self.lowering, self.out, self.at = lowering, out, at

    def visit_Lambda(self, node):
        return node

    def visit_FunctionDef(self, node):
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, gast.Name) else gast.unparse(node.func)
        if not name.startswith(("step_", "opaque_", "heapq.", "random.shuffle")):
            return node
        target = self.lowering.fresh()
        if name.startswith("step_"):
            args = [core.Argument("", a) for a in node.args]
            self.out.append(core.Site(self.at, "step", name, target, callee=name, args=args))
        else:
            self.out.append(core.Site(self.at, "opaque", name, target, expr=node))
        return load(target)


def load(name):
    return gast.Name(id=name, ctx=gast.Load(), annotation=None, type_comment=None)


def store(name):
    return gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None)


def analyse(text):
    lowering = Lowering()
    tree, params, body = lowering.function(text)

    def resolve(node):
        if isinstance(node, gast.Name):
            return MISSING if node.id in lowering.locals else NAMES.get(node.id, MISSING)
        if isinstance(node, gast.Attribute):
            owner = resolve(node.value)
            return MISSING if owner is MISSING else getattr(owner, node.attr, MISSING)
        return MISSING

    for stmt in core.walk(body):
        if isinstance(stmt, core.Site) and stmt.expr is not None:
            mark_changes(stmt.expr, {}, resolve, Kinds(resolve, lambda value: False))

    offences = []

    def refuse(node, code, what, why, instead):
        assert what and why and instead, (code, what, why, instead)
        offences.append((code, node.lineno - 1, what, why, instead))

    check(body, params, resolve, refuse, tree=tree, callees={k: v for k, v in NAMES.items() if k.startswith("step_")})
    return offences, body


def cases(text):
    for block in textwrap.dedent(text).strip().split("\n\n"):
        title, _, body = block.partition("\n")
        yield pytest.param(block, id=title.lstrip("# ").split(": ", 1)[-1])


ACCEPTED = """
# append to a list built here
def f(n):
    xs = []
    for i in range(n):
        xs.append(step_a(i))
    return xs

# a row that escapes at the end of each iteration
def f(n):
    rows = []
    for i in range(n):
        row = []
        row.append(i)
        rows.append(row)
    return rows

# item stores and deletes
def f(n):
    d = {}
    d["a"] = n
    del d["a"]
    d |= {"b": 1}
    return d

# groups, three ways
def f(rows: list[tuple[str, int]]):
    d, e, g = {}, {}, collections.defaultdict(list)
    for k, v in rows:
        if k not in d:
            d[k] = []
        d[k].append(v)
        e.setdefault(k, []).append(v)
        g[k].append(v)
    return d, e, g

# counters
def f(words: list[str]):
    counts = {}
    total = collections.defaultdict(int)
    for w in words:
        counts[w] = counts.get(w, 0) + 1
        total[w] += 1
    return counts, total

# numbers
def f(n: int, x: float = 1.0):
    total = n
    total += 1
    before = total
    total += x
    return before, total

# counting down a parameter
def f(n):
    while n > 0:
        n -= 1
    return n

# sums of results
def f(n):
    total = 0
    for i in range(n):
        total += step_a(i)
    return total

# a running sum of results that an annotation calls numbers
def f(n):
    total, history = 0, []
    for i in range(n):
        total += step_int(i)
        history.append(total)
    return history

# a copy first
def f(xs):
    xs = list(xs)
    xs.append(1)
    return xs

# a step gets its own copy
def f(n):
    xs = []
    xs.append(step_a(xs))
    xs.append(step_b(xs))
    return xs

# the result of a step
def f(n):
    xs = step_a(n)
    xs.append(1)
    xs[0].append(2)
    return xs

# rebinding instead of a change
def f(xs):
    ys = xs
    ys = ys + [1]
    return xs, ys

# a comprehension, lowered to a loop with a name of its own
def f(xs):
    made = []
    for x in xs:
        made.append(step_a(x))
    out = made
    out.append(1)
    return out

# a matrix
def f(n):
    m = [[0] * 3 for _ in range(3)]
    m[0][1] = n
    m[2].append(1)
    return m

# fields of an object built here
def f(n):
    p = Point(1, 2)
    p.x = 5
    p.x += 1
    return p

# swap, then change
def f(n):
    a, b = [], []
    a, b = b, a
    a.append(1)
    b.append(n)
    return a, b

# a heap
def f(xs: list[int]):
    h = []
    h.append(3)
    x = heapq.heappop(h)
    return x

# a loop over another list
def f(n):
    xs, ys = [1, 2], []
    for x in xs:
        ys.append(x)
    xs.append(3)
    return ys

# what a loop goes through, bound to another value
def f(n):
    xs = [1, 2]
    for x in xs:
        xs = [x]
        xs.append(x)
    return xs

# a loop over a copy
def f(n):
    xs = [1, 2]
    for x in list(xs):
        xs.remove(x)
    return xs

# a lambda used where it stands
def f(xs: list[int]):
    out = []
    for n in xs:
        out.append(sorted(xs, key=lambda x: x - n))
    return out

# a lambda of something that stays
def f(n):
    key = lambda x: x + n
    return sorted([1, 2], key=key), key(1)

# a named lambda made anew in each iteration
def f(n):
    out = []
    for i in range(n):
        key = lambda x: x + i
        out.append(sorted([1, 2], key=key))
    return out

# branches that both own
def f(n):
    if n:
        xs = []
    else:
        xs = [1]
    xs.append(n)
    return xs

# a dead path does not count
def f(xs, n):
    if n:
        ys = xs
        return ys
    else:
        ys = []
    ys.append(1)
    return ys

# a helper that returns something new
def f(n):
    xs = build(n)
    xs.append(1)
    return xs

# a helper that only counts
def f(n):
    xs = []
    xs.append(count(xs))
    xs.append(count(xs))
    return xs

# recorded calls give values of their own
def f(n):
    a = opaque_array(n)
    a[0] = 1
    return a

# enumerate and items give keys that do not change
def f(d):
    total = ""
    for i, x in enumerate([d]):
        i += 1
    for k, v in d.items():
        k += "x"
    return i, k

# pop from what only holds numbers
def f(n):
    xs = [1, 2]
    x = xs.pop()
    x += 1
    return x, xs

# a verbatim loop inside glue is judged too
def f(n):
    xs = [y for y in range(n)]
    xs.sort()
    return xs

# del frees the name
def f(xs):
    ys = xs
    del ys
    ys = []
    ys.append(1)
    return ys

# None raises as Python does
def f(n):
    d = None
    d.append(n)
    return d

# a dead alias in a while loop
def f(n):
    best, queue = 0, [1]
    while queue:
        x = queue.pop()
        best += x
        queue.extend([x - 1])
    return best
"""

REFUSED = """
# TF201 2: a parameter
def f(xs):
    xs.append(1)
    return xs

# TF201 2: a parameter, with +=
def f(xs):
    xs += [1]
    return xs

# TF201 3: a parameter that something else holds, counted
def f(n):
    m = n
    n -= 1
    return m, n

# TF201 2: an item of a parameter
def f(d):
    d["a"] = 1
    return d

# TF201 2: a part of a parameter
def f(o):
    o.a.b = 1
    return o

# TF201 3: a parameter under another name
def f(xs):
    ys = xs
    ys.append(1)
    return ys

# TF202 4: the alias
def f(n):
    xs = []
    ys = xs
    ys.append(1)
    return xs, ys

# TF202 4: the original
def f(n):
    xs = []
    ys = xs
    xs.append(1)
    return xs, ys

# TF202 3: two names at once
def f(n):
    xs = ys = []
    xs.append(1)
    return ys

# TF202 5: an alias on one path only
def f(n):
    xs, ys = [], []
    if n:
        ys = xs
    ys.append(xs)
    return xs

# TF202 3: or
def f(n):
    xs = [n]
    ys = xs or []; ys.append(1)
    return xs

# TF202 5: put into a container before
def f(n):
    rows, row = [], []
    row.append(1)
    rows.append(row)
    row.append(2)
    return rows

# TF202 4: put into a container in the iteration before
def f(n):
    rows, row = [], []
    for i in range(n):
        row.append(i)
        rows.append(row)
    return rows

# TF202 4: stored as an item
def f(n):
    xs, d = [], {}
    d["a"] = xs
    xs.append(1)
    return d

# TF202 4: held by a display
def f(n):
    xs = []
    t = (1, [xs])
    xs.append(1)
    return t

# TF203 3: an element
def f(n):
    rows = [[1]]
    row = rows[0]; row.append(1)
    return rows

# TF203 4: a loop target
def f(n):
    rows = [[1], [2]]
    for row in rows:
        row.append(1)
    return rows

# TF203 4: an element that is held elsewhere
def f(n):
    rows = [[1]]
    first = rows[0]
    rows[0].append(2)
    return first, rows

# TF203 3: an element of an element put in as a name
def f(xs):
    d = {"a": xs}
    d["a"].append(1)
    return d

# TF203 3: an element of a copy
def f(xs):
    ys = list(xs)
    ys[0].append(1)
    return ys

# TF203 3: the greatest of several
def f(xs):
    a, b = [1], [2]
    c = max(a, b); c.append(1)
    return a, b

# TF203 4: setdefault's result
def f(n):
    d = {}
    xs = d.setdefault("a", [])
    xs.append(1)
    return d

# TF203 3: a value that get finds
def f(n):
    d = {"a": [1]}
    d.get("a").append(2)
    return d

# TF203 3: unpacked from a result
def f(n):
    a, b = step_a(n)
    a.append(1)
    return a, b

# TF202 5: a running value that history holds too
def f(n):
    total, history = step_a(n), []
    history.append(total)
    for i in range(n):
        total += i
    return history

# TF204 4: the list that a loop goes through
def f(n):
    xs = [1, 2]
    for x in xs:
        xs.append(x)
    return xs

# TF204 4: the list that a loop goes through, with +=
def f(n):
    xs = [1, 2]
    for i, x in enumerate(xs):
        xs += [x]
    return xs

# TF204 5: the list that a loop goes through, under another name
def f(n):
    xs, ys = [1, 2], []
    for x in xs:
        xs, ys = ys, xs
        ys.append(x)
    return xs

# TF204 4: the dict that a loop goes through
def f(n):
    d = {"a": 1}
    for k, v in d.items():
        del d[k]
    return d

# TF205 4: a lambda whose capture is bound again
def f(n):
    key = lambda x: x + n
    n = 2
    return sorted([1], key=key)

# TF205 4: a lambda whose capture is changed
def f(n):
    xs = []; key = lambda: len(xs)
    xs.append(1)
    return key()

# TF205 5: lambdas collected in a loop
def f(n):
    fs = []
    for i in range(n):
        fs.append(lambda: i)
    return [f() for f in fs]

# TF205 5: an inner function
def f(n):
    def add(x):
        return x + n
    n = n + 1
    return add(1)

# TF209 3: a capture changed by an inner function
def f(n):
    xs = []
    add = lambda x: xs.append(x)
    return add(1)

# TF201 3: an argument changed by an inner function
def f(n):
    def add(xs):
        xs.append(1)
    return add([n])

# TF207 2: a global
def f(n):
    SETTINGS["a"] = n
    return n

# TF202 4: a helper may return its argument
def f(n):
    xs = []
    ys = same(xs)
    xs.append(1)
    return ys

# TF203 4: what a helper returns may be its argument
def f(n):
    xs = [n]
    ys = same(xs)
    ys.append(1)
    return xs

# TF208 5: what an opaque call was given
def f(n):
    xs = [n]
    ys = opaque_array(xs)
    ys[0] = 1
    return xs

# TF210 3: shuffled in place
def f(n):
    xs = [1, 2]
    random.shuffle(xs)
    return xs

# TF201 2: a heap that is a parameter
def f(h):
    x = heapq.heappop(h)
    return x

# TF202 6: while, an alias of the iteration before
def f(n):
    xs, last = [], []
    while len(xs) < n:
        last = xs
        n = n - 1
        xs.append(1)
    return last

# TF203 4: popped from a list of lists
def f(n):
    stack = [[n]]
    top = stack.pop()
    top.append(1)
    return top
"""


@pytest.mark.parametrize("text", list(cases(ACCEPTED)))
def test_accepted(text):
    offences, _ = analyse(text)
    assert not offences


@pytest.mark.parametrize("text", list(cases(REFUSED)))
def test_refused(text):
    code, line = text.split(":", 1)[0].lstrip("# ").split()
    offences, _ = analyse(text)
    assert [(o[0], o[1]) for o in offences] == [(code, int(line))], offences


@pytest.mark.parametrize(
    "statement, instead",
    [
        ("xs.append(n)", "`xs = [*xs, n]`"),
        ("xs.extend(n)", "`xs = [*xs, *n]`"),
        ("xs.sort()", "`xs = sorted(xs)`"),
        ("xs.pop()", "`xs = list(xs)`"),
        ("xs.add(n)", "`xs = {*xs, n}`"),
        ("xs[n] = 1", "`xs = copy.copy(xs)`"),
        ("xs.a = 1", "`xs = dataclasses.replace(xs, a=1)`"),
        ("xs += n", "`xs = xs + n`"),
        ("xs -= n + 1", "`xs = xs - (n + 1)`"),
        ("del xs[n]", "`xs = dict(xs)`"),
        ("xs[0].append(n)", "`xs = copy.deepcopy(xs)`"),
    ],
)
def test_what_to_write_instead(statement, instead):
    offences, _ = analyse(f"def f(xs, n):\n    {statement}\n    return xs")
    assert len(offences) == 1
    assert instead in offences[0][4] and "`xs`" in offences[0][2] + offences[0][3]


def test_the_reason_names_the_line_of_the_alias():
    offences, _ = analyse(
        "def f(n):\n    xs = []\n    rows = [1]\n    rows.append(xs)\n    xs.append(1)\n    return rows"
    )
    assert "line 4 puts it into `rows`" in offences[0][3]


def test_appending_a_bound_name_to_a_list_built_here_is_total():
    _, body = analyse(
        "def f(n, m):\n    xs = []\n    xs.append(n)\n    xs.append(n + 1)\n    m.count(1)\n    return xs"
    )
    assert [stmt.total for stmt in body if isinstance(stmt, core.Glue)] == [False, True, False, False]


VERBATIM = """
def f(xs, n):
    out = []
    def inner():
        ys = xs
        for y in ys:
            try:
                zs = [y]
                zs.append(1)
                if y:
                    continue
                while True:
                    zs.append(2)
                    break
            except ValueError as e:
                zs = ys
            finally:
                n = 1
            zs.append(3)
        with n as m:
            m.append(1)
        return ys
    return inner
"""


def test_statements_inside_glue_are_judged():
    offences, _ = analyse(VERBATIM)
    assert [(o[0], o[1] - 1) for o in offences] == [("TF204", 17), ("TF209", 19)]
