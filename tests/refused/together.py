"""Offences of all kinds in one function: what is refused as a construct does not hide what follows, nor add to it."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f, g, make

COUNT = 0


@workflow
def constructs_and_changes(xs, n):
    with open("log.txt") as log:  # error: TF102 @5-33, TF301 @10-25
        xs.append(f(n))  # error: TF201 @9-24
        log.write("done")
    ys = xs
    return n is f(ys)  # error: TF110 @12-22


@workflow
def constructs_and_places(n):
    class Box:  # error: TF107 @5-15
        size = n

    d = {}
    d[f(0)] += g(n)  # error: TF132 @5-12
    return f"{n:{f(n)}}", Box.size, d  # error: TF121 @12-25


@workflow
async def waits_for_what_is_refused(n):  # error: TF105 @1-40
    rows = await make(n)  # error: TF105 @12-25
    await n.sleep(1)  # error: TF105 @5-21
    async for row in rows:  # error: TF105 @5-27
        rows.append(row)  # error: TF204 @9-25
    async with n as lock:  # error: TF105 @5-26
        lock.acquire()
        kept = reversed(rows)  # error: TF120 @16-30
    return kept


@workflow
def yields_what_is_refused(xs):
    for x in xs:
        back = yield f(x)  # error: TF104 @16-26
        back.append(x)
        xs.append(x)  # error: TF204 @9-21
    more = yield from xs  # error: TF104 @12-25
    more.append(1)


@workflow
def unknown_spreads(n):
    class tool: ...  # error: TF107 @5-20

    global COUNT  # error: TF106 @5-17

    text = tool.dumps(n)
    for line in tool.lines(text):
        line.append(1)
    first, *rest = tool.rest
    first.append(1)
    rest[0].append(1)
    COUNT = f(tool)
    COUNT.append(1)
    known = f(tool)
    other = known
    other.append(1)  # error: TF202 @5-20
    return known


@workflow
def in_inner_functions(n):
    total = f(n)

    def add(x):
        nonlocal total  # error: TF106 @9-23
        total = total + x
        return total

    total.append(1)
    (lambda: f(1))()  # error: TF304 @5-21, TF133 @14-18
    return add(1), (x for x in n)  # error: TF120 @20-34


@workflow
def nested_headers(xs):
    with xs as a:  # error: TF102 @5-18
        with a.lock:  # error: TF102 @9-21
            while f(a):
                xs += [1]  # error: TF201 @17-19
                raise  # error: TF134 @17-22
        a.append(1)
    return a


@workflow
def names_that_were_steps(n):
    import f  # error: TF108 @5-13

    class g:  # error: TF107 @5-13
        pass

    a = [f(1), g(2)]
    b = a
    b.append(f(2))
    global make  # error: TF106 @5-16
    return make(a), n.x is a  # error: TF110 @21-29
