"""Programs with steps whose work is a container, with locks, and with several runs to a pod."""

import time

from tangentflow import CommandFailed, container, step, workflow

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
