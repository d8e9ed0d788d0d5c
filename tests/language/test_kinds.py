from __future__ import annotations

import builtins
import collections
import copy
import datetime
import functools
import heapq
import itertools
import json
import logging
import math
import operator
import os
import pathlib
import random
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
import warnings
from pathlib import Path

import gast
import pytest

from tangentflow.language.kinds import MISSING, Kinds, mutates
from tests.language import kinds_helpers as h

NAMES = {
    **{k: v for k, v in vars(builtins).items()},
    **{k: v for k, v in vars(h).items() if not k.startswith("__")},
    **dict(
        collections=collections, copy=copy, datetime=datetime, functools=functools, heapq=heapq, itertools=itertools, json=json,
        logging=logging, math=math, operator=operator, os=os, pathlib=pathlib, random=random, re=re, secrets=secrets,
        shutil=shutil, statistics=statistics, subprocess=subprocess, sys=sys, time=time, urllib=urllib, uuid=uuid,
        warnings=warnings, Path=Path, LoggerAdapter=logging.LoggerAdapter(h.logger, {}),
    ),
}  # fmt: skip


def resolve(node):
    if isinstance(node, gast.Name):
        return NAMES.get(node.id, MISSING)
    if isinstance(node, gast.Attribute):
        owner = resolve(node.value)
        return MISSING if owner is MISSING else getattr(owner, node.attr, MISSING)
    return MISSING


KINDS = Kinds(resolve, lambda obj: obj is h.step_double)


def parse(text):
    return gast.parse(text, mode="eval").body


def verdict(text):
    return KINDS.call(parse(text))


PURE = """
len(xs) ; sorted(xs) ; sorted(xs, key=lambda x: -x) ; sum(xs) ; max(a, b) ; abs(x) ; range(3) ; enumerate(xs) ; zip(a, b) ; list() ; dict(a=1)
str(x) ; isinstance(x, Path) ; all(xs) ; divmod(a, b) ; map(mean, xss) ; filter(None, xs) ; sorted(xs, key=len) ; sorted(xs, key=mean)
x.upper() ; ", ".join(xs) ; d.get(k) ; d.items() ; xs.index(1) ; xs.copy() ; s.union(t) ; f"{x}".strip() ; "a-b".split("-") ; x.replace("a", "b")
math.sqrt(x) ; statistics.mean(xs) ; operator.add(a, b) ; operator.itemgetter(1) ; functools.reduce(operator.add, xs) ; functools.partial(mean, xs)
itertools.chain(a, b) ; itertools.chain.from_iterable(xs) ; itertools.repeat(x, 3) ; itertools.product(a, b) ; json.dumps(x) ; json.loads(x)
re.sub("a", "b", x) ; re.compile("a") ; datetime.datetime(2020, 1, 1) ; datetime.timedelta(days=1) ; datetime.datetime.fromisoformat(x)
collections.Counter(xs) ; collections.defaultdict(list) ; collections.deque(xs) ; copy.deepcopy(x) ; dict.fromkeys(xs) ; str.join(",", xs)
Path("a") ; Path("a").with_suffix(".b") ; ROOT.joinpath("a") ; pathlib.PurePath("a") ; os.path.join(a, b) ; os.path.basename(a) ; urllib.parse.quote(x)
uuid.uuid5(a, b) ; uuid.UUID(x) ; ValueError("x") ; KeyError(k) ; Bad(3) ; Point(1, 2) ; Pair(1, 2) ; Colour(1) ; Checked(1)
subprocess.CalledProcessError(1, "x") ; json.JSONDecodeError("m", "d", 0)
mean(xs) ; normalise(xs) ; factorial(n) ; even(n) ; odd(n) ; group(rows) ; evens(n) ; fill_fresh(x) ; add_number(1, 2) ; add_two(1) ; cached(1)
local_import(x) ; awkward(1) ; inner_functions(xs) ; origin.norm() ; xs.append(1) ; next(x for x in xs) ; next(iter(xs)) ; "a".replace("a", "b")
(lambda x: x + 1)(2) ; first_even(xs) ; first_free(xs) ; leaves(1) ; memoised(3) ; heap_sort(xs) ; countdown(3) ; logging.getLogger("a") ; datetime.date(2020, 1, 1).isoformat()
"""
OPAQUE = """
unknown(x) ; identity(x) ; heapq.heappop(h) ; model.predict(x) ; rng.random() ; random.Random(0) ; apply(mean, xs) ; Plain(1)
add_unknown(x, y) ; object() ; say_and_return(1) ; sorted(xs, key=f) ; map(f, xs) ; xs[0].go() ; f(x)(y)
"""
IMPURE = """
time.time() ; time.sleep(1) ; random.random() ; random.shuffle(xs) ; random.choice(xs) ; uuid.uuid4() ; secrets.token_hex() ; os.getenv("A")
datetime.datetime.now() ; datetime.date.today() ; datetime.datetime.utcnow() ; os.environ.get("A") ; os.getpid() ; os.getcwd()
stamp() ; stamped(1) ; even_loud(2) ; odd_loud(2) ; local_import_impure() ; Ticket() ; sorted(xs, key=lambda x: random.random())
map(stamped, xs) ; random.Random() ; os.urandom(3)
"""
MESSAGE = """
print(x) ; logging.info("x") ; logging.getLogger("a").info("x") ; logger.warning("x") ; log.error("x") ; self.logger.debug("x")
warnings.warn("x") ; say(x) ; log_it(x) ; LoggerAdapter.info("x")
"""
OUTSIDE = """
open("a") ; os.makedirs("a") ; os.listdir(".") ; os.path.exists("a") ; Path("a").read_text() ; ROOT.read_text() ; p.write_text("a") ; p.exists()
(Path("a") / "b").mkdir() ; shutil.copy(a, b) ; subprocess.run(["ls"]) ; urllib.request.urlopen("a") ; input() ; load("a") ; load_all(xs)
FromFile("a") ; map(load, xs) ; [x for x in xs if load(x)].index(1) ; p.replace(q) ; json.load(f) ; df.to_csv("a") ; Path.cwd() ; list(map(lambda p: open(p), xs))
"""
REFUSED = """
exec("1") ; eval("1") ; compile("1") ; locals() ; globals() ; vars() ; super() ; id(x) ; __import__("a") ; setattr(x, "a", 1) ; delattr(x, "a")
iter(f, 3) ; itertools.count() ; itertools.cycle(xs) ; itertools.repeat(x) ; next(it) ; next(it, None) ; it.__next__() ; sys.exit(1)
uses_step(1) ; maps_step(xs) ; sorted(xs, key=step_double) ; later(1) ; fill(xs, 1) ; fill_other(xs, 1) ; set_item(d) ; add_more(xs) ; through_alias(xs)
set_name(x, 1) ; heap_of_argument(xs) ; remember(1) ; count_up() ; CACHE.update(a=1) ; CACHE["a"].append(1) ; RNG.random() ; origin.move() ; stamps(3) ; exits("1") ; type("A", (), {})
os.environ.update(a="1") ; breakpoint()
"""


def each(text):
    return [pytest.param(e.strip(), id=e.strip()) for e in text.replace("\n", ";").split(";") if e.strip()]


@pytest.mark.parametrize("text", each(PURE))
def test_pure(text):
    assert verdict(text).kind == "pure", verdict(text)


@pytest.mark.parametrize("text", each(OPAQUE))
def test_opaque(text):
    assert verdict(text).kind == "opaque", verdict(text)
    assert verdict(text).why


@pytest.mark.parametrize("text", each(IMPURE))
def test_impure(text):
    # a generator without a seed is as impure as its module; what is opaque at most is evaluated once as well
    assert verdict(text).kind == "impure", verdict(text)
    assert verdict(text).why


@pytest.mark.parametrize("text", each(MESSAGE))
def test_message(text):
    assert verdict(text).kind == "message", verdict(text)


@pytest.mark.parametrize("text", each(OUTSIDE))
def test_outside(text):
    found = KINDS.within(parse(text))
    assert found.kind == "outside", found
    assert found.code == "TF301" and found.why and "@step" in found.instead


@pytest.mark.parametrize("text", each(REFUSED))
def test_refused(text):
    found = verdict(text)
    assert found.kind == "refused", found
    assert found.code.startswith("TF3") and found.why and found.instead


def test_a_helper_is_named_with_the_line_that_defines_it():
    found = verdict("load_all(xs)")
    assert "kinds_helpers.py:" in found.why and "`load`" in found.why and "`open`" in found.why


def test_a_helper_that_calls_a_step_wants_to_be_a_workflow():
    assert "@workflow" in verdict("uses_step(1)").instead
    assert "step_double" in verdict("uses_step(1)").why


def test_mutual_recursion_is_judged_the_same_from_either_end():
    for first in ("even_loud(1)", "odd_loud(1)"):
        kinds = Kinds(resolve, lambda obj: False)
        assert kinds.call(parse(first)).kind == "impure"
        assert kinds.call(parse("even_loud(1)")).kind == kinds.call(parse("odd_loud(1)")).kind == "impure"


def test_reading_the_environment_is_impure():
    assert KINDS.read(parse("os.environ")).kind == "impure"
    assert KINDS.within(parse("os.environ['A'] + x")).kind == "impure"
    assert KINDS.read(parse("os.sep")).kind == "pure"


def test_types_of_names_decide_about_methods():
    kinds = Kinds(resolve, lambda obj: False, {"p": Path, "s": str}.get)
    assert kinds.call(parse("p.rename(q)")).kind == "outside"
    assert kinds.call(parse("p.with_name('a')")).kind == "pure"
    assert kinds.call(parse("(p / 'a').resolve()")).kind == "outside"
    assert kinds.call(parse("s.upper()")).kind == "pure"


def test_parameters_of_a_lambda_hide_globals():
    assert KINDS.within(parse("sorted(xs, key=lambda time: time.upper())")).kind == "pure"
    assert KINDS.within(parse("[open.upper() for open in xs]")).kind == "pure"


@pytest.mark.parametrize(
    "text, method",
    [
        ("xs.append(1)", "append"),
        ("d[k].append(1)", "append"),
        ("o.a.b.add(1)", "add"),
        ("d.setdefault(k, []).append(1)", "append"),
        ("d.pop(k)", "pop"),
        ("CACHE.update(x)", None),
        ("xs.index(1)", None),
        ("[].append(1)", None),
        ("append(1)", None),
        ("f(x).append(1)", None),
    ],
)
def test_mutates(text, method):
    assert mutates(parse(text), resolve) == method


TOTAL = """
1 ; x ; (x, y) ; [x, [y, 'a']] ; {'a': x} ; {1, 2} ; x is None ; x is not y ; not (x is None) ; not [] ; x if y is None else 1 ; []
x is None or y is None ; x is None and y ; list() ; {} ; len ; f'a' ; None
"""
PARTIAL = "z ; x + 1 ; x.a ; x[0] ; not x ; x == y ; {x: 1} ; {x} ; [*x] ; {**x} ; f(x) ; x if y else 1 ; x and y ; f'{x}' ; list(x) ; len(x) ; z is None"


@pytest.mark.parametrize("text", each(TOTAL))
def test_total(text):
    assert KINDS.total(parse(text), {"x", "y"})


@pytest.mark.parametrize("text", each(PARTIAL))
def test_not_total(text):
    assert not KINDS.total(parse(text), {"x", "y"})
