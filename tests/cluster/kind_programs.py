"""Programs with steps whose work is a container, with locks, and with several runs to a pod."""

import time
from pathlib import Path

from tangentflow import CommandFailed, StepKilled, StepTimeout, container, shell, step, workflow

IMAGE = "busybox:1.35"
HOSTILE = "{{workflow.uid}} {{=1+1}} {{{{ }} $(A) $$(A) $$ ${A} $(id) '\"\\ \n\t\x01\x7f é \u2028 \U000e0041 <&>"


@step
def double(x):
    return 2 * x


@workflow
def known(text):
    return container(IMAGE, ["printf", "%s|", HOSTILE, "", " "], env={"A": HOSTILE}), container(
        IMAGE, ["sh", "-c", 'printf %s "$A"; ls -a'], env={"A": HOSTILE}
    )


@workflow
def of_the_run(text):
    words = [word for word in ("%s|", text, text[::-1])]
    shown = container(IMAGE, ["sh", "-c", 'printf %s "$A"'], env={"A": text, "B": double(2)})
    return shown, container(shown[:0] + IMAGE, [shown[:0] + "printf", *words])


@workflow
def in_a_loop(n):
    out = []
    for i in range(n):
        out.append(container(IMAGE, ["sh", "-c", f"echo {double(i)}; echo"]))
    return out


@workflow
def fails(code):
    return container(IMAGE, ["sh", "-c", f"echo before; echo why >&2; exit {code}"])


@workflow
def caught(code):
    found = []
    for i in range(2):
        try:
            found.append(container(IMAGE, ["sh", "-c", f"echo before; exit {code * i}"]))
        except CommandFailed as error:
            found.append(error.args)
    return found


@workflow
def unchecked(code):
    text = container(IMAGE, ["sh", "-c", f"echo out; exit {code}"], check=False)
    return text, text.returncode


@workflow
def no_such_program():
    return container(IMAGE, ["no-such-program"])


@workflow
def arguments_raise(n):
    try:
        text = container(IMAGE, ["echo", str(10 // n)])
    except ZeroDivisionError as error:
        text = str(error)
    return text


again = container.options(retries=2, backoff="1s", on=(CommandFailed, StepKilled))
unless_lost = container.options(retries=2, on=StepKilled)
short = container.options(timeout=10)
short_again = container.options(timeout=10, retries=1)
long_again = container.options(timeout="10m", retries=1, on=(CommandFailed,))
marked = container.options(
    name="pull", cpu=0.1, memory="64Mi", labels={"team": "a"}, annotations={"why": "because"}, max_concurrent=1,
    volumes={"/tmp": "tmp:1Mi"}, argo={"container": {"imagePullPolicy": "IfNotPresent"}},
)  # fmt: skip


@workflow
def tried_in_vain(code):
    return again(IMAGE, ["sh", "-c", f"echo said; exit {code}"])


@workflow
def tried_and_caught(code):
    found = []
    for i in range(2):
        try:
            found.append(again(IMAGE, ["sh", "-c", f"echo {i}; exit {code * i}"]))
        except CommandFailed as error:
            found.append(error.args)
    return found


@workflow
def not_tried_again(code):
    return unless_lost(IMAGE, ["sh", "-c", f"exit {code}"])


@workflow
def unchecked_is_no_failure(code):
    text = again(IMAGE, ["sh", "-c", f"echo out; exit {code}"], check=False)
    return text, text.returncode


@workflow
def late_is_caught(seconds):
    try:
        text = short(IMAGE, ["sleep", str(seconds)])
    except TimeoutError as error:
        text = [type(error).__name__, *error.args]
    return text


@workflow
def late_again(seconds):
    return short_again(IMAGE, ["sh", "-c", f"echo said; sleep {seconds}"])


@workflow
def failed_in_time(code):
    """A command that ends by itself with the status of one that is stopped."""
    try:
        text = long_again(IMAGE, ["sh", "-c", f"echo said; exit {code}"])
    except (CommandFailed, StepTimeout) as error:
        text = [type(error).__name__, error.args]
    return text


@workflow
def with_marks(n):
    return [marked(IMAGE, ["sh", "-c", f"test -w /tmp && echo {i}"]) for i in range(n)]


@workflow
def scripts(code):
    try:
        text = shell.options(retries=1)(f"echo said; exit {code}")
    except CommandFailed as error:
        text = error.args
    return text


@step
def tool(text):
    path = Path("tool.sh")
    path.write_text(f"#!/bin/sh\necho {text} $1\n")
    path.chmod(0o755)
    return path


@step
def read(folder):
    return sorted((path.name, path.read_text()) for path in folder.iterdir())


@workflow
def with_files(text):
    name = "a b.txt"
    command = "cat 'a b.txt' d/x; ./tool 1 | tee out; mkdir made; echo 1 > made/x; : > empty; ls"
    files = {name: text, "d/x": b"x\n", "tool": tool("t")}
    left = container(IMAGE, ["sh", "-c", command], files=files, out={"out": str, "made": Path, "empty": bytes})
    return left["out"], read(left["made"]), left["empty"]


@workflow
def lacks_an_output(n):
    return container(IMAGE, ["sh", "-c", f"echo {n} > a"], out={"a": str, "b": str})


@workflow
def large(size):
    return len(container(IMAGE, ["sh", "-c", f"head -c {size} /dev/zero; printf '\\377'"]))


def now_and_then(x):
    began = time.time()
    time.sleep(4)
    return x, began, time.time()


@step(max_concurrent=2)
def pair(x):
    return now_and_then(x)


@step(max_concurrent=1, retries=1)
def tried(x):
    return now_and_then(x)


@workflow
def sub(i):
    return pair(i)


@workflow
def locked(n):
    return [pair(i) for i in range(n)] + [sub(i + n) for i in range(n)], [tried(i) for i in range(2)]


@step(chunk=3)
def packed(x):
    if x == 5:
        raise ValueError(x)
    return x * x


@step(chunk=2, retries=2)
def in_vain(x):
    if x == 1:
        raise OSError(x)
    return x


@workflow
def chunks(xs):
    return [packed(x) for x in xs]


@workflow
def tried_chunks(n):
    return [in_vain(i) for i in range(n)]
