"""`match`: patterns, captures, guards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tangentflow import workflow
from tests.corpus.library import Account, bump
from tests.corpus.steps import (  # fmt: skip
    add,
    divide,
    e,
    f,
    fail_if,
    g,
    half,
    ident,
    make,
    none,
    odd,
    pair,
    size,
    table,
)


class Level(Enum):
    LOW = 1
    HIGH = 2


class Limits:
    SMALL = 1
    LARGE = 5


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Box:
    items: list
    label: str = ""


class Picky:
    """Compares with nothing but small numbers, and says so."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        if not isinstance(other, int) or other > 3:
            raise ZeroDivisionError("picky about", other)
        return self.value == other

    __hash__ = None


@workflow
def literals(n):
    match n:
        case 0:
            a = "none"
        case 1 | 2:
            a = "few"
        case -1 | 1.5 | "x" | b"y" | 1 + 2j:
            a = "odd"
        case _:
            a = "many"
    return a


@workflow
def steps_in_arms(n):
    match n:
        case 0:
            a = f(10)
        case 1:
            a = g(11)
            e(a)
        case _:
            a = half(n)
    return g(a)


@workflow
def step_as_subject(n):
    match f(n):
        case 1:
            return g(1)
        case 2 | 3:
            return "two or three"
    return half(n)


@workflow
def subject_is_evaluated_once(n):
    match bump(n), f(n):
        case 2, x:
            return x
        case y, 2:
            return y
        case y, x:
            return add(x, y)


@workflow
def nothing_matches(n):
    a = 5
    match f(n):
        case 2:
            a = f(20)
        case 7:
            a = f(70)
    return g(a)


@workflow
def captures_in_loop(xs):
    out = []
    for x in xs:
        match pair(x):
            case a, 11:
                out.append(f(a))
            case a, b:
                out.append(g(a, b))
    return out


@workflow
def capture_keeps_old_value(n):
    a, k0 = "old", "kept"
    match table(n):
        case {"k1": a}:
            pass
        case {"k0": k0}:
            e(k0)
    return a, k0


@workflow
def capture_is_unbound(n):
    match table(n):
        case {"k1": a}:
            e(a)
    return f(a)


@workflow
def mapping_with_rest(n):
    match table(n):
        case {"k0": 0, "k1": one, **rest}:
            return one, size(rest), rest
        case {**everything}:
            return everything
    return None


@workflow
def mapping_patterns(n):
    match {"kind": "circle" if n else "square", "size": f(n), 3: None}:
        case {"kind": "square", "size": a, 3: None}:
            return g(a)
        case {"kind": kind, "other": _}:
            return kind
        case {"kind": str() as kind, "size": int(a)}:
            return kind, half(a)


@workflow
def sequences(xs):
    match ident(xs):
        case []:
            return "empty"
        case [x]:
            return f(x)
        case [1, *rest]:
            return g(size(rest))
        case [first, *_, last]:
            return add(first, last)


@workflow
def star_is_a_new_list(xs):
    match ident(xs):
        case [first, *rest]:
            rest.append(first)
            rest += [first]
            return rest, f(first)
    return []


@workflow
def rest_is_a_new_dict(n):
    match table(n):
        case {"k0": first, **rest}:
            rest["first"] = first
            return rest, f(first)
    return {}


@workflow
def nested_patterns(n):
    match [pair(n), {"a": make(n)}, Point(n, f(n))]:
        case [(0, x), *_]:
            return x
        case [(a, b), {"a": [_, last]}, Point(x=2, y=y)]:
            return add(a, b), f(last), y
        case [_, {"a": [*items]}, Point(x, y)]:
            return size(items), add(x, y)


@workflow
def class_patterns(n):
    match Point(n, f(n)):
        case Point(0):
            return "origin"
        case Point(x=1, y=y):
            return g(y)
        case Point(x, y) if odd(x):
            return add(x, y)
        case Point() as p:
            return p.x, half(p.y)


@workflow
def class_with_too_many(n):
    match Account(f(n)):
        case Account(1, 2):
            return 1
        case Account(value=v):
            return g(v)


@workflow
def class_is_no_class(n):
    k = f(n)
    match k:
        case k(1):
            return 1
    return g(n)


@workflow
def builtin_classes(n):
    out = []
    for value in [n, str(n), [f(n)], {"a": n}, (n, n), None, 1.5, True]:
        match value:
            case bool(b):
                out.append(("bool", b))
            case int(i) | float(i):
                out.append(("number", f(i)))
            case str(s):
                out.append(("text", s))
            case list(items):
                out.append(("list", size(items)))
            case dict() as d:
                out.append(("dict", size(d)))
            case (a, b):
                out.append(("pair", add(a, b)))
            case None:
                out.append(("none", none()))
    return out


@workflow
def value_patterns(n):
    match f(n):
        case Limits.SMALL:
            return g(1)
        case Limits.LARGE | Level.LOW:
            return g(2)
    match Level(1 + n % 2):
        case Level.LOW:
            return f(10)
        case Level.HIGH:
            return f(20)


@workflow
def value_pattern_of_local(n):
    limits = Point(f(n), 2)
    match n + 1:
        case limits.x:
            return g(1)
        case limits.y:
            return g(2)
    return g(3)


@workflow
def value_pattern_raises(n):
    limits = Point(f(n), 2)
    match n:
        case 0:
            return g(0)
        case limits.z:
            return g(1)
    return g(2)


@workflow
def comparison_raises(n):
    match Picky(f(n)):
        case 1:
            return g(1)
        case 2:
            return g(2)
        case 5:
            return g(3)


@workflow
def guards(n):
    match f(n):
        case 1 if n > 5:
            return "never"
        case x if odd(x):
            return g(x)
        case x if x > 5:
            return x
        case _ if none():
            return "no"
        case x:
            return half(x)


@workflow
def guard_with_steps_and_captures(n):
    match pair(n):
        case a, b if add(a, b) > 13:
            r = f(a)
        case a, b if odd(a) and odd(b):
            r = f(b)
        case a, 10:
            r = g(a)
        case _:
            r = g(n, 1)
    return r, a, b


@workflow
def failed_guard_leaves_captures(n):
    a = b = "before"
    match pair(n):
        case a, 10 if odd(a):
            e(1)
        case 1, b if fail_if(b, 11):
            e(2)
        case [5, c]:
            e(c)
    return a, b


@workflow
def guard_raises(n):
    match pair(n):
        case a, b if divide(b, a) > 9:
            return f(a)
        case a, b if 1 // (a - 2):
            return f(b)
    return g(n)


@workflow
def guard_binds(n):
    match pair(n):
        case a, b if (c := f(a)) > 1 and (b := c):
            return g(a, b), c
        case a, b:
            return g(a, b), c


@workflow
def guard_binds_subject(n):
    x = f(n)
    match x:
        case 1 if (x := 5) == 4:
            return 1
        case 2 if (x := g(x)) > 10:
            return 2
        case 1 | 2:
            return x
        case y:
            return x, y


@workflow
def capture_named_as_subject(n):
    x = pair(n)
    match x:
        case x, 10:
            return f(x)
        case x, y if odd(y):
            return g(x, y)
        case x:
            return size(x), x


@workflow
def or_pattern_captures(n):
    match make(n):
        case [x] | [_, x] | [x, _, _, _, _]:
            return f(x)
        case [] as x:
            return size(x)


@workflow
def as_patterns(n):
    match [n, pair(n)]:
        case [0 | 1 as a, (_, 10 | 11 as b) as c]:
            return add(a, b), size(c)
        case [a, [*b] as c] as d:
            return f(a), size(b), size(c), size(d)


@workflow
def irrefutable(n):
    match f(n):
        case x:
            y = g(x)
    match n:
        case _:
            y += half(y)
    match n:
        case 0 | _:
            e(y)
    match [n]:
        case ([z] | z) as w:
            return x, y, z, w


@workflow
def effects_in_arms(xs):
    for x in xs:
        match x:
            case 1:
                e("one", x)
            case 3 | 4 if odd(x):
                e("odd", x)
            case y:
                e("other", y)
    e("done")


@workflow
def jumps_from_arms(xs):
    out = []
    for x in xs:
        match f(x):
            case 2:
                continue
            case 5:
                break
            case 4:
                return "four"
            case y:
                out.append(g(y))
    else:
        out.append("all")
    return out


@workflow
def jumps_by_arguments(xs, k):
    out = []
    for x in xs:
        match x, k:
            case 5, 0:
                break
            case _, 1:
                continue
            case 4, _:
                raise ValueError("four", x)
        out.append(f(x))
    else:
        e("no break")
    return out


@workflow
def while_with_match(n):
    seen = []
    while True:
        match n:
            case 0:
                break
            case 1:
                n = n - 1
            case m if odd(m):
                n = half(n)
            case m:
                seen.append(m)
                n = add(n, -1)
    return seen, n


@workflow
def carried_through_match(xs):
    state = ("start", 0)
    for x in xs:
        match state:
            case "start", _:
                state = ("run", f(x))
            case "run", y if y > 4:
                state = ("stop", y)
            case "run", y:
                state = ("run", add(x, y))
            case _:
                break
    return state


@workflow
def fold_in_match(xs):
    total, best = 0, None
    for x in xs:
        match f(x), best:
            case y, None:
                best = y
            case y, z if y > z:
                best = y
            case y, _:
                pass
        total += y
    return total, best


@workflow
def assigned_in_every_arm(xs):
    out = []
    for x in xs:
        match pair(x):
            case 1, a if odd(a):
                b = a
            case a, _:
                b = f(a)
        out.append(g(b))
    return out


@workflow
def match_in_match(n):
    match pair(n):
        case 0, a:
            match f(a):
                case 11:
                    r = g(a)
                case _:
                    r = 0
        case a, b:
            match a:
                case 1:
                    match half(b):
                        case c:
                            r = f(c)
                case _:
                    r = b
    return r


@workflow
def messages_in_arms(n):
    match make(n):
        case []:
            print("empty")
        case [x]:
            print("one", f(x))
        case [x, *rest]:
            print("more", x, rest)
            if rest:
                print(size(rest))


@workflow
def without_steps(n):
    match n:
        case 0:
            r = []
        case 1:
            r = [0]
        case k:
            r = []
            for i in range(k):
                match i % 3:
                    case 0:
                        continue
                    case 1 if i > 3:
                        break
                    case j:
                        r.append(j)
    return r


@workflow
def in_inner_function(n):
    def area(shape):
        match shape:
            case {"r": r}:
                return 3 * r * r
            case {"w": w, "h": h, **rest} if not rest:
                return w * h
            case [a, *_]:
                return a

    return f(area({"r": n})), f(area({"w": n, "h": 2})), area([n]), area({"w": n, "h": 2, "x": 0})


def classify(value):
    match value:
        case [x, *rest]:
            rest.append(x)
            return rest
        case {"k": v}:
            return v
    return None


@workflow
def in_helper(xs):
    return size(classify(xs) or []), f(classify({"k": 1}))


@workflow
def subject_may_change_later(n):
    xs = [f(n), n]
    match xs:
        case [a, 0]:
            xs.append(a)
        case [a, b]:
            xs.append(b)
    return xs, g(a)


@workflow
def subject_is_unbound(n):
    if n:
        x = f(n)
    match x:
        case _:
            return g(1)


@workflow
def subject_is_walrus(n):
    match x := f(n):
        case 1:
            return x
        case y if y == x:
            return g(x, y)


@workflow
def subject_without_steps(n):
    match "a b c".split()[: n + 1]:
        case [a]:
            return f(len(a))
        case [a, b]:
            return f(len(a + b))
        case other:
            return size(other)


@workflow
def subject_raises(n):
    match 1 // n:
        case 1:
            return f(1)
        case x:
            return g(x)


@workflow
def arm_raises(n):
    match f(n):
        case 1:
            raise ValueError("one")
        case 2 as x:
            assert x == 3, f"not {x}"
        case x:
            return 1 // (x - 3)


@workflow
def comprehension_after_match(xs):
    match ident(xs):
        case [a, *rest] if odd(a):
            scale = a
        case [_, *rest]:
            scale = 2
        case rest:
            scale = 0
    return [g(x, scale) for x in rest]


@workflow
def match_decides_effects(n):
    e("before")
    match f(n):
        case 1:
            e("one")
        case 2 as x if half(x):
            e("two")
    e("after")
    return n


@workflow
def box_of_items(n):
    match Box(make(n), "b"):
        case Box(items=[], label=label):
            return label
        case Box([x, *_], label):
            return label, f(x)


@workflow
def names_of_the_compiler(n):
    matched, captured, subject = 1, 2, 3
    match f(n), matched:
        case x, 1 if odd(x):
            return x, matched, captured, subject
        case captured, subject:
            return g(captured, subject), matched


@workflow
def captured_whole_and_changed(n):
    match make(n):
        case xs:
            xs.append(1)
            z = size(xs)
            xs.append(2)
            return f(z), size(xs), xs


@workflow
def captured_list_and_changed(n):
    match make(n):
        case [*_] as xs:
            xs.append(1)
            z = size(xs)
            xs.append(2)
            return f(z), size(xs), xs


@workflow
def try_in_match(n):
    match f(n):
        case 1:
            try:
                r = fail_if(n, 0)
            except ValueError:
                r = "caught"
            finally:
                e("final")
        case x:
            r = x
    return r


@workflow
def match_in_try(n):
    try:
        match pair(n):
            case a, b if fail_if(b, 11):
                r = f(a)
            case a, _:
                r = 1 // 0
    except ZeroDivisionError:
        r = "zero"
    except ValueError as error:
        match error.args:
            case "bad", k:
                r = k
            case other:
                r = other
    else:
        e("else")
    return r, a


@workflow
def match_in_finally(xs):
    out = []
    for x in xs:
        try:
            y = fail_if(x, 4)
        except ValueError:
            continue
        finally:
            match x:
                case 5:
                    out.append("five")
                case k if odd(k):
                    out.append(k)
        match y:
            case 1:
                break
            case z:
                out.append(z)
    else:
        out.append("end")
    return out


@workflow
def raise_in_match_in_handler(xs):
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, 4))
        except ValueError as error:
            match error.args[1]:
                case 3:
                    pass
                case 4 if f(x) > 100:
                    raise
                case _:
                    raise KeyError(x) from error
    return out


@workflow
def failing_pattern_in_try(n):
    a = "old"
    try:
        match Picky(f(n)):
            case 2 as a:
                r = 1
            case 5 as a:
                r = 2
            case _:
                r = 3
    except ZeroDivisionError as error:
        r = error.args[0]
    return r, str(type(a))
