"""`merge`: every way to run it gives the tuple of the plain calls, and common pure steps run once."""

from __future__ import annotations

import itertools
import os
import zlib

import pytest

import tangentflow
from tangentflow import LanguageError, merge, shared, step, workflow
from tangentflow.cli.runs import resume_run
from tangentflow.compiled import Graph
from tangentflow.errors import UsageError
from tests.corpus import steps
from tests.corpus.steps import Plan, canon, f, shape
from tests.language.contract import Call, Schedule, judged, plainly
from tests.merge import elsewhere, programs
from tests.merge.programs import SIMPLE, linear, net, release, tree

FAILING = [Plan(seed, rate) for seed, rate in ((1, 0.25), (5, 0.1), (3, 0.6))]
SCHEDULES = [Schedule("first"), Schedule("last"), Schedule("random", 0)]
SCHEDULES += [Schedule(policy, 1, plan) for policy, plan in zip(("random", "last", "first"), FAILING, strict=True)]
ONE_OF = int(os.environ.get("TANGENTFLOW_MERGED", "8"))
"""How many pairs of programs there are for one that is tried: TANGENTFLOW_MERGED=1 tries all."""

PAIRS = list(itertools.product(SIMPLE, repeat=2))


def ran(merged, schedule=SCHEDULES[0]):
    """Run a merged workflow under the judge; return the paths of its steps, after comparing it with the plain call."""
    graph = merged.graph
    graph.check()
    plain = plainly(merged, Call(), schedule.plan)
    seen, runs, broken = judged(graph, Call(), schedule)
    assert not broken
    assert (seen.outcome, seen.printed) == (plain.outcome, plain.printed), schedule
    return [run.path for run in runs]


def calls_of(merged):
    return len(plainly(merged, Call(), Plan()).log)


def by_source(merged, plan):
    space = dict(merged.graph.bindings)
    exec(merged.graph.source(), space)
    return plainly(space[merged.__name__], Call(), plan)


# -- what it is for ----------------------------------------------------------------------------------------------------


def test_fifteen_calls_are_ten_steps():
    merged = merge(tree.bind(4), linear.bind(4), net.bind(4))
    assert calls_of(merged) == 15
    run = merged.options(executor="inline", progress=False).run()
    alone = tuple(w.options(executor="inline", progress=False).run(4).result() for w in (tree, linear, net))
    assert run.result() == alone == (tree(4), linear(4), net(4)) == merged()
    assert sorted(s.path for s in run.steps) == sorted(
        ["auth", "data", "embedding", "tune", "train", "train_2", "train_3", "release", "release_2", "release_3"]
    )
    assert len(run.steps["train"]) == 3
    assert [p.name for p in shared(tree, linear, net)] == ["auth", "data", "embedding"]


def test_ten_pods():
    merged = merge(tree, linear, net)
    run = merged.simulate()
    assert run.result() == merged()
    assert run.pods - len(run.helpers) == 10
    assert "embedding-2" not in merged.graph.yaml()


def test_workers_get_it_too():
    merged = merge(tree, elsewhere.twice, elsewhere.renamed.bind(1))
    assert merged.options(workers=1, progress=False).run().result() == merged()


# -- the contract ------------------------------------------------------------------------------------------------------


def chosen(one_of):
    """Return one of so many pairs."""
    names = {pair: " ".join(w.__name__ for w in pair) for pair in PAIRS}
    return [pytest.param(p, id=name) for p, name in names.items() if zlib.crc32(name.encode()) % one_of == 0]


@pytest.mark.parametrize("pair", chosen(ONE_OF))
def test_pairs(pair):
    first, second = pair
    merged = merge(first.bind(3), second.bind(3))
    for schedule in SCHEDULES:
        ran(merged, schedule)
    for plan in (Plan(), FAILING[0]):
        plain, source = plainly(merged, Call(), plan), by_source(merged, plan)
        assert (source.outcome, source.printed) == (plain.outcome, plain.printed)
    graph = merged.graph
    assert Graph.from_json(graph.json()) == graph == merge(first.bind(3), second.bind(3)).graph


@pytest.mark.parametrize("pair", chosen(ONE_OF * 4))
def test_documents(pair):
    merged = merge(pair[0].bind(2), pair[1].bind(3))
    plain = plainly(merged, Call(), Plan())
    steps.reset()
    run = merged.simulate()
    outcome = ("value", canon(run.result())) if run.error is None else ("raised", shape(run.error))
    assert outcome == plain.outcome
    assert run.pods - len(run.helpers) <= len(plain.log) or run.error is not None


@pytest.mark.parametrize("count", [1, 3, 4])
def test_many(count):
    parts = [w.bind(2 + i % 2) for i, w in enumerate(SIMPLE * 2) if i % 5 < count]
    for schedule in SCHEDULES:
        ran(merge(*parts), schedule)


# -- what is shared ----------------------------------------------------------------------------------------------------


def steps_of(*parts):
    return sorted(ran(merge(*parts)))


def test_other_arguments_share_what_does_not_depend_on_them():
    assert steps_of(linear.bind(2), linear.bind(3)) == sorted(
        ["auth", "data", "data_2", "train", "train_2", "release", "release_2"]
    )
    assert steps_of(linear.bind(3), linear.bind(3)) == sorted(
        ["auth", "data", "train", "train_2", "release", "release_2"]
    )


def test_true_is_not_one():
    @step(pure=True)
    def kind(x):
        return type(x).__name__

    @workflow
    def asks(x):
        return kind(x)

    merged = merge(asks.bind(1), asks.bind(True), asks.bind(1.0), asks.bind("1"))
    assert steps_of(*merged.parts) == ["kind", "kind_2", "kind_3", "kind_4"]


def test_fan_outs_are_shared_as_a_whole():
    paths = steps_of(programs.fans_out.bind(2), programs.fans_out_too.bind(2))
    assert paths == ["auth", "data", "f", "loop[0].embedding", "loop[1].embedding"]
    first = shared(programs.fans_out, programs.fans_out_too)
    assert [*first] == ["auth", "data", "loop.embedding"]
    assert {workflow for workflow, _, _ in first[2].places} == {"fans_out", "fans_out_too"}


def test_a_list_that_is_changed_later_is_not_shared():
    paths = steps_of(programs.fills_a_list.bind(1), programs.fills_a_list.bind(1))
    assert paths == ["auth", "data", "loop[0].tune", "loop_2[0].tune"]
    paths = steps_of(programs.changes_what_it_got.bind(1), programs.changes_what_it_got.bind(1))
    assert paths == ["auth", "data", "data_2", "tune"]


def test_equal_guards_are_shared_and_others_are_not():
    assert steps_of(programs.branches.bind(3), programs.branches.bind(3)) == ["auth", "data", "tune"]
    assert steps_of(programs.branches.bind(3), programs.other_branch.bind(3)) == [
        "auth", "data", "data_3", "embedding", "tune",
    ]  # fmt: skip


def test_what_may_not_be_reached_is_not_shared():
    assert steps_of(programs.late.bind(99), linear.bind(99)) == ["auth", "data_2", "release", "train"]
    assert steps_of(programs.late.bind(3), linear.bind(3)) == ["auth", "data", "data_2", "release", "train"]


def test_calls_of_pure_workflows_are_shared_and_those_that_print_are_not():
    paths = steps_of(programs.calls.bind(2), programs.calls_too.bind(2))
    assert paths.count("prepared.auth") == 1 and "prepared_2.auth" not in paths
    assert "noisy.auth" in paths and "noisy_2.auth" in paths


def test_a_part_that_returns_early_is_no_exception():
    assert steps_of(programs.leaves_a_loop.bind(3), linear.bind(3))[:3] == ["auth", "data", "loop[1].tune"]
    assert steps_of(programs.leaves_two_loops.bind(2), linear.bind(1)).count("auth") == 1


def test_a_part_that_leaves_a_finally_is_called():
    paths = steps_of(programs.leaves_a_finally.bind(3), linear.bind(2))
    assert [p for p in paths if "." in p] == [
        "leaves_a_finally.auth",
        "leaves_a_finally.data",
        "leaves_a_finally.release",
    ]


def test_effects_keep_their_order():
    paths = ran(merge(programs.effects.bind(1), programs.effects.bind(2)), Schedule("last"))
    effects = [path for path in paths if path.startswith(("release", "f"))]
    assert effects == ["release", "f", "release_2", "f_2"]


def test_code_counts_not_names():
    assert shared(programs.branches, elsewhere.renamed) == ("auth",)
    assert steps_of(programs.branches.bind(3), elsewhere.renamed.bind(0)) == ["auth", "data", "data_3", "tune"]


def test_other_options_are_other_steps():
    def body(x):
        return x + 1

    once, again, shown = (step(pure=True, **o)(body) for o in ({}, {"retries": 2}, {"name": "other"}))

    @workflow
    def one(x):
        return once(x)

    @workflow
    def two(x):
        return again(x)

    @workflow
    def three(x):
        return shown(x)

    assert len(steps_of(one.bind(1), two.bind(1))) == 2
    assert len(steps_of(one.bind(1), three.bind(1))) == 1


def test_names_that_mean_something_else_elsewhere():
    merged = merge(
        programs.keeps.bind("a", "b", z=1, y=2), elsewhere.renamed.bind(1), elsewhere.twice, elsewhere.thrice
    )
    for schedule in SCHEDULES:
        ran(merged, schedule)
    assert by_source(merged, Plan()).outcome == plainly(merged, Call(), Plan()).outcome
    run = merged.simulate()
    assert run.result() == merged()


def test_bound_values_of_every_kind():
    table = {"k": [1, 2, {3}], "s": "{{x}}"}
    nan = float("nan")

    @workflow
    def passes(x, *rest, **more):
        return f(len(x)), rest, sorted(more)

    merged = merge(passes.bind(table, nan, None, a=table), passes.bind("x" * 3), passes.bind(table))
    for schedule in SCHEDULES:
        ran(merged, schedule)
    assert repr(merged.simulate().result()) == repr(merged())


def test_steps_of_one_workflow_are_shared_too():
    @workflow
    def asks_twice():
        return programs.auth("me"), programs.auth("me")

    assert steps_of(asks_twice) == ["auth"]


# -- what one can do with it -------------------------------------------------------------------------------------------


def test_merged_workflows_merge():
    inner = merge(tree.bind(4), linear.bind(4))
    merged = merge(inner, net.bind(4))
    assert merged() == ((tree(4), linear(4)), net(4))
    assert len(ran(merged)) == 10
    assert merged.simulate().result() == merged()
    assert [p.places[-1][0] for p in shared(inner, net)] == ["net", "net", "net"]


def test_merged_workflows_are_called_in_workflows():
    both = merge(tree.bind(2), linear.bind(2))

    @workflow
    def outer(n):
        one, two = both()
        return f(n), one, two

    seen, runs, _ = judged(outer.graph, Call((1,)), Schedule())
    assert seen.outcome == plainly(outer, Call((1,)), Plan()).outcome
    assert "merge_tree_linear.auth" in [run.path for run in runs]


def test_a_part_that_calls_the_merge_of_itself():
    merged = merge(programs.counts_down.bind(2), programs.counts_down.bind(0))
    assert sorted(ran(merged)) == sorted(ran(merged, Schedule("last")))
    assert ran(programs.down) and programs.down.simulate().result() == programs.down()


def test_cached_steps_are_taken_from_earlier_runs(tmp_path):
    options = {"store": str(tmp_path), "executor": "inline", "progress": False}
    merged = merge(programs.caches.bind(1), programs.caches.bind(1))
    first = merged.options(**options).run()
    assert first.result() == merged()
    paths = [("cached", False), ("cached_2", False), ("plain", False), ("plain_2", False)]
    assert [(s.path, s.cached) for s in first.steps] == paths
    alone = programs.caches.options(**options).run(1)
    assert [(s.path, s.cached) for s in alone.steps] == [("cached", True), ("cached_2", True), ("plain", False)]


def test_a_merged_run_is_reused_and_resumed(tmp_path):
    options = {"store": str(tmp_path), "executor": "inline", "progress": False}
    first = programs.both.options(**options).run()
    again = programs.both.options(**options, reuse=first).run()
    assert again.result() == first.result() == programs.both()
    assert {s.status for s in again.steps} == {"Cached"}
    assert resume_run(first.id, str(tmp_path), {}) == 0


def test_explain_tells_of_both():
    graph = merge(tree, net).graph
    text = graph.explain()
    assert "It is made of tree and net." in text
    line = net.function.__code__.co_firstlineno + 2
    assert f"It stands for programs.py:{line} too." in text
    assert "stands for the call here" in graph.explain(line)
    assert f"also programs.py:{line}" in str(graph)
    assert not graph.notes
    assert (
        graph.mermaid().count("auth(") == 1 and graph.dot().count("auth(") == graph.svg().count("auth(") == 2
    )  # and a hint


def test_names():
    assert merge(tree, net).__name__ == "merge_tree_net"
    assert merge(*[tree] * 7).__name__ == "merge_tree_tree_tree_4_more"
    assert merge(tree, name="all_of_it").graph.main.name == "all_of_it"
    assert repr(merge(tree.bind(1), linear.bind(rows=2))) == "merge(tree.bind(1), linear.bind(rows=2))"
    assert tangentflow.merge is merge


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_bind_checks_at_once():
    with pytest.raises(TypeError, match=r"tree\(\) takes from 0 to 1 positional arguments but 2 were given"):
        tree.bind(1, 2)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'row'"):
        tree.bind(row=1)
    assert tree.bind(3)() == tree(3)


def test_parts_that_are_none():
    with pytest.raises(TypeError, match=r"prepared\.bind\("):
        merge(programs.prepared)
    with pytest.raises(TypeError, match=r"not `workflow\(arguments\)`"):
        merge(tree(1))
    with pytest.raises(TypeError, match="at least one"):
        merge()
    with pytest.raises(ValueError, match="a Python name"):
        merge(tree, name="a b")
    with pytest.raises(TypeError, match="0 positional arguments but 1"):
        merge(tree, linear).run(3)


def test_options_must_agree():
    own = workflow(image="python:3.12")(linear.function)
    with pytest.raises(ValueError, match=r"image \(tree: None, linear: 'python:3.12'\); give all of them the same"):
        merge(tree, own)
    assert merge(own, own).option("image") == "python:3.12"
    short = workflow(timeout=5, parallelism=1, max_iterations=3, name="x")(linear.function)
    with pytest.raises(ValueError, match="parallelism"):
        merge(short, linear)
    assert shared(short, linear) == ("auth", "data")
    assert merge(short, short).option("timeout") == 5 and merge(short, short).option("name") is None


def test_paths_cannot_be_bound(tmp_path):
    @workflow
    def reads(file):
        return release(file)

    with pytest.raises(UsageError, match=r"the argument 'file' of .*reads\.bind\(.* holds a path"):
        _ = merge(reads.bind([tmp_path])).graph
    text = merge(reads.bind(str(tmp_path)))
    assert text.options(executor="inline", progress=False).run().result() == text()


def test_offences_are_those_of_the_parts():
    @workflow
    def refused(x):
        global steps
        steps = f(x)

    with pytest.raises(LanguageError) as caught:
        _ = merge(tree, refused.bind(1), refused.bind(2)).graph
    assert [o.lineno for o in caught.value.offences] == sorted({o.lineno for o in caught.value.offences})
    assert caught.value.filename == __file__
