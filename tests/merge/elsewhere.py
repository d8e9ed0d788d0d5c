"""Workflows of somebody else: a module with names of its own, some of them also used by `programs`, for other things."""

from __future__ import annotations

from tangentflow import step, workflow
from tests.corpus.steps import enter

auth = 3
"""Not the step."""


def sorted(xs):
    """Not the built-in function."""
    return [*xs, "own"]


@step(pure=True)
def log_in(user):
    enter("auth", user)
    return f"token of {user}"


@step(pure=True)
def data(token, rows):
    enter("data", token, rows)
    return [len(token) - i for i in range(rows)]


@workflow
def renamed(rows: int = 3):
    token = log_in("team")
    return sorted(data(token, rows + auth))


def made(scale, names):
    @workflow
    def closed(rows=2):
        return [len(data(log_in("team"), rows * scale)), slice(scale, rows), *names]

    return closed


twice = made(2, ["x"])
thrice = made(3, [4])
