"""Notes: what is accepted and does what Python does, but may not be what was meant."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["NOTES"]

NOTES = (
    Entry(
        "TN101",
        "Effects of a fan-out",
        "The iterations of a `for` that hand nothing on are independent, so a call whose result is dropped runs for all items at the same time. "
        "`parallel()` around the loop says that this is meant.",
        bad="""
            @workflow
            def wf(xs=(1, 2)):
                for x in xs:
                    fit(x)
            #       ^^^^^^ TN101
                return len(xs)
            """,
        good="""
            @workflow
            def wf(xs=(1, 2)):
                for x in sequential(xs):
                    fit(x)
                return len(xs)
            """,
    ),
    Entry(
        "TN102",
        "The order of a set shows",
        "The order of a set depends on hashes. All processes of a run agree on them; another run, or a plain call, may not.",
        bad="""
            @workflow
            def wf(n=3):
                seen = {n, n + 1}
                return [fit(x) for x in seen]
            #                           ^^^^ TN102
            """,
        good="""
            @workflow
            def wf(n=3):
                seen = {n, n + 1}
                return [fit(x) for x in sorted(seen)]
            """,
    ),
    Entry(
        "TN103",
        "A name that may be unbound",
        "Not every way to the line assigns the name. Where it is not assigned, the line raises UnboundLocalError, as in Python.",
        bad="""
            @workflow
            def wf(n=3):
                if n > 2:
                    best = fit(n)
                return score(best, 1)
            #                ^^^^ TN103
            """,
        good="""
            @workflow
            def wf(n=3):
                best = 0
                if n > 2:
                    best = fit(n)
                return score(best, 1)
            """,
    ),
    Entry(
        "TN104",
        "A result that nobody reads",
        "A step whose result is dropped is an effect: it keeps its place among the steps around it. If its result has a name, that may be "
        "an oversight; if it is `pure`, it is run for nothing.",
        bad="""
            @workflow
            def wf(n=3):
                best = fit(n)
            #   ^^^^^^^^^^^^^ TN104
                return score(n, 1)
            """,
        good="""
            @workflow
            def wf(n=3):
                fit(n)
                return score(n, 1)
            """,
    ),
    Entry(
        "TN105",
        "A loop that runs in order",
        "A step of each iteration needs what a step of an earlier one gave, so they run one after the other. What only collects results "
        "(`total += x`) does not do that.",
        bad="""
            @workflow
            def wf(n=3):
                total = 0
                for x in range(n):
            #   ^^^^^^^^^^^^^^^^^^ TN105
                    total = score(x, total)
                return total
            """,
        good="""
            @workflow
            def wf(n=3):
                total = 0
                for x in range(n):
                    total += score(x, 1)
                return total
            """,
    ),
    Entry(
        "TN106",
        "A name that nothing defines",
        "Neither the workflow nor its module defines it, and it is no built-in: a slip of the pen, mostly. Python would say so where the name is "
        "read, after the steps before it have run.",
        bad="""
            @workflow
            def wf(n=3):
                total = fit(n)
                if n > 5:
                    return totl
            #              ^^^^ TN106
                return total
            """,
        good="""
            @workflow
            def wf(n=3):
                total = fit(n)
                if n > 5:
                    return total
                return score(total, 1)
            """,
    ),
)
"""Every note: `bad` is a program that has it, `good` one that has not."""
