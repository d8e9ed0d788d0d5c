"""Helpers that tests/language/test_kinds.py asks about: what a call of each one is."""

from __future__ import annotations

import dataclasses
import enum
import functools
import heapq
import itertools
import json
import logging
import math
import random
import sys
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

CACHE = {}
RNG = random.Random(0)
ROOT = Path("data")
logger = logging.getLogger(__name__)


def step_double(x):
    return 2 * x


step_double.is_step = True


def mean(xs):
    total = 0
    for x in xs:
        total += x
    return total / len(xs)


def normalise(xs):
    m = mean(xs)
    out = []
    for x in xs:
        out.append(math.sqrt(abs(x - m)))
    return sorted(out, key=lambda x: -x)


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def even_loud(n):
    return n == 0 or odd_loud(n - 1)


def odd_loud(n):
    time.time()
    return n != 0 and even_loud(n - 1)


def group(rows):
    out = defaultdict(list)
    for k, v in rows:
        out[k].append(v)
    return dict(out)


def stamp():
    return time.time()


def stamped(x):
    return x, stamp()


def load(path):
    with open(path) as f:
        return json.load(f)


def load_all(paths):
    return [load(p) for p in paths]


def say(x):
    print(x)


def log_it(x):
    logger.info("x = %s", x)
    say(x)


def say_and_return(x):
    print(x)
    return x + 1


def fill(xs, x):
    xs.append(x)
    return xs


def fill_fresh(x):
    xs = []
    fill(xs, x)
    return xs


def fill_other(ys, x):
    return fill(ys, x)


def set_item(d):
    d["a"] = 1
    return d


def through_alias(xs):
    ys = xs
    ys.append(1)
    return ys


def add_more(xs):
    xs += [1]
    return xs


def add_unknown(x, y):
    x += y
    return x


def add_number(x: int, y):
    x += y
    return x


def remember(x):
    CACHE[x] = 1
    return x


def count_up():
    global COUNT
    COUNT = 1
    return COUNT


def uses_step(x):
    return step_double(x) + 1


def maps_step(xs):
    return list(map(step_double, xs))


async def later(x):
    return x


def evens(n):
    for i in range(n):
        if i % 2 == 0:
            yield i


def stamps(n):
    for _ in range(n):
        yield time.time()


def apply(f, x):
    return f(x)


def make_adder(n):
    def add(x):
        return x + n

    return add


add_two = make_adder(2)


@functools.lru_cache
def cached(n):
    return n + 1


def local_import(x):
    import math as m

    return m.floor(x)


def local_import_impure():
    from time import time as now

    return now()


def inner_functions(xs):
    def key(x):
        return -x

    return sorted(xs, key=key)


def exits(n):
    return eval(n)


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list)

    def norm(self):
        return math.hypot(self.x, self.y)

    def move(self):
        self.x += 1


@dataclasses.dataclass
class Ticket:
    id: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)


@dataclasses.dataclass
class Checked:
    x: int

    def __post_init__(self):
        self.y = self.x + 1
        if self.x < 0:
            raise ValueError(self.x)


class Pair(NamedTuple):
    a: int
    b: int


class Colour(enum.Enum):
    RED = 1


class Bad(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Plain:
    def __init__(self, x):
        self.x = x


class FromFile:
    def __init__(self, path):
        self.text = open(path).read()


class Awkward:
    __hash__ = None

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __call__(self, x):
        return x

    def __eq__(self, other):
        raise RuntimeError


awkward = Awkward()
origin = Point(0, 0)


def first_even(xs):
    it = iter(xs)
    x = next(it)
    while x % 2:
        x = next(it)
    return x


def first_free(taken):
    for i in itertools.count():
        if i not in taken:
            return i


def leaves(n):
    if n:
        sys.exit(n)
    return n


def identity(x):
    return id(x)


def set_name(x, value):
    setattr(x, "name", value)
    return x


def memoised(n):
    memo = {}

    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    memo[n] = fib(n)
    return memo


def heap_sort(xs):
    h = list(xs)
    heapq.heapify(h)
    out = []
    while h:
        out.append(heapq.heappop(h))
    return out


def heap_of_argument(h):
    return heapq.heappop(h)


def countdown(n):
    out = []
    while n > 0:
        out.append(n)
        n = n - 1
    return out
