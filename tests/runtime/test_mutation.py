"""The arguments that a step has changed are named, and those alone."""

from __future__ import annotations

import pytest

from tangentflow import MutatedArgument
from tangentflow.runtime.mutation import changed_since, digests_of
from tests.runtime.mutation_programs import predicted


def several(a, /, b, *more, c=None, **rest):
    return None


@pytest.mark.parametrize("change, names", [
    (lambda args, kwargs: None, ""),
    (lambda args, kwargs: args[0].append(1), "a"),
    (lambda args, kwargs: args[1].append(1), "b"),
    (lambda args, kwargs: (args[2].append(1), args[3].append(1)), "more"),
    (lambda args, kwargs: kwargs["c"].append(1), "c"),
    (lambda args, kwargs: (kwargs["d"].append(1), kwargs["b2"].append(1)), "rest"),
    (lambda args, kwargs: (kwargs["d"].append(1), args[1].append(1)), "b, rest"),
])  # fmt: skip
def test_names(change, names):
    args, kwargs = ([], [[]], [], {}.setdefault("x", []), 5), {"c": [], "d": [], "b2": []}
    before = digests_of(args, kwargs)
    change(args, kwargs)
    assert changed_since(before, several, args, kwargs) == names


@pytest.mark.parametrize("way", ["inline", "thread", "process", "simulate"])
def test_every_engine_names_them(way):
    with pytest.raises(MutatedArgument, match=r"^step 'predict' changed its argument 'model, rest' in place"):
        if way == "simulate":
            predicted.simulate().result()
        else:
            predicted.options(executor=way, store=False).run().result()
