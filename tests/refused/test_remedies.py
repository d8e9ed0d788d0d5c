"""What a refusal says to write is right for the call at hand, and is accepted."""

from __future__ import annotations

import pytest

from tangentflow import step, workflow
from tangentflow.errors import LanguageError


@step
def load(n):
    return {"rows": n}


@workflow
def in_place(n):
    frame = load(n)
    frame.drop("k", axis=1, inplace=True)
    return load(frame)


@workflow
def bound(n):
    frame = load(n)
    frame = frame.drop("k", axis=1)
    return load(frame)


def test_inplace_is_told_how_to_bind_its_result():
    with pytest.raises(LanguageError) as info:
        in_place.graph  # noqa: B018
    assert info.value.offences[0].instead == "bind its result: `frame = frame.drop('k', axis=1)`"
    assert bound.graph.main.name == "bound"
