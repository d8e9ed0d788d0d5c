"""Workflows with common parts, as several people write them on top of one library of steps. Their names drive the tests."""

from __future__ import annotations

from tangentflow import merge, parallel, step, workflow
from tests.corpus.steps import Known, e, enter, f, g, h


@step(pure=True)
def auth(user):
    enter("auth", user)
    return f"token of {user}"


@step(pure=True)
def data(token, rows):
    enter("data", token, rows)
    return [len(token) + i for i in range(rows)]


@step(pure=True)
def embedding(rows):
    enter("embedding", rows)
    return [r * 2 for r in rows]


@step(pure=True)
def tune(rows):
    enter("tune", rows)
    return {"depth": max(rows, default=0) % 5 + 1}


@step(cache=True)
def cached(x):
    return x + 1


@step
def plain(x):
    return x + 2


@step
def train(rows, kind, depth=1):
    enter("train", rows, kind, depth)
    return kind, sum(rows) * depth


@step
def release(model):
    enter("release", model)
    return f"released {model}"


# -- five, four and six calls, fifteen together: ten remain ------------------------------------------------------------


@workflow
def tree(rows: int = 4):
    token = auth("team")
    table = data(token, rows)
    vectors = embedding(table)
    model = train(vectors, "tree")
    return release(model)


@workflow
def linear(rows: int = 4):
    model = train(data(auth("team"), rows), "linear")
    return release(model)


@workflow
def net(count: int = 4):
    t = auth("team")
    xs = data(t, count)
    xs = embedding(xs)
    found = tune(xs)
    model = train(xs, "net", depth=found["depth"])
    return release(model)


# -- what may surround them --------------------------------------------------------------------------------------------


@workflow
def fans_out(rows: int = 3):
    parts = [embedding([x, rows]) for x in data(auth("team"), rows)]
    return [p[0] for p in parts]


@workflow
def fans_out_too(rows: int = 3):
    done = [embedding([item, rows]) for item in data(auth("team"), rows)]
    total = 0
    for d in done:
        total += d[1]
    return f(total)


@workflow
def fills_a_list(rows: int = 3):
    out = []
    for x in data(auth("team"), rows):
        out.append(tune([x])["depth"])
    out.append(-1)
    return out


@workflow
def branches(rows: int = 3):
    token = auth("team")
    if rows > 2:
        table = data(token, rows)
    else:
        table = data(token, 2)
    return tune(table)


@workflow
def other_branch(rows: int = 3):
    token = auth("team")
    if rows > 1:
        table = data(token, rows)
    else:
        table = data(token, 2)
    return embedding(table)


@workflow
def late(rows: int = 3):
    """Reaches `data` only if the token is long: what stands there is not shared with others."""
    token = auth("team")
    if len(token) < rows:
        return None
    return data(token, rows)


@workflow
def leaves_a_loop(rows: int = 3):
    token = auth("team")
    for x in data(token, rows):
        if x > 13:
            return tune([x])
    return token


@workflow
def leaves_two_loops(rows: int = 3):
    token = auth("team")
    for i in range(rows):
        try:
            for x in data(token, i):
                if f(x) > 13 and i:
                    return x, g(x)
                elif x > 99:
                    continue
        except (Known, ValueError):
            if i > 1:
                return "failed", i
        else:
            release(i)
    e(rows)
    return token


@workflow
def returns_here_and_there(rows: int = 3):
    token = auth("team")
    if rows > 1:
        if f(rows) > 3:
            return tune([rows])
        release("small")
    table = data(token, rows)
    try:
        if rows == 3:
            return embedding(table)
        table = embedding(table)
    except Known:
        return None
    else:
        release("large")
    return table


@workflow
def leaves_a_finally(rows: int = 3):
    token = auth("team")
    try:
        return data(token, rows)
    finally:
        release(token)


@workflow
def handles(rows: int = 3):
    try:
        found = data(auth("team"), rows)
    except (Known, ValueError, KeyError) as error:
        found = [len(error.args)]
    return embedding(found)


@workflow
def changes_what_it_got(rows: int = 3):
    table = data(auth("team"), rows)
    table.append(7)
    table.sort()
    return tune(table), table


@workflow
def rebinds(rows: int = 3):
    table = data(auth("team"), rows)
    first = len(table)
    table = embedding(table)
    return first, table


@workflow
def effects(rows: int = 3):
    token = auth("team")
    print("releasing", rows)
    release(token)
    f(rows)
    return data(token, rows)


@workflow
def frees(rows: int = 3):
    token = auth("team")
    with parallel():
        release(token)
        f(rows)
    return tune(data(token, rows))


@workflow
def asserts(rows: int = 3):
    token = auth("team")
    assert rows < 4, token
    return data(token, rows)


@workflow
def divides(rows: int = 3):
    xs = data(auth("team"), rows)
    return g(1 // (len(xs) - 3)), tune(xs)


@workflow
def prepared(rows):
    return embedding(data(auth("team"), rows))


@workflow
def noisy(rows):
    print("preparing", rows)
    return embedding(data(auth("team"), rows))


@workflow
def calls(rows: int = 3):
    return tune(prepared(rows)), noisy(rows)


@workflow
def calls_too(rows: int = 3):
    ready = prepared(rows)
    return h(ready, noisy(rows), 1)


@workflow
def until_found(rows: int = 3):
    k = 0
    table = data(auth("team"), rows)
    while tune([k])["depth"] < rows and k < 6:
        k += 1
    return k, table


@workflow
def keeps(*names, rows=2, **more):
    return [data(auth(n), rows) for n in names], sorted(more)


@workflow
def caches(rows: int = 3):
    return cached(cached(rows)), plain(rows)


@workflow
def counts_down(n):
    token = auth("team")
    if n > 0:
        return token, down()
    return embedding([n])


down = merge(counts_down.bind(0), counts_down.bind(-1))


SIMPLE = [tree, linear, net, fans_out, fans_out_too, fills_a_list, branches, other_branch, late, leaves_a_loop, handles]
SIMPLE += [leaves_two_loops, returns_here_and_there, leaves_a_finally]
SIMPLE += [changes_what_it_got, rebinds, effects, frees, asserts, divides, calls, calls_too, until_found]

both = merge(caches.bind(1), caches.bind(2), name="both")
