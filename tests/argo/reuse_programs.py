"""Workflows that are run again on what an earlier run recorded."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from tangentflow import step, suspend, workflow
from tests.engine.stored_steps import add, double, effect, fail_if, note, slow


@dataclasses.dataclass
class Scale:
    """What a step calls without naming it."""

    factor: int

    def of(self, x):
        return x * self.factor


@step
def grown(path, x):
    note(path, f"grown {x}")
    return x + 1


@step
def squared(path, x):
    note(path, f"squared {x}")
    return x * x


@step
def scaled(path, scale, x):
    note(path, f"scaled {x}")
    return scale.of(x)


@step
def listed(path, n):
    note(path, f"listed {n}")
    return list(range(n))


@step
def written(path, text):
    note(path, f"written {text}")
    Path("out.txt").write_text(text)
    return Path("out.txt")


@step
def read(path, file):
    note(path, f"read {file.name}")
    return file.read_text()


@workflow
def six(path, x):
    """Six steps in a row."""
    print("six of", x)
    a = grown(path, x)
    b = double(path, a)
    c = squared(path, b)
    d = grown(path, c)
    e = double(path, d)
    return add(path, e, 1)


@workflow
def spread(path, flag, n):
    """A fan-out of two steps an item, over what a step has listed, and a step of all of them."""
    found = []
    for x in listed(path, n):
        y = double(path, x)
        found.append(fail_if(path, f"{flag}{x}", y))
    return add(path, sum(found), 1)


@workflow
def block(path, flag, x):
    """One part of the next workflow."""
    print("block of", x)
    y = double(path, x)
    return fail_if(path, f"{flag}{y}", y) + 1


@workflow
def blocks(path, flag, n):
    """Calls of one workflow, in a fan-out and alone."""
    first = block(path, flag, 10)
    return add(path, first, sum([block(path, flag, x) for x in range(n)]))


@workflow
def nested(path, flag, n):
    """A fan-out in a fan-out, with a serial loop beside it."""
    total = 0
    for i in range(n):
        row = [fail_if(path, f"{flag}{i}{j}", i * 10 + j) for j in range(i + 1)]
        level = 0
        while level < i:
            level = grown(path, level)
        total += add(path, sum(row), level)
    return total


@workflow
def chosen(path, flag, x):
    """A branch and an early end."""
    a = double(path, x)
    if a > 100:
        return "far"
    if a > 4:
        b = grown(path, a)
    else:
        b = squared(path, a)
    try:
        c = fail_if(path, flag, b)
    except ValueError:
        c = slow(path, b)
    effect(path, c)
    return add(path, c, 1)


@workflow
def given_objects(path, x):
    return scaled(path, Scale(3), grown(path, x))


@workflow
def stamps(path, flag, n):
    """Expressions that are evaluated once, one of them in each item."""
    stamp = time.time()
    rows = []
    for i in range(n):
        own = time.perf_counter_ns()
        rows.append((fail_if(path, f"{flag}{i}", i), own))
    return stamp, rows


@workflow
def answered(path, flag):
    """Waits for an answer before a step that may fail."""
    answer = suspend("go on?", timeout="0.1s", approve=True)
    return fail_if(path, flag, answer["approve"])


@workflow
def files(path, flag, text):
    file = written(path, text)
    fail_if(path, flag, 1)
    return read(path, file)


@workflow
def grown_twice(path, x):
    return grown(path, grown(path, x))


@workflow
def blocks_and_more(path, flag, n):
    """The same calls behind one of another workflow, with another expression between them."""
    before = grown_twice(path, 0)
    first = block(path, flag, 10)
    return add(path, first, sum([block(path, flag, x) for x in range(n)]) + before)


@workflow
def rounds(path, flag, n):
    """A serial loop of calls, each with a fan-out, whose state is used twice."""
    state = [1]
    for i in range(n):
        row = [grown(path, x) for x in state]
        state = [*row, fail_if(path, f"{flag}{i}", i)]
    return state, double(path, sum(state))


@workflow
def rounds_edited(path, flag, n):
    """What the last one left is used in another way."""
    state = [1]
    for i in range(n):
        row = [grown(path, x) for x in state]
        state = [*row, fail_if(path, f"{flag}{i}", i)]
    return state, double(path, sum(state) + 1)


@workflow
def down(path, flag, n):
    """It calls itself."""
    if n == 0:
        return fail_if(path, flag, 0)
    return add(path, down(path, flag, n - 1), n)


@step(cache=True)
def costly(path, x):
    note(path, f"costly {x}")
    return x * 7


@step(cache="1h")
def hourly(path, x):
    note(path, f"hourly {x}")
    return x * 11


@workflow
def here(path, x):
    return add(path, costly(path, x), 1)


@workflow
def there(path, x):
    """The same step at other places: in a fan-out, and alone."""
    found = [costly(path, i) for i in range(x + 1)]
    return add(path, sum(found), 2)


@workflow
def by_age(path, x):
    return hourly(path, x)


@workflow
def rows(path, flag, n):
    """Each item lists the items of a fan-out in it."""
    found = []
    for i in range(n):
        found.append([fail_if(path, f"{flag}{i}{x}", x) for x in listed(path, 2)])
    return found
