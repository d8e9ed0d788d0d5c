"""Refusals of known constructs in places where they cannot keep Python's meaning."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "TF110",
        "`is` between values",
        "A value that a step has had is a copy: equal, not identical. (`is` stays for None, True, False, `...`, classes and members of enums.)",
        bad="""
            @workflow
            def wf(n=3):
                a, b = fit(n), fit(n)
                return a is b
            #          ^^^^^^ TF110
            """,
        good="""
            @workflow
            def wf(n=3):
                a, b = fit(n), fit(n)
                return a == b
            """,
    ),
    Entry(
        "TF111",
        "A step used as a value",
        "Which steps a workflow runs must be known before it runs, so a step is called where it is named.",
        bad="""
            @workflow
            def wf(n=3):
                run = fit if n > 2 else load
            #         ^^^ TF111
            #                           ^^^^ TF111
                return run(n)
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n) if n > 2 else load(n)
            """,
    ),
    Entry(
        "TF112",
        "A read of the environment",
        "The environment is not the same on every machine.",
        bad="""
            import os

            @workflow
            def wf(n=3):
                return fit(len(os.environ["PATH"]))
            #                  ^^^^^^^^^^ TF112
            """,
        good="""
            import os

            @step
            def path():
                return os.environ["PATH"]

            @workflow
            def wf(n=3):
                return fit(len(path()))
            """,
    ),
    Entry(
        "TF113",
        "A name that begins with `_tf`",
        "The compiler uses such names in the code that it makes of a workflow.",
        bad="""
            @workflow
            def wf(n=3):
                _tf = fit(n)
            #   ^^^ TF113
                return _tf
            """,
        good="""
            @workflow
            def wf(n=3):
                fitted = fit(n)
                return fitted
            """,
    ),
    Entry(
        "TF114",
        "A step that is a method, called on an object",
        "The object would be no visible argument of the step.",
        bad="""
            class Model:
                @step
                def grow(self, x):
                    return x + 1

            MODEL = Model()

            @workflow
            def wf(n=3):
                return MODEL.grow(n)
            #          ^^^^^^^^^^^^^ TF114
            """,
        good="""
            class Model:
                @step
                def grow(self, x):
                    return x + 1

            MODEL = Model()

            @workflow
            def wf(n=3):
                return Model.grow(MODEL, n)
            """,
    ),
    Entry(
        "TF115",
        "A step bound with `partial` that has no name of its own, or is passed on",
        "Which steps run must be known before the run. A name that is bound to `partial(step, …)`, and to nothing else, stands for the step.",
        bad="""
            from functools import partial

            @workflow
            def wf(n=3):
                scores = [partial(score, y=y) for y in range(n)]
            #             ^^^^^^^^^^^^^^^^^^^ TF115
                return [each(n) for each in scores]
            """,
        good="""
            from functools import partial

            @workflow
            def wf(n=3):
                results = []
                for y in range(n):
                    shifted = partial(score, y=y)
                    results.append(shifted(n))
                return results
            """,
    ),
    Entry(
        "TF116",
        "A call of a step bound with `partial` that cannot be taken apart",
        "The call is scheduled as one of the step with all its arguments; these must come to it, and be evaluated, as `partial` does it.",
        bad="""
            from functools import partial

            @workflow
            def wf(n=3):
                return partial(score, y=fit(n))(x=fit(2), y=fit(3))
            #          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ TF116
            """,
        good="""
            from functools import partial

            @workflow
            def wf(n=3):
                shifted = partial(score, y=fit(n))
                return shifted(x=fit(2), y=fit(3))
            """,
    ),
    Entry(
        "TF117",
        "A call of `attempt` whose step and items cannot be told",
        "The calls are scheduled one by one, so which step it is must be known; it is given an item and nothing else.",
        bad="""
            from functools import partial
            from tangentflow import attempt

            @workflow
            def wf(n=3):
                return attempt(partial(score, y=n), range(n), min_ratio=0.5)
            #          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ TF117
            """,
        good="""
            from tangentflow import attempt

            @workflow
            def scored(pair):
                x, y = pair
                return score(x, y=y)

            @workflow
            def wf(n=3):
                return attempt(scored, [(x, n) for x in range(n)], min_ratio=0.5)
            """,
    ),
    Entry(
        "TF118",
        "Options of a step that only a run would know, that it cannot have, or of one that is not called where it stands",
        "How a step is scheduled, and which steps there are, must be known before the run. `step.options(…)` gives a step: it is called at once, or "
        "has a name outside of the workflow.",
        bad="""
            @workflow
            def wf(n=3):
                large = fit.options(cpu=16)
            #           ^^^^^^^^^^^^^^^^^^^ TF118
                return large(n)
            """,
        good="""
            large = fit.options(cpu=16)

            @workflow
            def wf(n=3):
                return large(n) + fit.options(cpu=2, retries=1)(n)
            """,
    ),
    Entry(
        "TF120",
        "An iterator that is kept",
        "Reading an iterator uses it up, and what was read in one process is not read in another. So it is consumed where it is made: an unknown "
        "call, like `frame.itertuples()` or `csv.reader(lines)`, may give one to a loop that goes to its end, to `list`, `sorted`, `sum` and the like. "
        "One that a name would keep, that a step returns or that a run is given is refused in the run.",
        bad="""
            @workflow
            def wf(n=3):
                pairs = zip(load(n), load(n))
            #           ^^^^^^^^^^^^^^^^^^^^^ TF120
                return [score(x, y) for x, y in pairs]
            """,
        good="""
            @workflow
            def wf(n=3):
                pairs = list(zip(load(n), load(n)))
                return [score(x, y) for x, y in pairs]
            """,
    ),
    Entry(
        "TF121",
        "A call in a format specification",
        "Its place in the order of evaluation would be lost.",
        bad="""
            @workflow
            def wf(n=3):
                return f"{n:{fit(2)}}"
            #          ^^^^^^^^^^^^^^^ TF121
            """,
        good="""
            @workflow
            def wf(n=3):
                width = fit(2)
                return f"{n:{width}}"
            """,
    ),
    Entry(
        "TF123",
        "A generator expression, `map` or `filter` with a step call that is not consumed where it stands",
        "Its steps would run whenever something asks for the next item. Only what consumes it at once keeps that order: a loop, `list`, `tuple`, "
        "`set`, `sorted`, `sum`, `min`, `max`, `any`, `all`, `next`, `in`, `join`, `*`, and `dict`, `zip` and `enumerate` of pairs.",
        bad="""
            @workflow
            def wf(n=3):
                squares = map(fit, load(n))
            #             ^^^^^^^^^^^^^^^^^ TF123
                return list(squares)
            """,
        good="""
            @workflow
            def wf(n=3):
                squares = list(map(fit, load(n)))
                return squares
            """,
    ),
    Entry(
        "TF124",
        "A name that may be unbound, read in a comprehension with steps",
        "Python raises another exception for it there than in the loop that the comprehension is lowered to.",
        bad="""
            @workflow
            def wf(n=3):
                if n > 2:
                    shift = fit(n)
                return [score(x, shift) for x in load(n)]
            #          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ TF124
            """,
        good="""
            @workflow
            def wf(n=3):
                shift = 0
                if n > 2:
                    shift = fit(n)
                return [score(x, shift) for x in load(n)]
            """,
    ),
    Entry(
        "TF125",
        "A name that is a step here and a variable there",
        "Which of them is called would depend on the place.",
        bad="""
            @workflow
            def wf(n=3):
                return [fit for fit in load(n)], fit(n)
            #           ^^^ TF125
            """,
        good="""
            @workflow
            def wf(n=3):
                return [fitted for fitted in load(n)], fit(n)
            """,
    ),
    Entry(
        "TF130",
        "The result of a call is dropped",
        "A call that is no step is made for its result. What else it does would happen in one process only.",
        bad="""
            @workflow
            def wf(n=3):
                xs = load(n)
                sorted(xs, reverse=True)
            #   ^^^^^^^^^^^^^^^^^^^^^^^^ TF130
                return fit(xs[0])
            """,
        good="""
            @workflow
            def wf(n=3):
                xs = load(n)
                xs = sorted(xs, reverse=True)
                return fit(xs[0])
            """,
    ),
    Entry(
        "TF131",
        "A step call inside a target that is unpacked",
        "The targets before it are bound first, and the call would run between them.",
        bad="""
            @workflow
            def wf(n=3):
                squares = {}
                squares[fit(n)], rest = n, load(n)
            #   ^^^^^^^^^^^^^^^^^^^^^ TF131
                return squares, rest
            """,
        good="""
            @workflow
            def wf(n=3):
                squares = {}
                square = fit(n)
                squares[square], rest = n, load(n)
                return squares, rest
            """,
    ),
    Entry(
        "TF132",
        "Step calls on both sides of an augmented assignment",
        "The target is read before the right side runs and stored after it.",
        bad="""
            @workflow
            def wf(n=3):
                counts = {9: 1}
                counts[fit(n)] += fit(2)
            #   ^^^^^^^^^^^^^^ TF132
                return counts
            """,
        good="""
            @workflow
            def wf(n=3):
                counts = {9: 1}
                key = fit(n)
                counts[key] += fit(2)
                return counts
            """,
    ),
    Entry(
        "TF133",
        "A step call inside a lambda or an inner function",
        "The steps of a function are known only if it is a workflow.",
        bad="""
            @workflow
            def wf(n=3):
                twice = lambda x: score(fit(x), -x)
            #                     ^^^^^^^^^^^^^^^^^ TF133
            #                           ^^^^^^ TF133
                return twice(n)
            """,
        good="""
            @workflow
            def twice(x):
                return score(fit(x), -x)

            @workflow
            def wf(n=3):
                return twice(n)
            """,
    ),
    Entry(
        "TF134",
        "A bare `raise` outside of a handler",
        "There is no exception to raise again.",
        bad="""
            @workflow
            def wf(n=3):
                if n > 9:
                    raise
            #       ^^^^^ TF134
                return fit(n)
            """,
        good="""
            @workflow
            def wf(n=3):
                if n > 9:
                    raise ValueError(n)
                return fit(n)
            """,
    ),
    Entry(
        "TF135",
        "`:=` binds a name of the target of an augmented assignment",
        "The target is read before the right side runs.",
        bad="""
            @workflow
            def wf(n=3):
                total = 1
                total += fit(total := 2)
            #   ^^^^^^^^^^^^^^^^^^^^^^^^ TF135
                return total
            """,
        good="""
            @workflow
            def wf(n=3):
                total = 1
                total = total + fit(2)
                return total
            """,
    ),
    Entry(
        "TF136",
        "A loop that changes what its iterable reads",
        "The items of a loop are read before it starts.",
        bad="""
            @workflow
            def wf(n=3):
                total = 0
                for x, y in zip(map(lambda i: i + total, range(n)), load(n)):
            #               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ TF136
                    total += fit(x + y)
                return total
            """,
        good="""
            @workflow
            def wf(n=3):
                total = 0
                for i, y in zip(range(n), load(n)):
                    total += fit(i + total + y)
                return total
            """,
    ),
    Entry(
        "TF137",
        "A loop that may end early over items that are computed one by one",
        "The items of a loop are read before it starts, those after its end too, and computing those might raise.",
        bad="""
            def shares(n):
                for i in range(n):
                    yield 9 // (i - 2)

            @workflow
            def wf(n=3):
                for x in shares(n):
            #            ^^^^^^^^^ TF137
                    if fit(x) > 9:
                        return x
                return None
            """,
        good="""
            @workflow
            def wf(n=3):
                for i in range(n):
                    x = 9 // (i - 2)
                    if fit(x) > 9:
                        return x
                return None
            """,
    ),
    Entry(
        "TF138",
        "Groups that share one iterator",
        "The items of a loop are read before it starts, and a group of `itertools.groupby` is empty once the next one is read. A helper function reads each in its turn.",
        bad="""
            from itertools import groupby

            @workflow
            def wf(n=3):
                return [fit(len(list(group))) for key, group in groupby(load(n))]
            #                                                   ^^^^^^^^^^^^^^^^ TF138
            """,
        good="""
            from itertools import groupby

            def groups(xs):
                return [(key, list(group)) for key, group in groupby(xs)]

            @workflow
            def wf(n=3):
                return [fit(len(group)) for key, group in groups(load(n))]
            """,
    ),
    Entry(
        "TF139",
        "A step made inside a workflow",
        "Which steps there are must be known before the run; a function that the workflow itself makes is there only in it.",
        bad="""
            @workflow
            def wf(n=3):
                @step
            #    ^^^^ TF139
                def twice(x):
                    return 2 * x + n

                return [twice(x) for x in range(n)]
            """,
        good="""
            @step
            def twice(x, n):
                return 2 * x + n

            @workflow
            def wf(n=3):
                return [twice(x, n) for x in range(n)]
            """,
    ),
)
