"""Graphs are equal if their programs differ only in names of variables and order of independent lines."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tangentflow import step, workflow
from tests.graph.programs import e, f, g, p, scale


@step
def f_copy(value_of_x_is_kept):
    return value_of_x_is_kept + 1


@step
def copied(x):
    """Another name, a docstring, a comment."""
    return x + 1  # the same


@step
def edited(x):
    return x + 2


OFFSET = 7


@step
def with_constant(x):
    return x + OFFSET


def rescale(x):
    return x * 3


def test_names_of_variables_do_not_matter():
    @workflow
    def one(n):
        total, seen = 0, []
        for i in range(n):
            r = f(i)
            if r > 2:
                r = g(r, y=[k for k in (1, 2) if k])
            total += r
            seen.append(r)
        return total, seen

    @workflow
    def two(m):
        summe, liste = 0, []
        for zahl in range(m):
            wert = f(zahl)
            if wert > 2:
                wert = g(wert, y=[q for q in (1, 2) if q])
            summe += wert
            liste.append(wert)
        return summe, liste

    assert one.graph == two.graph
    assert one.graph.fingerprint == two.graph.fingerprint
    assert hash(one.graph) == hash(two.graph)


def test_order_of_independent_lines_does_not_matter():
    @workflow
    def one(n):
        x = f(n)
        y = g(n)
        zs = [f(i) for i in range(n)]
        c = 1
        d = 2
        return x, y, zs, c, d

    @workflow
    def two(n):
        d = 2
        zs = [f(i) for i in range(n)]
        y = g(n)
        c = 1
        x = f(n)
        return x, y, zs, c, d

    assert one.graph == two.graph


def test_inside_of_loops_and_branches_too():
    @workflow
    def one(n):
        out = []
        for i in range(n):
            a = f(i)
            b = g(i)
            if a > b:
                c = f(a)
                d = g(b)
                out.append((c, d))
        return out

    @workflow
    def two(n):
        out = []
        for i in range(n):
            b = g(i)
            a = f(i)
            if a > b:
                d = g(b)
                c = f(a)
                out.append((c, d))
        return out

    assert one.graph == two.graph


def test_twins_that_only_their_use_tells_apart():
    @workflow
    def one(n):
        x = f(1)
        y = f(1)
        a = g(x)
        b = g(y, y=a)
        return a, b

    @workflow
    def two(n):
        y = f(1)
        x = f(1)
        a = g(x)
        b = g(y, y=a)
        return a, b

    @workflow
    def three(n):
        x = f(1)
        y = f(1)
        a = g(x)
        b = g(x, y=a)
        return a, b, y

    @workflow
    def four(n):
        x = f(1)
        y = f(1)
        a = g(x)
        b = g(y, y=a)
        return a, b, y

    assert one.graph == two.graph
    assert three.graph != four.graph


def test_order_that_matters_is_kept():
    @workflow
    def effects(n):
        e(1)
        e(2)
        return n

    @workflow
    def swapped(n):
        e(2)
        e(1)
        return n

    @workflow
    def step_first(n):
        x = f(n)
        e(n)
        return x

    @workflow
    def effect_first(n):
        e(n)
        x = f(n)
        return x

    @workflow
    def guard_first(n):
        if n > 1:
            return 0
        return f(n)

    @workflow
    def step_before_guard(n):
        x = f(n)
        if n > 1:
            return 0
        return x

    @workflow
    def updates(n):
        x = n
        x = x + f(1)
        x = x * g(2)
        return x

    @workflow
    def other_updates(n):
        x = n
        x = x * g(2)
        x = x + f(1)
        return x

    @workflow
    def appended(n):
        xs = []
        xs.append(f(1))
        xs.append(g(2))
        return xs

    @workflow
    def appended_otherwise(n):
        xs = []
        xs.append(g(2))
        xs.append(f(1))
        return xs

    @workflow
    def messages(n):
        print("a")
        print("b")
        return f(n)

    @workflow
    def other_messages(n):
        print("b")
        print("a")
        return f(n)

    for one, two in [
        (effects, swapped), (step_first, effect_first), (guard_first, step_before_guard), (updates, other_updates),
        (appended, appended_otherwise), (messages, other_messages),
    ]:  # fmt: skip
        assert one.graph != two.graph, (one, two)


def test_what_is_computed_matters():
    def variants():
        @workflow
        def base(n):
            x = f(n)
            return g(x, y=1)

        @workflow
        def other_constant(n):
            x = f(n)
            return g(x, y=2)

        @workflow
        def constant_of_another_type(n):
            x = f(n)
            return g(x, y=1.0)

        @workflow
        def other_step(n):
            x = edited(n)
            return g(x, y=1)

        @workflow
        def other_argument(n):
            x = f(n)
            return g(n, y=x)

        @workflow
        def positional(n):
            x = f(n)
            return g(x, 1)

        @workflow
        def dropped(n):
            f(n)
            return g(n, y=1)

        @workflow
        def with_default(n=1):
            x = f(n)
            return g(x, y=1)

        @workflow
        def pure(n):
            x = p(n)
            return g(x, y=1)

        @workflow
        def result(n):
            x = f(n)
            y = g(x, y=1)
            return x

        return [
            base,
            other_constant,
            constant_of_another_type,
            other_step,
            other_argument,
            positional,
            dropped,
            with_default,
            pure,
            result,
        ]

    prints = [workflow.graph.fingerprint for workflow in variants()]
    assert len(set(prints)) == len(prints)


def test_steps_count_by_their_code():
    def made(called):
        @workflow
        def flow(n):
            x = called(n)
            return x

        return flow.graph

    assert made(f) == made(copied)
    assert made(f) != made(edited)
    assert made(f) != made(f_copy), "the name of a parameter is part of a function"


def test_helpers_and_constants_of_the_glue_count_by_what_they_are():
    def helped(helper, constant):
        @workflow
        def flow(n):
            x = f(helper(n) + constant)
            return x

        return flow.graph

    assert helped(scale, 1) == helped(rescale, 1)
    assert helped(scale, 1) != helped(lambda x: x * 4, 1)
    assert helped(scale, 1) != helped(scale, 2)


def test_sub_workflows_count_by_what_they_do():
    @workflow
    def inner(x):
        a = f(x)
        b = g(x)
        return a, b

    @workflow
    def inner_otherwise(y):
        q = g(y)
        r = f(y)
        return r, q

    @workflow
    def inner_edited(x):
        a = f(x)
        b = g(x)
        return b, a

    def outer(called):
        @workflow
        def flow(n):
            return called(n), called(n + 1)

        return flow.graph

    assert outer(inner) == outer(inner_otherwise)
    assert outer(inner) != outer(inner_edited)


def test_recursion():
    @workflow
    def down(n):
        if n <= 0:
            return 0
        m = f(n - 2)
        return down(m)

    @workflow
    def again(k):
        if k <= 0:
            return 0
        return again(f(k - 2))

    @workflow
    def further(k):
        if k <= 1:
            return 0
        return further(f(k - 2))

    assert down.graph == again.graph
    assert down.graph != further.graph


def test_parameters_count_by_position_unless_they_are_named():
    @workflow
    def one(a, b):
        return f(a), g(b)

    @workflow
    def two(x, y):
        return f(x), g(y)

    @workflow
    def exchanged(b, a):
        return f(a), g(b)

    @workflow
    def keyword(*, a, b):
        return f(a), g(b)

    @workflow
    def other_keyword(*, a, c):
        return f(a), g(c)

    assert one.graph == two.graph
    assert one.graph != exchanged.graph
    assert keyword.graph != other_keyword.graph


def test_compares_with_nothing_else():
    @workflow
    def flow(n):
        return f(n)

    assert flow.graph != "flow"
    assert flow.graph == flow.graph
    assert len({flow.graph, flow.graph}) == 1


SCRIPT = """
from tangentflow import step, workflow
@step
def f(x, y={1, 2, 3}):
    return x in {"a", "b", "c", x}
@workflow
def wf(n):
    for i in range(n):
        f(i)
    return {"x": f("q"), **{"y": 1}}
print(wf.graph.fingerprint)
print(wf.graph.json())
"""


def test_the_same_in_every_process(tmp_path: Path):
    (tmp_path / "flows.py").write_text(SCRIPT.replace("print(", "text = (", 2) + "\n")
    code = "import flows; print(flows.wf.graph.fingerprint); print(flows.wf.graph.json())"
    texts = set()
    for seed in ("0", "7"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{Path(__file__).parents[2]}:{tmp_path}", "PATH": ""}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        texts.add(done.stdout)
    assert len(texts) == 1


@pytest.mark.parametrize("name", ["math", "partial"])
def test_installed_things_count_by_name(name):
    from tangentflow.graph.fingerprint import fingerprint

    value = {"math": math.sqrt, "partial": partial(math.pow, 2)}[name]
    assert fingerprint(value) == fingerprint(value)
    assert fingerprint(math.sqrt) != fingerprint(math.sin)
    assert fingerprint(partial(math.pow, 2)) != fingerprint(partial(math.pow, 3))
