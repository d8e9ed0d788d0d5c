"""Statements and expressions that the language has not."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f, g, ident, make

COUNT = 0


@workflow
def yields(n):
    yield f(n)  # error: TF104 @5-15


@workflow
def yields_from(n):
    yield from make(n)  # error: TF104 @5-23


@workflow
def receives(n):
    x = yield  # error: TF104 @9-14
    return f(x)


@workflow
async def is_a_coroutine(n):  # error: TF105 @1-29
    return f(n)


@workflow
async def waits(n):  # error: TF105 @1-20
    return await f(n)  # error: TF105 @12-22


@workflow
async def waits_in_loop(xs):  # error: TF105 @1-29
    async for x in xs:  # error: TF105 @5-23
        f(x)
    async with xs as y:  # error: TF105 @5-24
        g(y)
    return [f(x) async for x in xs]  # error: TF105 @12-36


@workflow
def writes_global(n):
    global COUNT  # error: TF106 @5-17
    COUNT = f(n)


@workflow
def writes_nonlocal(n):
    total = f(n)

    def add(x):
        nonlocal total  # error: TF106 @9-23
        total = total + x

    return add(1), total


@workflow
def defines_class(n):
    class Box:  # error: TF107 @5-15
        value = n

    return f(Box.value)


@workflow
def enters_context(n):
    with open("data.txt") as file:  # error: TF102 @5-35, TF301 @10-26
        return f(file.read())


@workflow
def enters_two_contexts(n):
    with n as a, n.lock:  # error: TF102 @5-25
        f(a)


@workflow
def raises_nothing(n):
    if f(n):
        raise  # error: TF134 @9-14


@workflow
def unpacks_into_step_index(n):
    d = {}
    d[f(0)], x = n, 1  # error: TF131 @5-15
    return d, x


@workflow
def loops_into_step_index(n):
    d = {}
    for x, d[f(0)] in [(1, 2)]:  # error: TF131 @9-19
        g(x)
    return d


@workflow
def comprehends_into_step_index(n):
    d = {}
    return [x for d[f(0)] in [1]]  # error: TF131 @19-26


@workflow
def augments_with_steps_on_both_sides(n):
    d = {1: 1}
    d[f(0)] += g(n)  # error: TF132 @5-12
    return d


@workflow
def augments_what_it_binds(n):
    t = f(n)
    t += f(t := 2)  # error: TF135 @5-19
    return t


@workflow
def formats_by_step(n):
    return f"{n:{f(n)}}"  # error: TF121 @12-25


@workflow
def several_offences(n):
    with n:  # error: TF102 @5-12
        f(n)
    global COUNT  # error: TF106 @5-17
    COUNT = id(n)  # error: TF302 @13-18
    yield g(n)  # error: TF104 @5-15


@workflow
def offences_inside_offences(n):
    for i in range(n):
        if f(i):
            a = [f(x) is g(x) for x in make(i)]  # error: TF110 @18-30
            return eval("a"), (lambda: g(i))()  # error: TF302 @20-29, TF304 @31-47, TF133 @40-44


@workflow
def catches_what_a_step_gives(n):
    try:
        f(n)
    except ident(ValueError):  # error: TF101 @12-29
        g(n)


@workflow
def raises_again_in_finally(n):
    try:
        f(n)
    finally:
        raise  # error: TF134 @9-14


@workflow
def spans_lines(n):
    a = f(  # error: TF110 @9-+4:6
        n
    ) is g(
        n,
    )
    return [
        x
        for x in make(n)
    ], (
        a,
        eval(  # error: TF302 @9-+2:10
            "n"
        ),
    )


@workflow
def counts_characters(n):
    größe, é = "äöü", f("ß") is g("日本")  # error: TF110 @23-40
    return größe, é
