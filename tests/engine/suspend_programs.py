"""Workflows that wait for somebody."""

from tangentflow import step, suspend, workflow


@step
def double(x):
    return 2 * x


@workflow
def approved(x):
    got = suspend("Go on?", timeout="200ms", approve=False, note="none", count=3, rate=0.5)
    if got["approve"]:
        return double(x), got
    return got


@workflow
def in_a_loop(n):
    notes = []
    for i in range(n):
        y = double(i)
        answer = suspend(f"{{{{workflow.name}}}} {y}?", timeout=0.1 + y / 100, note=f"{{{{=1+1}}}} {y}")
        notes.append(answer["note"])
    return notes


@workflow
def until(n):
    total = 0
    while total < n:
        total = total + suspend(timeout=0.1, more=2)["more"]
    return double(total)


@workflow
def behind(x):
    y = double(x)
    if y > 3:
        suspend("long enough?", timeout=0.1)
        y = double(y)
    return y


@workflow
def caught(default):
    try:
        answer = suspend("x", timeout=0.1, y=default)
    except (TypeError, ValueError) as error:
        answer = f"{type(error).__name__}: {error}"
    return answer


@workflow
def arguments_raise(n):
    try:
        answer = suspend(f"{10 // n}", timeout=0.1, y=1)
    except ZeroDivisionError as error:
        answer = str(error)
    return answer


@workflow
def nested(n):
    return [approved(i) for i in range(n)]


@workflow
def for_ever():
    return suspend("Go {on}?")


@workflow
def hidden(names):
    return suspend("x", timeout=1, **names)


@workflow
def other_letters():
    return suspend("x", timeout=1, größe=1)
