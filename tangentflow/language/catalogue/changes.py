"""Refusals of changes in place that value semantics cannot keep."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "TF201",
        "A parameter changes in place",
        "The caller holds the value too. A plain call would change it there, a run cannot.",
        bad="""
            @workflow
            def wf(xs=[1, 2]):
                xs.append(fit(3))
            #   ^^^^^^^^^^^^^^^^^ TF201
                return xs
            """,
        good="""
            @workflow
            def wf(xs=[1, 2]):
                xs = [*xs, fit(3)]
                return xs
            """,
    ),
    Entry(
        "TF202",
        "A value changes in place that another name holds",
        "Both names would see the change in a plain call. A name that holds a value alone may change it.",
        bad="""
            @workflow
            def wf(n=3):
                first = [fit(n)]
                rest = first
                rest.append(n)
            #   ^^^^^^^^^^^^^^ TF202
                return first, rest
            """,
        good="""
            @workflow
            def wf(n=3):
                first = [fit(n)]
                rest = [*first, n]
                return first, rest
            """,
    ),
    Entry(
        "TF203",
        "A part of another value changes in place",
        "The whole would change with it, and so may whatever else holds that part.",
        bad="""
            @workflow
            def wf(n=3):
                row = load(n)
                rows = [row, row]
                rows[0].append(fit(n))
            #   ^^^^^^^^^^^^^^^^^^^^^^ TF203
                return rows
            """,
        good="""
            @workflow
            def wf(n=3):
                row = load(n)
                rows = [[*row, fit(n)], row]
                return rows
            """,
    ),
    Entry(
        "TF204",
        "A value changes while a loop goes through it",
        "A loop goes through the items that were there when it started, so the change would be lost on it.",
        bad="""
            @workflow
            def wf(n=3):
                todo = [n]
                for x in todo:
                    if x > 0:
                        todo.append(score(x, 1))
            #           ^^^^^^^^^^^^^^^^^^^^^^^^ TF204
                return todo
            """,
        good="""
            @workflow
            def wf(n=3):
                todo, done = [n], []
                while todo:
                    x = todo.pop()
                    done.append(x)
                    if x > 0:
                        todo.append(score(x, 1))
                return done
            """,
    ),
    Entry(
        "TF205",
        "A function is used after what it captured has changed",
        "An inner function reads the variables around it when it is called, not when it is made; by then they are something else.",
        bad="""
            @workflow
            def wf(n=3):
                shift = fit(n)
                moved = lambda x: x + shift
                shift = 0
                return moved(n)
            #          ^^^^^ TF205
            """,
        good="""
            @workflow
            def wf(n=3):
                shift = fit(n)
                moved = lambda x, shift=shift: x + shift
                shift = 0
                return moved(n)
            """,
    ),
    Entry(
        "TF207",
        "A global changes in place",
        "Steps run in other processes and would not see the change.",
        bad="""
            FITTED = {}

            @workflow
            def wf(n=3):
                FITTED[n] = fit(n)
            #   ^^^^^^^^^ TF207
                return FITTED
            """,
        good="""
            FITTED = {}

            @workflow
            def wf(n=3):
                fitted = {**FITTED, n: fit(n)}
                return fitted
            """,
    ),
    Entry(
        "TF208",
        "A value is read after a change that it may share",
        "What a library call returns may hold parts of what it was given. Once one of the two changes, the other may have changed too.",
        bad="""
            class Table:
                def __init__(self, rows):
                    self.rows = rows

                def joined(self, more):
                    return self.rows + more

            @step
            def table(n):
                return Table([n])

            @workflow
            def wf(n=3):
                more = [n]
                rows = table(n).joined(more)
                more.append(fit(n))
                return rows
            #          ^^^^ TF208
            """,
        good="""
            import copy

            class Table:
                def __init__(self, rows):
                    self.rows = rows

                def joined(self, more):
                    return self.rows + more

            @step
            def table(n):
                return Table([n])

            @workflow
            def wf(n=3):
                more = [n]
                rows = copy.deepcopy(table(n).joined(more))
                more.append(fit(n))
                return rows
            """,
    ),
    Entry(
        "TF209",
        "An inner function changes what it captured",
        "When it is called, a name outside of it would change with nothing at that place that says so.",
        bad="""
            @workflow
            def wf(n=3):
                seen = []

                def note(x):
                    seen.append(x)
            #       ^^^^^^^^^^^^^^ TF209
                    return x

                return fit(note(n)), seen
            """,
        good="""
            @workflow
            def wf(n=3):
                seen = []
                seen.append(n)
                return fit(n), seen
            """,
    ),
    Entry(
        "TF210",
        "A call that changes its argument, with its result dropped",
        "What it does is not in its result, so a run could not hand it on.",
        bad="""
            import random

            @workflow
            def wf(n=3):
                xs = load(n)
                random.shuffle(xs)
            #   ^^^^^^^^^^^^^^^^^^ TF210
                return sorted(xs)
            """,
        good="""
            import random

            @workflow
            def wf(n=3):
                xs = load(n)
                xs = random.sample(xs, len(xs))
                return sorted(xs)
            """,
    ),
)
