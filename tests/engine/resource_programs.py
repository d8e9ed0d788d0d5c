"""Workflows that make objects of a cluster."""

from tangentflow import StepFailed, resource, step, workflow

HOSTILE = "{{workflow.uid}} {{=1+1}} {{{{ }} $(A) $$ ${A} $(id) '\"\\ \n\t\x01\x7f é \u2028 \U000e0041 <&>"


@step
def double(x):
    return 2 * x


@step
def names(live):
    return type(live).__name__, live["kind"], sorted(live.metadata)


def job(command, **labels):
    container = {"name": "c", "image": "busybox:1.35", "command": ["sh", "-c", command]}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "job-", "labels": labels},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }  # fmt: skip


@workflow
def known():
    live = resource(job(HOSTILE), success="status.succeeded > 0", failure="status.failed > 0")
    return live.status.succeeded, live.spec.template.spec.containers[0].command[-1], names(live)


@workflow
def of_the_run(texts):
    found = []
    for text in texts:
        live = resource(job(f"{text}{double(1)}"), success="status.succeeded > 0, status.succeeded != 7")
        found.append(live.spec["template"].spec.containers[0]["command"][2])
    return found


@workflow
def fails(code):
    try:
        resource(job(f"exit {code}"), success="status.succeeded > 0", failure="status.failed in (1, 2)")
        told = "done"
    except StepFailed as error:
        told = [type(error).__name__, *error.args]
    return told


@workflow
def at_once():
    live = resource("{apiVersion: v1, kind: ConfigMap, metadata: {name: cm}, data: {a: '{{x}} $(A) $$'}}")
    return live.data.a, live.metadata.name


@workflow
def refused(kind):
    return resource({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}})


@workflow
def branches(x):
    if double(x) > 2:
        return resource(job("exit 0"), success="status.succeeded > 0").status.succeeded
    return 0


@workflow
def sub(x):
    return resource(job(str(x)), success="status.succeeded > 0").kind


@workflow
def nested(n):
    return [sub(i) for i in range(n)]


@workflow
def condition_of_the_run(n):
    return resource(job("exit 0"), success=f"status.succeeded > {double(n)}").status.succeeded


@workflow
def wrong(manifest, success):
    try:
        told = resource(manifest, success=success)
    except (TypeError, ValueError) as error:
        told = f"{type(error).__name__}: {error}"
    return told


@workflow
def missing():
    live = resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm"}})
    try:
        told = live.data.a
    except AttributeError as error:
        told = str(error)
    return told
