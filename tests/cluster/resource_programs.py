"""Programs that make objects of a cluster."""

from tangentflow import StepFailed, resource, step, workflow


@step
def double(x):
    return 2 * x


@step
def kept(live):
    return type(live).__name__, live["kind"], live.spec.backoffLimit, len(live.metadata.uid)


def job(name, command, word=""):
    container = {
        "name": "c",
        "image": "busybox:1.35",
        "command": ["sh", "-c", command],
        "env": [{"name": "WORD", "value": word}],
    }
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": f"{name}-"},
        "spec": {"backoffLimit": 0, "ttlSecondsAfterFinished": 600, "template": template},
    }  # fmt: skip


@workflow
def known():
    word = "{{x}} $$(id) $$$$"  # Kubernetes reads it as {{x}} $(id) $$, here and there
    live = resource(
        job("known", f"test \"$WORD\" = '{word}'", word), success="status.succeeded > 0", failure="status.failed > 0"
    )
    return live.status.succeeded, live.metadata.name.startswith("known-"), kept(live)


@workflow
def of_the_run(xs):
    found = []
    for x in xs:
        live = resource(
            job("of-the-run", f'test "$WORD" = "{{{{ {double(x)}"', f"{{{{ {double(x)}"),
            success="status.succeeded > 0",
            failure="status.failed > 0",
        )
        found.append((live.status.succeeded, live.spec.template.spec.containers[0].command[2]))
    return found


@workflow
def fails(code):
    try:
        resource(job("fails", f"exit {code}"), success="status.succeeded > 0", failure="status.failed > 0")
        told = "done"
    except StepFailed as error:
        told = [type(error).__name__, str(error)]
    return told


made_again = resource.options(retries=1, labels={"team": "a"})
short_wait = resource.options(timeout=15)


@workflow
def fails_twice(code):
    try:
        live = made_again(job("twice", f"exit {code}"), success="status.succeeded > 0", failure="status.failed > 0")
        told = live.kind
    except StepFailed as error:
        told = [type(error).__name__, str(error)]
    return told


@workflow
def takes_too_long(seconds):
    try:
        told = short_wait(job("long", f"sleep {seconds}"), success="status.succeeded > 0").kind
    except TimeoutError as error:
        told = [type(error).__name__, str(error)]
    return told


TEXT = """
apiVersion: v1
kind: ConfigMap
metadata: {generateName: text-}
data:
  note: "a: {b} $HOME"
"""


@workflow
def of_a_text(note):
    one = resource(TEXT)
    two = resource("{apiVersion: v1, kind: ConfigMap, metadata: {generateName: text-}, data: {note: " + note + "}}")
    return one.data.note, two["data"]["note"], one.metadata.uid != two.metadata.uid


@workflow
def refused():
    return resource({"apiVersion": "v1", "kind": "NoSuchKind", "metadata": {"name": "x"}})
