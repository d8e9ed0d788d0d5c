"""Programs whose steps say how their pods are made."""

import os
from pathlib import Path

from tangentflow import step, workflow

REFUSED = frozenset({"calls_whole"})
"""Workflows of which there are no documents."""

HOSTILE = {
    "TF_TAG": "{{workflow.name}} {{= 1 + 1 }} {{{{x}}}} {{{",
    "TF_LONE": "{{ never closed",
    "TF_CLOSED": "}} {} } }",
    "TF_DOLLAR": "$(TF_LONE) $$ $TF_LONE ${TF_LONE} $$(TF_LONE) $",
    "TF_BOTH": "{$(TANGENTFLOW_BRACE){$",
    "TF_TEXT": " two\nlines\t'\"\\ é \U0001f40b \x07 # : ",
    "TF_NUMBER": 0.5,
    "TF_EMPTY": "",
    "TF-ODD.NAME": "x",
}


@step(env=HOSTILE)
def seen(names):
    return {name: os.environ.get(name) for name in names}


@workflow
def hostile(names):
    return seen(names)


@step(env={"TF_A": "1"}, secrets={"TF_B": "db/token"})
def with_secret(x):
    return x + int(os.environ["TF_A"]), os.environ["TF_B"]


@step
def plain(x):
    return x, os.environ.get("TF_A"), os.environ.get("TF_B")


@workflow
def secretive(n):
    a, b = with_secret(n)
    if a > 3:
        return plain(b)
    return [with_secret(i) for i in range(a)]


@step(image="python:3.12-slim")
def elsewhere(x):
    return x + 1


@workflow
def apart(n):
    """No glue runs in the pods of the first two."""
    a, _ = with_secret(n)
    if a > 2:
        n = elsewhere(a)
        if n > 4:
            plain(n)
    b = plain(n)
    return plain(b[0] + 1)


@step(cpu=0.25, memory=1 << 29, gpu=2, node_selector={"disk": "ssd"}, service_account="runner", labels={"team": "ml"},
      annotations={"note": "$(X) any text: {x}"}, name="the trainer",
      tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 60}])  # fmt: skip
def train(x):
    return x * 2


@step(cpu="500m", memory="1.5Gi", argo={
    "priorityClassName": "high", "metadata": {"labels": {"a": "b"}},
    "script": {"imagePullPolicy": "Always", "resources": {"limits": {"amd.com/gpu": 1}, "requests": {"cpu": "100m"}}},
})  # fmt: skip
def score(x):
    return x + 1


@workflow
def sized(n):
    return score(train(n))


DATA = os.environ.setdefault("TF_TEST_VOLUME", f"/tmp/tangentflow-test-volume-{os.getpid()}")


@step(volumes={f"{DATA}/a": "my-claim", f"{DATA}/b": "my-claim:ro", f"{DATA}/c": "tmp:1Gi", f"{DATA}/d": "tmp:2Gi"})
def keep(text):
    Path(f"{DATA}/a/text").write_text(text)
    return len(text)


@step
def kept(n):
    return n, Path(f"{DATA}/a/text").read_text()


@workflow(volumes={f"{DATA}/a": "tmp:5Gi", f"{DATA}/b": "other:ro", f"{DATA}/e": "tmp:1Gi:rwx"})
def storing(text):
    return kept(keep(text))


@workflow(volumes={f"{DATA}/a": "inner"}, image="python:3.10-slim", service_account="inner-runner")
def inner(n):
    if n:
        return kept(n)
    return elsewhere(n)


@workflow(
    volumes={f"{DATA}/a": "tmp:5Gi", f"{DATA}/b": "outer"}, name="the outer one", service_account="outer-runner",
    node_selector={"zone": "a"}, tolerations=[{"operator": "Exists"}], labels={"team": "ml"}, annotations={"note": "x: y"},
    argo={"priority": 5, "podSpecPatch": "{}"},
)  # fmt: skip
def outer(n):
    return inner(n), kept(n)


@workflow(volumes={f"{DATA}/a": "tmp:1Gi"}, argo={"priority": 1}, labels={"a": "b"})
def whole():
    return plain(1)


@workflow
def calls_whole():
    return whole()


@step(memory="200Mi")
def greedy(n):
    return len(bytearray(n * 1024 * 1024))


@workflow
def limited(n):
    try:
        return greedy(n)
    except Exception as error:
        return type(error).__name__
