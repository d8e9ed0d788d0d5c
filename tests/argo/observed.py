"""Programs whose runs are observed from end to end: their values, exceptions, documents and pods."""

from tangentflow import step, workflow


@step
def whalesay(message):
    print(message)


@step
def flip(tails, count):
    return "tails" if count < tails else "heads"


@step
def count_up(n):
    return n + 1


@step
def listed(n):
    return list(range(n))


@step
def double(x):
    return 2 * x


@step
def fragile(x):
    if x == 2:
        raise ValueError("item", x)
    return x


@step
def echo(x):
    return x


@step
def shout(x):
    raise RuntimeError(x)


@workflow
def greet():
    for message in ["hello world", "goodbye world"]:
        whalesay(message)


@workflow
def coin(tails):
    count = 0
    while flip(tails, count) == "tails":
        count += 1
    return count


@workflow
def mapped(n):
    return [double(x) for x in listed(n)]


@workflow
def arms(n):
    if double(n) > 4:
        size = echo("large")
    else:
        size = echo("small")
    return echo(size)


@workflow
def part(x):
    return double(echo(x))


@workflow
def twice(x):
    return part(x), part(x + 1)


@workflow
def early(n):
    if double(n) > 4:
        return "early"
    return echo(n)


@workflow
def failing():
    out = []
    for x in [1, 2, 3]:
        out.append(fragile(x))
    return out


@workflow
def hostile(text, constant="{{workflow.name}} {{=1+1}}"):
    return echo(text), echo("{{x}} '\"\n\\ \U0001f40b"), echo(constant), {text: echo([text])}


@workflow
def hostile_error(text):
    return shout(text)


@workflow
def side_by_side():
    a = echo(1)
    b = echo(2)
    return a, b


@step(chunk=2)
def said(x):
    print("said", x)
    return x


@workflow
def said_in_chunks(n):
    return [said(i) for i in range(n)]
