"""`except*`, from Python 3.11 on."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f, g


@workflow
def catches_groups(n):
    try:  # error: TF109 @5-9
        return f(n)
    except* ValueError:
        g(n)


@workflow
def changes_in_groups(xs):
    try:  # error: TF109 @5-9
        xs.append(f(1))  # error: TF201 @9-24
    except* ValueError as group:
        group.exceptions.append(1)  # error: TF203 @9-35
        xs[0] = g(group is xs)  # error: TF201 @9-14, TF110 @19-30
