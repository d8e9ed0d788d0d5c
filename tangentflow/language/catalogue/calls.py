"""Refusals of calls that are no steps."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "TF301",
        "A call that reaches outside",
        "Files, the network and other processes belong to a machine, and what stands between the steps has none of its own.",
        bad="""
            @workflow
            def wf(name="data.txt"):
                text = open(name).read()
            #          ^^^^^^^^^^ TF301
                return fit(len(text))
            """,
        good="""
            from pathlib import Path

            @step
            def read(name):
                path = Path(name)
                return path.read_text() if path.exists() else ""

            @workflow
            def wf(name="data.txt"):
                text = read(name)
                return fit(len(text))
            """,
    ),
    Entry(
        "TF302",
        "A call that cannot be analysed, or means nothing outside of one process",
        "Code that is made at run time cannot be compiled ahead; namespaces, identities and the process itself are not the same everywhere.",
        bad="""
            @workflow
            def wf(text="[1, 2]"):
                xs = eval(text)
            #        ^^^^^^^^^^ TF302
                return [fit(x) for x in xs]
            """,
        good="""
            import ast

            @workflow
            def wf(text="[1, 2]"):
                xs = ast.literal_eval(text)
                return [fit(x) for x in xs]
            """,
    ),
    Entry(
        "TF303",
        "An iterable without an end",
        "The items of a loop are read before it starts.",
        bad="""
            import itertools

            @workflow
            def wf(n=3):
                for i in itertools.count():
            #            ^^^^^^^^^^^^^^^^^ TF303
                    if fit(i) > n:
                        return i
            """,
        good="""
            @workflow
            def wf(n=3):
                i = 0
                while fit(i) <= n:
                    i += 1
                return i
            """,
    ),
    Entry(
        "TF304",
        "A helper that calls a step",
        "A step call must be visible in a workflow to be scheduled.",
        bad="""
            def fit_all(xs):
                return [fit(x) for x in xs]

            @workflow
            def wf(n=3):
                return fit_all(load(n))
            #          ^^^^^^^^^^^^^^^^ TF304
            """,
        good="""
            @workflow
            def fit_all(xs):
                return [fit(x) for x in xs]

            @workflow
            def wf(n=3):
                return fit_all(load(n))
            """,
    ),
    Entry(
        "TF305",
        "A helper that changes its argument in place, and whose result is dropped",
        "The new value of the argument is recorded together with the result of the call.",
        bad="""
            def extend(xs):
                xs.append(1)
                return len(xs)

            @workflow
            def wf(n=3):
                xs = load(n)
                extend(xs)
            #   ^^^^^^^^^^ TF305
                return fit(len(xs))
            """,
        good="""
            def extend(xs):
                xs.append(1)
                return len(xs)

            @workflow
            def wf(n=3):
                xs = load(n)
                count = extend(xs)
                return fit(count)
            """,
    ),
    Entry(
        "TF306",
        "A call that changes a global",
        "Steps run in other processes and would not see the change.",
        bad="""
            SEEN = []

            @workflow
            def wf(n=3):
                SEEN.append(n)
            #   ^^^^^^^^^^^^^^ TF306
                return fit(n), SEEN
            """,
        good="""
            SEEN = []

            @workflow
            def wf(n=3):
                seen = [*SEEN, n]
                return fit(n), seen
            """,
    ),
    Entry(
        "TF307",
        "A call of a coroutine function",
        "A workflow has no event loop that could run it.",
        bad="""
            async def fetched(x):
                return x + 1

            @workflow
            def wf(n=3):
                return fit(fetched(n))
            #              ^^^^^^^^^^ TF307
            """,
        good="""
            import asyncio

            async def fetched(x):
                return x + 1

            @step
            def fetch(x):
                return asyncio.run(fetched(x))

            @workflow
            def wf(n=3):
                return fit(fetch(n))
            """,
    ),
    Entry(
        "TF308",
        "The next item of an iterator that is kept",
        "An iterator cannot be kept between steps, and taking an item changes it.",
        bad="""
            @workflow
            def wf(xs=(3, 4)):
                return fit(next(xs))
            #              ^^^^^^^^ TF308
            """,
        good="""
            @workflow
            def wf(xs=(3, 4)):
                return fit(xs[0])
            """,
    ),
    Entry(
        "TF309",
        "A random generator that all calls share",
        "Every process has a generator of its own, and what it draws next would depend on what ran there before.",
        bad="""
            import random

            RANDOM = random.Random(1)

            @workflow
            def wf(n=3):
                return fit(RANDOM.randrange(n))
            #              ^^^^^^^^^^^^^^^^^^^ TF309
            """,
        good="""
            import random

            @step
            def draw(n, seed):
                return random.Random(seed).randrange(n)

            @workflow
            def wf(n=3):
                return fit(draw(n, seed=1))
            """,
    ),
    Entry(
        "TF310",
        "A step that is passed to a call",
        "What gets it could call it out of sight, and a step call must be visible to be scheduled.",
        bad="""
            @workflow
            def wf(n=3):
                return sorted(load(n), key=fit)
            #          ^^^^^^^^^^^^^^^^^^^^^^^^ TF310
            """,
        good="""
            @workflow
            def wf(n=3):
                xs = load(n)
                keys = [fit(x) for x in xs]
                return [x for _, x in sorted(zip(keys, xs))]
            """,
    ),
)
