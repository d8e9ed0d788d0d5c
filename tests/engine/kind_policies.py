"""Workflows whose commands, containers and objects have options. Commands count their attempts in a file, which all ways to run them share."""

from tangentflow import (
    CommandFailed,
    StepFailed,
    StepKilled,
    StepTimeout,
    container,
    resource,
    shell,
    step,
    suspend,
    workflow,
)
from tests.engine.resource_programs import job

fetch = container.options(retries=2, on=(CommandFailed,))
patient = container.options(retries=2)
lost_only = container.options(retries=2, on=StepKilled)
late_again = container.options(timeout=1, retries=1, on=TimeoutError)
short = container.options(timeout=1)
short_or_failed = container.options(timeout=1, retries=2, on=CommandFailed)
ask = shell.options(retries=2, backoff="10ms", on=CommandFailed)
short_shell = shell.options(timeout=1)
again = resource.options(retries=2)
short_wait = resource.options(timeout=1)
marked = container.options(
    name="pull", cpu=0.5, memory="64Mi", gpu=1, labels={"team": "a"}, annotations={"why": "x"}, node_selector={"disk": "ssd"},
    tolerations=[{"key": "gpu", "operator": "Exists"}], service_account="puller", max_concurrent=2,
    argo={"container": {"imagePullPolicy": "Always"}, "priorityClassName": "low"},
)  # fmt: skip
makes = resource.options(labels={"team": "a"}, service_account="maker", node_selector={"disk": "ssd"}, max_concurrent=1)
furnished = container.options(volumes={"/tmp": "claim:ro"}, secrets={"TOKEN": "db/token"})
first = suspend.options(name="ask", ordered=True)


def counting(log, good, code=3):
    """A command that fails until it has run so often."""
    return ["sh", "-c", f"echo x >> {log}; echo tried; [ $(wc -l < {log}) -ge {good} ] || exit {code}"]


@step
def length(text):
    return len(text)


@workflow
def tried(log, good):
    return length(fetch("alpine:3", counting(log, good)))


@workflow
def tried_directly(log, good):
    return container.options(retries=2, on=(CommandFailed,))("alpine:3", counting(log, good))


@workflow
def caught(log):
    try:
        text = patient("alpine:3", counting(log, 9))
    except CommandFailed as error:
        text = [error.returncode, error.output]
    return text


@workflow
def not_listed(log):
    return lost_only("alpine:3", counting(log, 9))


@workflow
def unchecked(log):
    text = patient("alpine:3", counting(log, 9), check=False)
    return text, text.returncode


@workflow
def in_a_loop(log, n):
    found = []
    for i in range(n):
        found.append(fetch("alpine:3", counting(f"{log}{i}", i + 1)))
    return found


@workflow
def late(seconds):
    try:
        text = short("alpine:3", ["sleep", str(seconds)])
    except TimeoutError as error:
        text = [type(error).__name__, *error.args]
    return text


@workflow
def late_after_a_failure(log):
    """The second attempt takes too long: nothing of the first one is taken for what it wrote."""
    command = f"echo x >> {log}; echo tried; [ $(wc -l < {log}) -ge 2 ] || exit 3; sleep 60"
    try:
        text = short_or_failed("alpine:3", ["sh", "-c", command])
    except StepTimeout as error:
        text = error.args
    return text


@workflow
def late_twice(log):
    try:
        text = late_again("alpine:3", ["sh", "-c", f"echo x >> {log}; sleep 60"])
    except TimeoutError as error:
        text = error.args
    return text


@workflow
def exits_as_killed(code):
    """A command that ends with the status of one that was killed, in time."""
    try:
        text = short("alpine:3", ["sh", "-c", f"echo said; exit {code}"])
    except CommandFailed as error:
        text = [error.returncode, error.output]
    return text


@workflow
def with_files(log, text):
    found = fetch("alpine:3", ["sh", "-c", f"echo x >> {log}; cat a; [ $(wc -l < {log}) -ge 2 ]"], files={"a": text})
    return found


@workflow
def leaves(log):
    command = f"echo x >> {log}; echo 1 > a; [ $(wc -l < {log}) -ge 2 ]"
    return fetch("alpine:3", ["sh", "-c", command], out={"a": str})["a"]


@workflow
def scripts(log, good):
    return ask(" ".join(counting(log, good)[2:]))


@workflow
def late_script(seconds):
    try:
        text = short_shell(f"sleep {seconds} & sleep {seconds}")
    except StepTimeout as error:
        text = error.args
    return text


@workflow
def objects(code):
    try:
        told = again(job(f"exit {code}"), success="status.succeeded > 0", failure="status.failed > 0").kind
    except StepFailed as error:
        told = error.args
    return told


@workflow
def late_object(name):
    try:
        told = short_wait(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}, success="status.ready"
        ).kind
    except StepTimeout as error:
        told = error.args
    return told


@workflow
def with_marks(n):
    return [marked("alpine:3", ["echo", str(i)]) for i in range(n)]


@workflow
def with_marked_objects(n):
    return [makes(job(str(i)), success="status.succeeded > 0").kind for i in range(n)]


@workflow
def both(x):
    """A step and another one made of it."""
    container("alpine:3", ["echo", "1"])
    return marked("alpine:3", ["echo", str(x)])


@workflow
def waits(go):
    return first("Go?", timeout="1ms", go=go)


@workflow
def unknown_check(log, check):
    return patient("alpine:3", counting(log, 9), check=check)


@workflow
def may_leave_nothing(log):
    return patient("alpine:3", counting(log, 1), out={"a": str})


@workflow
def patched(x):
    return container.options(argo={"podSpecPatch": "{}"})("alpine:3", ["echo", str(x)])


@workflow(parallelism=1)
def bounded(x):
    return [patient("alpine:3", ["echo", "x"]) for _ in range(x)]


@workflow
def calls_bounded(x):
    return bounded(x)


@workflow
def with_secrets(folder, variables):
    """Directories and variables of this machine, in a container that otherwise has none of them."""
    try:
        text = furnished("alpine:3", ["sh", "-c", f'cat {folder}/a; echo "$TOKEN$A"'], env=variables)
    except ValueError as error:
        text = str(error)
    return text


@workflow
def paused():
    return container.options(retries=3, backoff="2s")("alpine:3", ["true"])


@workflow
def plainly(x):
    return container("alpine:3", ["echo", str(x)])


@workflow
def politely(x):
    return container.options(retries=2, memory="1Gi")("alpine:3", ["echo", str(x)])


@workflow
def otherwise(x):
    return shell.options(retries=2, memory="1Gi")(f"echo {x}")
