"""The `type` statement, from Python 3.12 on."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.steps import f


@workflow
def names_a_type(n):
    type Size = int  # error: TF100 @5-20
    size: Size = n
    return f(size)
