"""Assignments of every shape."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import add, e, f, g, h, ident, make, pair, size, table


@workflow
def one_name(n):
    a = f(n)
    return a


@workflow
def chain_of_steps(n):
    return f(g(f(n)))


@workflow
def several_names(n):
    a = b = c = f(n)
    return a, b, c, g(b)


@workflow
def unpack_pair(n):
    a, b = pair(n)
    return add(b, a)


@workflow
def unpack_nested(n):
    (a, [b, *c]), d = (pair(n), [f(n), 1, 2][1:]), f(a_start := n)
    return a, b, c, d, a_start


@workflow
def unpack_two(n):
    (a, b), (c, d) = pair(n), pair(n + 1)
    return add(a, d) - add(b, c)


@workflow
def unpack_starred(n):
    first, *rest = make(n + 1)
    return first, rest, f(len(rest))


@workflow
def unpack_starred_middle(n):
    first, *rest, last = make(n)
    return f(first), rest, f(last)


@workflow
def unpack_wrong(n):
    a, b, c = make(n)
    return f(a)


@workflow
def unpack_not_iterable(n):
    a, b = f(n)
    return a


@workflow
def swap(n):
    a, b = f(n), g(n)
    a, b = b, a
    return add(a, a), b


@workflow
def rebind(n):
    x = f(n)
    x = g(x)
    x = x + 1
    x = f(x)
    return x


@workflow
def rebind_parameter(n):
    n = f(n)
    n = n * 2
    return g(n)


@workflow
def augmented(n):
    t = f(n)
    t += f(n)
    t *= g(t)
    t -= 1
    t //= f(0)
    t **= 2
    return t


@workflow
def augmented_list(xs):
    out = []
    out += make(2)
    out += [f(x) for x in xs]
    out *= 2
    return out


@workflow
def augmented_item(n):
    d = {"a": 1}
    d["a"] += f(n)
    d["a"] = d["a"] * g(d["a"])
    return d


@workflow
def augmented_missing_item(n):
    d = {"a": 1}
    d["b"] += f(n)
    return d


@workflow
def annotated(n: int):
    a: int = f(n)
    b: int
    b: "no such name" = g(a)  # noqa: F722
    return a + b


@workflow
def walrus(n):
    if (y := f(n)) > 2:
        return g(y)
    return y


@workflow
def walrus_nested(n):
    r = g((y := f(n)) + (z := f(y)), y + z)
    return r, y, z


@workflow
def walrus_in_comprehension(xs):
    out = [last := f(x) for x in xs]
    return out


@workflow
def walrus_leaks(xs):
    last = -1
    out = [g(last := f(x)) for x in xs]
    return out, last


@workflow
def items_of_dict(n):
    d = {}
    d["x"] = f(n)
    d["y"] = g(d["x"])
    d["z"] = d["x"] + d["y"]
    del d["x"]
    return d


@workflow
def items_of_list(n):
    xs = [0, 0, 0]
    xs[1] = f(n)
    xs[-1] = g(xs[1])
    xs[0:1] = make(2)
    return xs, f(xs[-1])


@workflow
def item_with_step_index(n):
    d = {}
    d[f(n)] = g(n)
    d[f(n)] += 1
    return d


@workflow
def append_and_extend(n):
    out = []
    out.append(f(n))
    out.extend(make(n))
    out.insert(0, g(n))
    out.append(out[0])
    last = out.pop()
    return out, last


@workflow
def append_between_steps(n):
    out = []
    out.append(n)
    a = ident(out)
    out.append(a[0])
    b = ident(out)
    out.append(99)
    return a, b, out


@workflow
def step_result_changed(n):
    xs = make(n)
    xs.append(f(1))
    ys = ident(xs)
    xs.append(g(2))
    d = table(n)
    for i in range(2):
        d[i] = f(i)
        xs.append(i)
    return xs, ys, d


@workflow
def step_result_changed_in_loop(k):
    out = []
    for i in range(k):
        xs = make(i)
        xs.append(f(i))
        out.append(ident(xs))
        xs += [g(i)]
        out.append(xs)
    return out


@workflow
def step_result_changed_in_state(k):
    xs = make(2)
    i = 0
    while i < k:
        xs.append(f(xs[-1]))
        i = f(i)
        xs[0] = xs[0] + i
    return xs, ident(xs)


@workflow
def sets_and_dicts(n):
    s = set()
    s.add(f(n))
    s.add(f(n))
    d = dict(a=f(n), **table(2))
    d.update(b=g(n))
    k = d.setdefault("c", 5)
    return s, d, k


@workflow
def delete_name(n):
    a = f(n)
    b = a + 1
    del a
    return g(b)


@workflow
def delete_then_read(n):
    a = f(n)
    del a
    e(1)
    return a


@workflow
def delete_item(n):
    d = table(n)
    d = dict(d)
    del d["k0"]
    return d, f(len(d))


@workflow
def displays(n):
    return [f(n), *make(n)], (f(0), *pair(n)), {f(1), f(2)}, {"a": f(3), **table(n), f(4): g(5)}


@workflow
def slices(n):
    xs = make(6)
    return xs[f(0) :], xs[: f(1)], xs[f(0) : g(2) : f(0)], xs[-f(0)]


@workflow
def operators(n):
    return -f(n), not f(n), ~f(n), +f(n), f(n) << 2, f(n) ** 2, f(n) % 3, f(n) & 1, f(n) | 8, f(n) ^ 3


@workflow
def attributes(n):
    c = complex(f(n), 2)
    return c.real, c.imag, f(int(c.real))


@workflow
def keywords_and_stars(n):
    return h(f(n), *make(2), g(n), a=f(1), **table(2), z=g(2))


@workflow
def same_step_many_times(n):
    f_1 = f(n)
    f_2 = f(f_1)
    return f(f_2) + f(f_1) + f_1 + f_2


@workflow
def names_like_the_compilers_own(n):
    items = item = made = result = part = f(n)
    total = [f(items + q) for q in (item, made)]
    both = f(n) and g(n)
    slice = around = total
    return items, item, made, result, part, total, both, slice, around


@workflow
def elements_that_are_one_list(n):
    rows = [[]] * 3
    rows[0].append(f(n))
    for i in range(2):
        rows[1].append(g(i))
    return rows, f(len(rows[2]))


@workflow
def constant_only():
    return 42


@workflow
def parameter_only(n):
    return n


@workflow
def glue_only(xs):
    t = 0
    for x in xs:
        t += x
    return t, [x * 2 for x in xs], {"a": t}


@workflow
def unused_value(n):
    a = f(n)
    b = g(n)
    return b


@workflow
def dead_stores(n):
    a = f(n)
    a = g(n)
    a = f(a)
    return 1


@workflow
def renamed_then_changed(n):
    ys = make(n)
    xs = ys
    xs.append(1)
    z = size(xs)
    xs.append(2)
    return f(z), size(xs), xs


@workflow
def chosen_then_changed(n):
    a = make(n)
    xs = a if n else [7]
    xs.append(1)
    z = size(xs)
    xs += [2]
    return f(z), size(xs), xs


@workflow
def swapped_then_changed(n):
    a, b = make(n), make(n + 1)
    a, b = b, a
    a.append(1)
    b.append(2)
    z = add(size(a), size(b))
    b.append(4)
    return f(z), a, b


@workflow
def put_then_changed_in_loop(xs):
    d = {}
    for x in xs:
        a = make(x)
        d[x] = a
        d[x].append(5)
    return size(list(d)), d


@workflow
def gathered_then_changed(n):
    rows = [make(i) for i in range(n)]
    if rows:
        rows[0].append(1)
    z = size(rows)
    if rows:
        rows[0].append(2)
    return f(z), rows


class Grid:
    """A value with operators of its own."""

    def __init__(self, value):
        self.value = value

    def __matmul__(self, other):
        return Grid(self.value * other.value + 1)

    def __eq__(self, other):
        return isinstance(other, Grid) and self.value == other.value


@workflow
def every_operator(n):
    a = f(n)
    shifted = (a << 2) >> 1
    shifted >>= 1
    shifted <<= 3
    bits = ((a & 6) | (n ^ 5)) & ~1
    grid = Grid(a) @ Grid(shifted)
    grid @= Grid(2)
    return a // 2, a % 3, a**2, -a, +a, a / 4, shifted, bits, grid.value, f(shifted)
