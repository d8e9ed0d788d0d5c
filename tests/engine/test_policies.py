"""Options of `@step`: what is refused at decoration, and what a local run makes of them."""

from __future__ import annotations

import os
import pickle
import time

import pytest

from tangentflow import StepTimeout, step, workflow
from tangentflow.checks import STEP_OPTIONS
from tangentflow.errors import UsageError
from tangentflow.runtime.policies import duration, seconds
from tests.engine import policy_steps as steps

EXECUTORS = ("inline", "thread", "process")

GOOD = {
    "retries": [0, 3],
    "backoff": ["0.2s", "1m", "1h30m", 2, 0.5, 0],
    "on": [OSError, (OSError, ValueError), (KeyboardInterrupt,)],
    "timeout": [1, 0.5, "10s", "7d", "250ms"],
    "cache": [True, False, "12h", 60],
    "pure": [True, False],
    "ordered": [True, False],
    "check": [True, False],
    "name": ["fit"],
    "image": ["python:3.11-slim"],
    "executor": ["process", "thread", "inline", "slurm"],
    "chunk": [1, 10],
    "max_concurrent": [1, 2],
    "cpu": [1, 0.5, "500m", "2", "1.5"],
    "memory": [1 << 30, "512Mi", "2G", "128974848"],
    "gpu": [0, 1],
    "env": [{}, {"A": "x", "B": 1, "C": 0.5, "D": ""}],
    "secrets": [{"TOKEN": "my-secret/token"}],
    "volumes": [{"/data": "my-claim"}, {"/data": "my-claim:ro"}, {"/tmp": "tmp:0.5Gi"}, {"/data/x y": "tmp.x"}],
    "labels": [{"team": "ml", "example.com/part": "a.b_c-1"}, {"empty": ""}],
    "annotations": [{"note": "any text: at all"}],
    "node_selector": [{"kubernetes.io/arch": "arm64"}],
    "tolerations": [[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}], []],
    "service_account": ["runner"],
    "argo": [
        {"activeDeadlineSeconds": 3, "metadata": {"labels": {"a": "1"}}},
        {
            "affinity": {"podAffinity": {"x": [1, None, True, "{{workflow.name}}"]}},
            "script": {"imagePullPolicy": "Always"},
        },
    ],
}
WRONG_TYPE = {
    "retries": ["3", 1.0, True, None],
    "backoff": [None, True, (1,)],
    "on": ["OSError", [OSError], (OSError, "x"), 3, OSError(), int],
    "timeout": [None, False, [1]],
    "cache": [None, []],
    "pure": [1, "yes", None],
    "ordered": [0],
    "check": ["no"],
    "name": [3, None],
    "image": [None, 3],
    "executor": [3, None],
    "chunk": ["10", 2.5],
    "max_concurrent": [None, "2"],
    "cpu": [None, True, []],
    "memory": [None, {}],
    "gpu": ["1", True],
    "env": [["A"], "A=x", {1: "x"}, {"A": True}, {"A": None}],
    "secrets": [["TOKEN"], {"TOKEN": 3}],
    "volumes": ["/data", {"/data": 3}],
    "labels": [["a"], {"a": 3}],
    "annotations": [{"a": 3}, "a"],
    "node_selector": ["a=b"],
    "tolerations": ["gpu", {"key": "gpu"}, ["gpu"]],
    "service_account": [None],
    "argo": ["x: 1", [], {"affinity": 0.5}, {"affinity": {1: "x"}}, {"affinity": {"x": "\ud800"}}],
}
WRONG_VALUE = {
    "retries": [-1],
    "backoff": ["2", "2 s", "-1s", -1, "soon", float("inf"), ""],
    "on": [()],
    "timeout": [0, "0s", -1, "1.s", float("nan")],
    "cache": ["for ever", 0],
    "name": ["", " "],
    "image": ["", " python", "{{x}}", "-x"],
    "executor": ["proces", "slow"],
    "chunk": [0],
    "max_concurrent": [0],
    "cpu": [0, -1, "half", "0.5m"],
    "memory": ["2GB", "-1", 0],
    "gpu": [-1],
    "env": [
        {"": "x"},
        {"A=B": "x"},
        {"PYTHONHASHSEED": "1"},
        {"A": "\0"},
        {"A": "\ud800"},
        {"1A": "x"},
        {"A B": "x"},
        {"{{x}}": "x"},
        {"ARGO_TEMPLATE": "x"},
        {"TANGENTFLOW_POD_ROOT": "/"},
        {"A": "x" * 70_000},
    ],
    "secrets": [{"TOKEN": "token"}, {"TOKEN": "a/b/c"}, {"TOKEN": "{{a}}/b"}, {"TOKEN": "A/b"}, {"A B": "a/b"}],
    "volumes": [
        {"data": "my-claim"},
        {"/data": "My Claim"},
        {"/": "a"},
        {"/tf/in": "a"},
        {"/var/run": "a"},
        {"/a/../tf": "a"},
        {"/a/": "a"},
        {"/a": "tmp"},
        {"/a": "tmp:"},
        {"/a": "tmp:1GB"},
        {"/a": "tmp:1Gi:ro"},
        {"/a": "tmp:1Gi:rwx"},
        {"/{{x}}": "a"},
    ],
    "labels": [
        {"team": "a b"},
        {"team": "x" * 64},
        {"": "x"},
        {"{{x}}/a": "x"},
        {"workflows.argoproj.io/completed": "true"},
        {"A_/a": "x"},
    ],
    "annotations": [{"a": "{{x}}"}, {"a": "b {{"}, {"{{a}}": "b"}, {"tangentflow.dev/source": "x"}, {"a": "\ud800"}],
    "node_selector": [{"a": "/"}],
    "tolerations": [[{"colour": "red"}], [{"key": "{{x}}"}], [{"operator": "exists"}], [{"tolerationSeconds": -1}]],
    "service_account": ["", "Runner", "{{x}}"],
    "argo": [
        {"retryStrategy": {}},
        {"inputs": {}},
        {"name": "x"},
        {"script": {"env": []}},
        {"script": {"source": ""}},
        {"memoize": {}},
        {"metadata": {"name": "x"}},
        {"metadata": {"labels": {"workflows.argoproj.io/completed": "true"}}},
        {"dag": {}},
    ],
}


def cases(table):
    return [
        pytest.param(option, value, id=f"{option}={value!r}") for option, values in table.items() for value in values
    ]


def decorate(option, value):
    more = {"retries": 1} if option in ("backoff", "on") else {}

    @step(**{option: value}, **more)
    def fit(x):
        return x

    return fit


def test_every_option_is_tried():
    assert set(GOOD) == set(WRONG_TYPE) == set(STEP_OPTIONS)


@pytest.mark.parametrize(("option", "value"), cases(GOOD))
def test_good_options(option, value):
    assert decorate(option, value)(3) == 3
    assert pickle.loads(pickle.dumps(steps.flaky)).policy == steps.flaky.policy


@pytest.mark.parametrize(("option", "value"), cases(WRONG_TYPE))
def test_wrong_types(option, value):
    with pytest.raises(TypeError) as caught:
        decorate(option, value)
    assert f"@step({option}=" in str(caught.value) and "fit" in str(caught.value) and "must be" in str(caught.value)


@pytest.mark.parametrize(("option", "value"), cases(WRONG_VALUE))
def test_wrong_values(option, value):
    with pytest.raises(ValueError) as caught:
        decorate(option, value)
    assert f"@step({option}=" in str(caught.value) and "fit" in str(caught.value) and "must be" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("retry", "retries"),
        ("time_out", "timeout"),
        ("cached", "cache"),
        ("max_concurrency", "max_concurrent"),
        ("mem", "memory"),
    ],
)
def test_an_unknown_option_names_the_nearest(given, near):
    with pytest.raises(TypeError, match=rf"'{given}'.*did you mean '{near}'"):
        step(**{given: 1})(lambda x: x)
    with pytest.raises(TypeError, match="'max_iteration'.*did you mean 'max_iterations'"):
        workflow(max_iteration=3)(steps.colours.function)
    with pytest.raises(TypeError, match="'worker'.*did you mean 'workers'"):
        steps.colours.options(worker=3)


@pytest.mark.parametrize(
    "options",
    [
        {"backoff": "1s"},
        {"on": OSError},
        {"cache": True, "pure": False},
        {"env": {"A": "x"}, "executor": "thread"},
        {"env": {"A": "x", "B": 1}, "secrets": {"B": "b/b"}},
    ],
    ids=str,
)
def test_options_that_contradict_each_other(options):
    with pytest.raises(ValueError, match="@step"):
        step(**options)(lambda x: x)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.2s", 0.2), ("2s", 2), ("1m", 60), ("1h30m", 5400), ("250ms", 0.25), ("7d", 604800), (3, 3.0)],
)
def test_durations(text, expected):
    assert seconds(text) == pytest.approx(expected)
    assert seconds(duration(seconds(text))) == pytest.approx(expected)


# --- what cannot be kept is refused or said


def test_what_this_machine_cannot_keep_is_refused(tmp_path, monkeypatch):
    def run(executor="thread", **options):
        @step(**options)
        def fit(x):
            return x

        @workflow
        def wf(x):
            return fit(x)

        return wf.options(executor=executor).run(1)

    with pytest.raises(UsageError, match="'fit' has env=.*'thread'"):
        run(env={"A": "x"})
    with (
        monkeypatch.context() as elsewhere,
        pytest.raises(UsageError, match="'fit' is to run as a job of Slurm.*sbatch, srun"),
    ):
        elsewhere.setenv("PATH", str(tmp_path))
        run_slurm()
    with pytest.raises(UsageError, match="secret db/token.*set the environment variable TF_TOKEN"):
        run(secrets={"TF_TOKEN": "db/token"})
    monkeypatch.setenv("TF_TOKEN", "x")
    assert run(secrets={"TF_TOKEN": "db/token"}).result() == 1
    with pytest.raises(UsageError, match="volume my-claim at /no/such/place"):
        run(volumes={"/no/such/place": "my-claim"})
    assert run(volumes={str(tmp_path): "my-claim"}).result() == 1


def run_slurm():
    @step(executor="slurm")
    def fit(x):
        return x

    @workflow
    def wf(x):
        return fit(x)

    return wf.run(1)


def test_what_means_nothing_here_is_said():
    @step(cpu=2, image="python:3.11")
    def fit(x):
        return x

    @step(cpu=1)
    def score(x):
        return x

    @workflow
    def wf(x):
        return score(fit(x))

    run = wf.options(executor="inline").run(1)
    assert run.result() == 1
    assert sorted(run.notes) == [
        "cpu= of fit, score has no effect on this machine", "image= of fit has no effect on this machine",
    ]  # fmt: skip


# --- attempts


@pytest.mark.parametrize("executor", EXECUTORS)
def test_retries(executor, tmp_path):
    path = str(tmp_path / "notes")
    run = steps.flaky_wf.options(executor=executor).run(path, 3)
    assert run.result() == 3 and run.steps[0].attempts == 3 and run.steps[0].status == "Succeeded"
    run = steps.flaky_wf.options(executor=executor).run(path, 100)
    assert len(steps.notes(path)) == 3 + 4
    assert run.error.args == ("not yet", 7) and type(run.error) is OSError
    assert (run.steps[0].attempts, run.steps[0].status) == (4, "Failed")


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(
    ("error", "attempts"), [(OSError("x"), 4), (FileNotFoundError("x"), 4), (ValueError("x"), 1)], ids=repr
)
def test_only_listed_exceptions_are_tried_again(executor, error, attempts, tmp_path):
    path = str(tmp_path / "notes")
    run = steps.picky_wf.options(executor=executor).run(path, error)
    assert type(run.error) is type(error) and run.steps[0].attempts == attempts == len(steps.notes(path))


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_backoff_doubles(executor, tmp_path):
    path = str(tmp_path / "notes")
    assert type(steps.patient_wf.options(executor=executor).run(path).error) is ValueError
    times = [float(text) for text in steps.notes(path)]
    pauses = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(pauses) == 3
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4)))
    assert pauses[2] < 0.4 + 2


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
def test_nobody_waits_for_what_has_run_ahead_of_an_exception(executor):
    began = time.monotonic()
    run = steps.ahead_of_an_exception.options(executor=executor, workers=2).run(1)
    assert run.result() == "nothing" and time.monotonic() - began < 15
    assert [(step.name, step.status, step.attempts) for step in run.steps] == [
        ("fails_at_once", "Failed", 1),
        ("fails_for_long", "Failed", 1),
        ("tell", "Succeeded", 1),
    ]
    assert isinstance(run.steps[1].error, OSError)


def test_other_steps_go_on_while_one_waits_to_be_tried_again(tmp_path):
    path = str(tmp_path / "notes")

    @step(retries=1, backoff=1.0)
    def fail_once(path):
        steps.note(path, "x")
        if len(steps.notes(path)) < 2:
            raise OSError
        return time.time()

    @step
    def now(x):
        return time.time()

    @workflow
    def wf(path):
        a = fail_once(path)
        b = now(now(0))
        return a, b

    late, early = wf.options(executor="inline").run(path).result()
    assert early < late


# --- timeouts


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_timeout_in_time(executor):
    steps.colours.run()  # starts workers
    started = time.monotonic()
    run = steps.slow_wf.options(executor=executor, workers=2).run(30)
    assert time.monotonic() - started < 6
    assert isinstance(run.error, StepTimeout) and isinstance(run.error, TimeoutError)
    assert run.error.path == "slow" and "1s" in str(run.error)
    assert steps.slow_wf.options(executor=executor).run(0.01).result()[0] == 0.01


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_timeout_can_be_caught(executor):
    assert steps.slow_caught.options(executor=executor).run(30).result() == "late"


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def eventually(condition, within=5.0):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_a_timeout_stops_the_step_and_its_children(tmp_path):
    path = str(tmp_path / "notes")
    run = steps.slow_with_child_wf.options(executor="process").run(path)
    assert isinstance(run.error, StepTimeout)
    pids = [int(pid) for pid in steps.notes(path)[0].split()]
    assert len(pids) == 3 and all(eventually(lambda: gone(pid)) for pid in pids)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_timeout_is_tried_again(executor, tmp_path):
    run = steps.slow_at_first_wf.options(executor=executor).run(str(tmp_path / "notes"))
    assert run.result() == 3 and run.steps[0].attempts == 3


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_a_timeout_is_not_tried_again_if_others_are_named(executor, tmp_path):
    run = steps.slow_not_named_wf.options(executor=executor).run(str(tmp_path / "notes"))
    assert isinstance(run.error, StepTimeout) and run.steps[0].attempts == 1


# --- where and how many


def test_environment_of_processes(monkeypatch):
    monkeypatch.delenv("TF_COLOUR", raising=False)
    assert steps.colours.options(workers=2).run().result() == (("red", "3"), ("blue", None), None)
    monkeypatch.setenv("TF_COLOUR", "green")
    assert steps.colours.options(workers=2).run().result() == (("red", "3"), ("blue", None), "green")


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_max_concurrent(executor, tmp_path):
    path = str(tmp_path / "notes")
    assert steps.busy_wf.options(executor=executor, workers=6).run(path, 7).result() == list(range(7))
    most = level = 0
    for text in steps.notes(path):
        level += 1 if text == "+" else -1
        most = max(most, level)
    assert most == 2


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_a_place_that_is_not_taken_goes_to_the_next(executor):
    """A call that is found in the cache leaves its place to those that wait behind it."""
    run = steps.doubled_wf.options(executor=executor, store=False).run([1, 2, 1, 1, 2, 3])
    assert run.result() == [2, 4, 2, 2, 4, 6]
    assert [step.cached for step in run.steps] == [False, False, True, True, True, False]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_says_where_it_runs(executor):
    here = os.getpid()
    thread, process, line, default = steps.everywhere.options(executor=executor).run().result()
    assert thread == line == here != process
    assert (default == here) is (executor != "process")
