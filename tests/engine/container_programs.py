"""Workflows that run commands in images."""

from tangentflow import CommandFailed, container, step, workflow

HOSTILE = "{{workflow.uid}} {{=1+1}} {{{{ }} $(A) $$(A) $$ ${A} $(id) '\"\\ \n\t\x01\x7f é \u2028 \U000e0041 <&>"


@step
def double(x):
    return 2 * x


@workflow
def one():
    return container("alpine:3", ["echo", "hi"])


@workflow
def own_program():
    return container("registry.example/team/tool:1.2@sha256:0")


@workflow
def words(text):
    """Words and variables that the document knows, and others that only the run knows."""
    known = container("alpine:3", ["printf", "%s|", HOSTILE, "", " "], env={"A": HOSTILE, "B": 1, "C": True})
    asked = container("alpine:3", ["sh", "-c", 'printf %s "$A$B$IMAGE"'], env={"A": text, "B": double(2)})
    return known, asked, container("alpine:3", [asked[:0] + "printf", *[w for w in ("%s|", text, text[::-1])]])


@workflow
def in_a_loop(n):
    out = []
    for i in range(n):
        out.append(container("alpine:3", ["sh", "-c", f"echo {double(i)}; echo"]))
    return out


@workflow
def until(n):
    text = "0"
    while len(text) < n:
        text = container("alpine:3", ["echo", text + text])
    return text


@workflow
def fails(code):
    return container("alpine:3", ["sh", "-c", f"echo before; echo why >&2; exit {code}"])


@workflow
def caught(code):
    try:
        text = container("alpine:3", ["sh", "-c", f"echo before; echo why >&2; exit {code}"])
    except CommandFailed as error:
        text = [error.returncode, error.cmd, error.output, error.stderr, error.args, str(error)]
    return text


@workflow
def unchecked(code):
    text = container("alpine:3", ["sh", "-c", f"echo out; exit {code}"], check=False)
    if text.returncode:
        return text, text.returncode
    return text


@workflow
def branches(x):
    if double(x) > 2:
        return container("alpine:3", ["echo", str(x)])
    container("alpine:3", ["true"])
    return None


@workflow
def nested(n):
    return [caught(i) for i in range(n)]


@workflow
def large(size):
    """More than the engine keeps of what a script writes, and not even text."""
    return len(container("alpine:3", ["sh", "-c", f"head -c {size} /dev/zero; printf '\\377'"]))


@workflow
def no_such_program(name):
    return container("alpine:3", [name])


@workflow
def arguments_raise(n):
    try:
        text = container("alpine:3", ["echo", str(10 // n)])
    except ZeroDivisionError as error:
        text = str(error)
    return text


@workflow
def wrong(image, command, env):
    try:
        text = container(image, command, env=env)
    except (TypeError, ValueError) as error:
        text = f"{type(error).__name__}: {error}"
    return text


@workflow
def no_command(image):
    return container(image)
