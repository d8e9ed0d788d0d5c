"""Changes in place through what a pattern captured, and patterns that no rule lowers."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.patterns import Box
from tests.corpus.steps import f, make


@workflow
def changes_captured_whole(n):
    match make(n):
        case [*_] as xs:
            ys = xs
            xs.append(1)  # error: TF202 @13-25
    return ys


@workflow
def changes_captured_part(n):
    d = {"k": [f(n)]}
    match d:
        case {"k": v}:
            v.append(1)  # error: TF203 @13-24
    return d


@workflow
def changes_subject_of_part(n):
    d = {"k": [f(n)]}
    match d:
        case {"k": v}:
            d["k"].append(1)  # error: TF203 @13-29
            return d, v
    return d


@workflow
def changes_subject_of_alias(n):
    xs = [f(n)]
    match xs:
        case ys:
            xs.append(1)  # error: TF202 @13-25
    return xs, ys


@workflow
def changes_subject_of_class_pattern(n):
    xs = [f(n)]
    match xs:
        case list(ys):
            xs.append(1)  # error: TF202 @13-25
            return xs, ys
    return xs


@workflow
def changes_first_not_rest(n):
    xs = [[f(n)], 2]
    match xs:
        case [a, *rest]:
            rest.append(a)
            a.append(1)  # error: TF203 @13-24
    return xs, rest


@workflow
def changes_element_of_rest(n):
    xs = [[f(n)], [2]]
    match xs:
        case [_, *rest]:
            rest[0].append(5)  # error: TF203 @13-30
    return xs, rest


@workflow
def changes_attribute_of_captured(n):
    b = Box(make(n))
    match b:
        case Box(items=i):
            i.append(1)  # error: TF203 @13-24
        case Box() as c:
            c.items = []  # error: TF202 @13-20
    return b


@workflow
def changes_part_under_two_names(n):
    match [make(n), make(n)]:
        case [a, b] as c:
            c[0].append(3)  # error: TF203 @13-27
            return a, b, c
    return n


@workflow
def adds_to_captured(n):
    t = (make(n), 1)
    match t:
        case [_, b]:
            b += 1  # error: TF202 @13-14
    return t, b


@workflow
def changes_in_guard(n):
    xs = make(n)
    match xs:
        case [_] if xs.append(3):  # error: TF202 @21-33
            pass
        case [_, b]:
            return f(b)
    return xs


@workflow
def changes_in_inner_function(n):
    def last(s):
        match s:
            case [_, *r]:
                r.append(9)
                return r
            case q:
                q.append(1)  # error: TF201 @17-28
        return s

    return last([f(n)])


@workflow
def reads_captured_late(n):
    read = None
    match make(n):
        case [a]:
            read = lambda: a  # noqa: E731
            a = 5
    return f(n), read and read()  # error: TF205 @18-22, TF205 @27-31


@workflow
def changes_what_a_loop_goes_through(n):
    xs = [1, 2, n]
    for x in xs:
        match f(x):
            case 3:
                xs.append(x)  # error: TF204 @17-29
    return xs


@workflow
def subject_is_an_iterator(n):
    match iter([n]):  # error: TF120 @11-20
        case x:
            return list(x)


@workflow
def subject_holds_an_iterator(n):
    match f(n), map(str, [n]):  # error: TF120 @17-30
        case x, y:
            return x, list(y)


@workflow
def step_as_class(n):
    match f(n):
        case f():  # error: TF111 @14-15
            return 1
    return n


@workflow
def name_of_the_compiler(n):
    match make(n):
        case [_tf_x]:  # error: TF113 @15-20
            return 1
        case [*_tf_y]:  # error: TF113 @15-21
            return 2
        case {**_tf_z}:  # error: TF113 @14-23
            return 3
    return n


@workflow
def step_in_lambda_of_guard(n):
    match f(n):
        case x if (lambda y: f(y))(x):  # error: TF304 @19-38, TF133 @30-34
            return 1
    return n


@workflow
def offences_in_arms(n):
    match open(str(n)):  # error: TF301 @11-23
        case "a":
            yield 1  # error: TF104 @13-20
        case b if b is n:  # error: TF110 @19-25
            global f  # error: TF106 @13-21
            return [f(b)]


@workflow
def fine_with_new_containers(n):
    match make(n):
        case [a, *rest]:
            rest.append(a)
            return rest
        case {"a": _, **rest}:
            rest["b"] = f(1)
            return rest
    return n


@workflow
def fine_with_numbers(n):
    match make(n):
        case [int(a), str() | None as b, *_]:
            a += 1
            b += "x"
            return a, b
    return n
