"""Refusals of whole constructs."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "TF100",
        "A construct without a rule",
        "What the compiler has no rule for is refused: nothing is run as it is. Inside a step all of Python is allowed.",
        bad="""
            @workflow
            def wf(n=3):
                type Size = int
            #   ^^^^^^^^^^^^^^^ TF100
                size: Size = n
                return fit(size)
            """,
        good="""
            Size = int

            @workflow
            def wf(n=3):
                size: Size = n
                return fit(size)
            """,
        since=(3, 12),
    ),
    Entry(
        "TF101",
        "a call in the type of a handler",
        "The type of a handler is evaluated only when an exception comes to it, and then no step can run before it is decided.",
        bad="""
            @workflow
            def wf(n=3):
                try:
                    return fit(n)
                except fit(n):
            #          ^^^^^^ TF101
                    return None
            """,
        good="""
            @workflow
            def wf(n=3):
                try:
                    return fit(n)
                except ValueError:
                    return None
            """,
    ),
    Entry(
        "TF102",
        "`with`",
        "What a context manager does happens in one process, and the steps inside the block run in others.",
        bad="""
            import warnings

            @workflow
            def wf(n=3):
                with warnings.catch_warnings():
            #   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ TF102
                    return fit(n)
            """,
        good="""
            import warnings

            @step
            def fit_quietly(x):
                with warnings.catch_warnings():
                    return x * x

            @workflow
            def wf(n=3):
                return fit_quietly(n)
            """,
    ),
    Entry(
        "TF104",
        "`yield`",
        "A value that is produced piece by piece cannot cross from one step to another.",
        bad="""
            @workflow
            def wf(n=3):
                for x in load(n):
                    yield fit(x)
            #       ^^^^^^^^^^^^ TF104
            """,
        good="""
            @workflow
            def wf(n=3):
                return [fit(x) for x in load(n)]
            """,
    ),
    Entry(
        "TF105",
        "`async` and `await`",
        "A workflow has no event loop: steps that do not need each other run at the same time anyway.",
        bad="""
            @workflow
            async def wf(n=3):
                return await fit(n)
            #          ^^^^^^^^^^^^ TF105
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n)
            """,
    ),
    Entry(
        "TF106",
        "`global` and `nonlocal`",
        "Steps run in other processes and would not see the change.",
        bad="""
            best = 0

            @workflow
            def wf(n=3):
                global best
            #   ^^^^^^^^^^^ TF106
                best = fit(n)
                return best
            """,
        good="""
            @workflow
            def wf(n=3):
                best = fit(n)
                return best
            """,
    ),
    Entry(
        "TF107",
        "A class statement",
        "Values are sent to other processes, which import their classes by name.",
        bad="""
            @workflow
            def wf(n=3):
                class Point:
            #   ^^^^^^^^^^^^ TF107
                    x = n
                return fit(Point.x)
            """,
        good="""
            class Point:
                def __init__(self, x):
                    self.x = x

            @workflow
            def wf(n=3):
                point = Point(n)
                return fit(point.x)
            """,
    ),
    Entry(
        "TF108",
        "An import that does not stand at the top of the body",
        "A module cannot be sent from one step to another, so a name that an import binds must mean the same everywhere in the workflow: "
        "the import stands before all that reads the name, in no branch, loop or inner function, and nothing else binds the name.",
        bad="""
            @workflow
            def wf(n=3):
                if n > 1:
                    import math
            #       ^^^^^^^^^^^ TF108
                    return fit(math.factorial(n))
                return n
            """,
        good="""
            @workflow
            def wf(n=3):
                import math
                if n > 1:
                    return fit(math.factorial(n))
                return n
            """,
    ),
    Entry(
        "TF109",
        "`except*`",
        "A run ends with one exception, the first in program order, so that there is no group to take apart.",
        bad="""
            @workflow
            def wf(n=3):
                try:
            #   ^^^^ TF109
                    fitted = fit(n)
                except* ValueError:
                    fitted = None
                return fitted
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n)
            """,
        since=(3, 11),
    ),
)
