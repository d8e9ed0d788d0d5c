"""Workflows that run commands."""

from pathlib import Path

from tangentflow import CommandFailed, StepTimeout, container, shell, step, workflow

HOSTILE = "{{workflow.uid}} $(id) '\"\\ \n\t é"


@step
def double(x):
    return 2 * x


@workflow
def in_a_loop(n):
    out = []
    for i in range(n):
        out.append(shell("echo $A $B; echo", env={"A": "x y", "B": double(i)}))
    return out


@workflow
def fails(code):
    return shell(f"echo before; echo why >&2; exit {code}")


@workflow
def caught(code):
    try:
        text = shell(f"echo before; echo why >&2; exit {code}")
    except CommandFailed as error:
        text = [error.returncode, error.output, error.stderr, str(error)]
    return text


@workflow
def unchecked(code):
    text = shell(f"echo out; exit {code}", check=False)
    if text.returncode:
        return text, text.returncode
    return text


@workflow
def files(text):
    return shell("cat 'a b.txt'; cat d/x; ls", files={"a b.txt": text, "d/x": b"\xff\n"}, env={"LC_ALL": "C"})


@workflow
def outputs():
    found = shell("printf abc > a; mkdir d; echo 1 > d/x; echo nothing", out={"a": str, "d": Path, "d/x": bytes})
    return found["a"], found["d/x"], read(found["d"])


@step
def read(folder):
    return sorted((path.name, path.read_text()) for path in folder.iterdir())


@step(timeout=2)
def sleepy(folder):
    assert sorted(folder.iterdir())
    return shell("echo 1 > x; sleep 60", out={"x": Path})


@workflow
def stopped():
    found = shell("mkdir d; echo 1 > d/x", out={"d": Path})
    try:
        sleepy(found["d"])
    except StepTimeout:
        return "stopped"


@workflow
def missing():
    return shell("true", out={"a": str})


@workflow
def outside(name):
    return shell("true", files={name: ""})


@workflow
def in_an_image(n):
    return [container("alpine:3", ["echo", f"hello {i}"], env={"A": HOSTILE}) for i in range(n)]
