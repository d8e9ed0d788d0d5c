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
