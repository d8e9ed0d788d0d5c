"""Programs that are run again on the real controller."""

from __future__ import annotations

from tangentflow import step, workflow


def adding(n):
    """Return a step that is another one for each number."""

    @step
    def last(x):
        return x + n

    return last


def costly_of(n):
    """Return two workflows with a cached step that is another one for each number."""

    @step(cache=True)
    def costly(x):
        return x * n

    @workflow
    def here(x):
        return grown(costly(x))

    @workflow
    def there(x):
        return sum([costly(i) for i in range(x)])

    return here, there


@step
def grown(x):
    return x + 1


@step
def doubled(x):
    return 2 * x


@step
def search(i, found):
    return {"iter": i + 1, "found": [*found, i]}


def six(last):
    """Return a workflow of six steps in a row that ends with a step."""

    @workflow
    def row(x):
        return last(doubled(grown(doubled(grown(doubled(x))))))

    return row


@workflow
def rounds(start, stop):
    state = {"iter": start, "found": []}
    while state["iter"] < stop:
        state = search(state["iter"], state["found"])
    return state


def late_item(begins):
    """Return a fan-out of two steps an item, one of which fails before a time."""

    @step
    def passes(x):
        import time

        if x == 4 and time.time() < begins:
            raise ValueError("too early", x)
        return x

    @workflow
    def spread(n):
        found = []
        for x in range(n):
            found.append(passes(doubled(x)))
        return sum(found)

    return spread
