"""Refusals of the source: it cannot be found, or is not what runs."""

from __future__ import annotations

from tangentflow.language.catalogue.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "TF000",
        "The file is not Python",
        "The file is read by the Python that compiles it; what that Python cannot read, it cannot compile.",
        bad="""
            @workflow
            def wf(n=3):
                return fit(n
                #         ^ TF000
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n)
            """,
    ),
    Entry(
        "TF001",
        "The source of a function cannot be found",
        "A workflow is compiled from its source text. Code that `exec` or `eval` made, or a prompt that is gone, has none.",
        bad="""
            made = {"workflow": workflow, "fit": fit}
            exec("@workflow\\ndef wf(n=3): return fit(n)", made)
            wf = made["wf"]
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n)
            """,
    ),
    Entry(
        "TF002",
        "The source of a function has changed since it was imported",
        "The text in its place does not compile to the function that runs: the file was edited, or something has rewritten "
        "the code. What would be compiled is not what a plain call does.",
        bad="""
            def patched(function):
                function.__code__ = function.__code__.replace(co_consts=(None, 2, 3))
                return function

            @workflow
            @patched
            def wf(n=3):
                return fit(n + 1)
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(n + 2)
            """,
    ),
    Entry(
        "TF003",
        "Functions on one line cannot be told apart",
        "Their compiled code is equal and their source is not, and this Python keeps no columns of code (3.10 does not, nor does "
        "any under `-X no_debug_ranges`).",
        bad="""
            other, wf = workflow(lambda n=3: fit(1 + 1)), workflow(lambda n=3: fit(2))
            """,
        good="""
            @workflow
            def wf(n=3):
                return fit(2)
            """,
    ),
)
