"""Jumps on their way through `finally`, out of handlers, and what is bound on each way."""

from __future__ import annotations

from tangentflow import after, sequential, workflow
from tests.corpus.library import bump
from tests.corpus.steps import Known, add, e, f, fail, fail_if, g, h, half, odd, p

# ruff: noqa: B012  a `finally` that jumps is what is tried here

# --- a jump in a `finally`


@workflow
def finally_goes_on_to_the_next(xs):
    s, out = 0, []
    for x in xs:
        a = f(s)
        try:
            s = x
        finally:
            if x > 1:
                continue
        s = 0
        out.append(a)
    return out, f(s)


@workflow
def finally_gives_up_an_exception(xs):
    s, out = 0, []
    for x in xs:
        out.append(f(s))
        s = 7
        try:
            if x == 2:
                raise Known(1)
            s = x
        finally:
            if x > 1:
                continue
        s = 0
    return out


@workflow
def finally_ends_the_loop(xs):
    s = 0
    for x in xs:
        try:
            s = x
        finally:
            if x > 1:
                break
        s = 0
        f(x)
    return g(s)


@workflow
def last_statement_gives_up_an_exception(xs):
    s, out = 0, []
    for x in xs:
        try:
            s = 6 // x
            out.append(f(6 // x))
        finally:
            continue
    return f(s), out


@workflow
def last_statement_gives_up_a_raise(n, xs):
    for x in xs:
        try:
            if x == 1:
                raise Known(x)
            e(6 // x)
        finally:
            continue
    return f(n)


@workflow
def last_statement_gives_up_a_return(xs):
    s = None
    for x in xs:
        a = f(x)
        try:
            s = x
            return s, a
        finally:
            if x < 2:
                continue
    return s


@workflow
def two_that_go_on(xs):
    s = 0
    for x in xs:
        for y in (0, x):
            try:
                try:
                    s = 6 // y
                finally:
                    if y < 1:
                        continue
            finally:
                e(s)
                if x > 2:
                    break
        s += 1
    return s


# --- a handler that jumps, and the `finally` behind it


@workflow
def returned_by_a_handler(n):
    t = 5
    try:
        fail_if(n, 3)
    except Known:
        t = 7
        if n > 1:
            return n
        t = 1
    finally:
        if t > 6:
            raise KeyError(t)
    return t


@workflow
def raised_by_a_handler(xs):
    out = []
    for x in xs:
        t, s = 5, 0
        try:
            try:
                fail(x)
            except Known:
                t = 7
                if x > 1:
                    raise KeyError(1)
                t = x
            finally:
                s = t
        except KeyError:
            pass
        out.append(f(s))
    return out


@workflow
def raised_by_an_else(xs):
    out = []
    for x in xs:
        t, s = 5, 0
        try:
            try:
                f(x)
            except Known:
                t = 6
            else:
                t = 7
                if x > 1:
                    raise KeyError(1)
                t = x
            finally:
                s = t
        except KeyError:
            pass
        out.append(f(s))
    return out


@workflow
def returned_from_a_loop(xs):
    t = 5
    for x in sequential(xs):
        try:
            t = fail_if(x, 1)
        except Known:
            t = 7
            if len(xs) > 1:
                return x
            t = 1
        finally:
            e(t)
    return t


# --- names that a handler or a `finally` unbinds


@workflow
def next_item_after_a_handler(xs):
    """A handler unbinds its variable, by whatever way it is left."""
    u = 2
    for x in sequential(xs):
        try:
            fail_if(x, 1)
        except Known as u:
            continue
    return u


@workflow
def loop_left_by_a_handler(n, xs):
    u, out = n, []
    for x in xs:
        try:
            out.append(f(u))
            out.append(6 // x)
        except ZeroDivisionError as u:
            break
        except UnboundLocalError:
            out.append("unbound")
    try:
        return out, u
    except UnboundLocalError as error:
        return out, str(error)


@workflow
def next_item_of_a_while(n):
    u, x, out = n, 0, []
    while x < 3:
        x += 1
        try:
            out.append(add(u, x))
            if odd(x):
                raise Known(x)
        except Known as u:
            continue
        except UnboundLocalError:
            out.append(None)
    return out


@workflow
def unbound_by_a_finally(n):
    try:
        s = 6 - n
    finally:
        del s
    try:
        return f(s)
    except UnboundLocalError as error:
        return str(error)


@workflow
def maybe_unbound_by_a_finally(n, xs):
    out = []
    for x in xs:
        s = f(x)
        try:
            e(s)
        finally:
            if x > 1:
                del s
        try:
            out.append(s)
        except UnboundLocalError:
            out.append(n)
    return out


# --- exceptions in a `finally`


@workflow
def handler_of_what_a_finally_raises(n, m=2):
    b = m
    c = b
    try:
        try:
            c = n
        finally:
            fail(0)
    except Known:
        b = add(6, c)
    return b, c


@workflow
def every_iteration_returns(xs):
    out = []
    for x in xs:
        try:
            b = fail(x)
            out.append(b)
        finally:
            return (out,)
    return None


# --- loops that only a `break` ends


@workflow
def tried_again_by_hand(xs):
    """What the inner loop leaves was bound in it, so the outer one is a fan-out."""
    out = []
    for x in xs:
        k = 0
        while True:
            k += 1
            try:
                r = fail_if(x - k, 0)
                break
            except Known:
                if k > 2:
                    raise
        out.append(g(r))
    return out, r if xs else None


@workflow
def tried_again_until_it_works(xs):
    out = []
    for x in xs:
        k = 0
        while True:
            k += 1
            try:
                r = fail_if(x - k, 0)
            except Known:
                if k > 2:
                    raise
                continue
            else:
                break
            finally:
                e(k)
        out.append(g(r))
    return out


@workflow
def halved_until_small(xs):
    out = []
    for x in xs:
        while True:
            x = half(x)
            if x < 2:
                last = x
                break
        out.append(g(last))
    return out


@workflow
def left_with_what_an_earlier_one_left(xs):
    """One `break` binds `last`, the other leaves what the loop before it did: these run in order."""
    last, out = 0, []
    for x in xs:
        while True:
            x = half(x)
            if x > 3:
                break
            if x < 2:
                last = x
                break
        out.append(g(last))
    return out


@workflow
def glue_tells_of_a_branch_before_the_last_step(n):
    """Whether `odd` runs is known before `p` has: where neither `h` nor `odd` run, the iteration ends with `p`."""
    c = 0
    while c < 3:
        c = c + 1
        xs = [g(c, i) for i in range(-n % 4)]
        if n == 2:
            raise KeyError(len(xs))
        b = h(*xs)[0] if p(1) == 1 else -n
        if bump(12 // (n - 4)) == 3:
            if odd(b):
                pass


@workflow
def step_may_come_before_continue(n):
    """Whether the last step is reached is known before the test of the `if`: an iteration may end with the step in its arm."""
    while n:
        n = n - 1
        xs = [f(n)]
        if f(n + 1) and xs:
            if n:
                f(n + 2)
            continue
        else:
            f(n)
        g(n)


# --- a `break` on its way through a `finally` in which something else is caught


@workflow
def handler_in_a_finally_leaves_the_break(xs):
    """The handler has caught what was raised in the `finally`: the `break` that goes through it is still on its way."""
    out = []
    for x in xs:
        try:
            if f(x) > 2:
                break
        finally:
            try:
                fail(x)
            except Known:
                out.append(x)
    else:
        out.append(f(9))
    return out


@workflow
def handler_takes_a_later_break_back(xs):
    """A second `break`, in the `finally` of the first, is given up for an exception: then the first one goes on."""
    out = []
    for x in xs:
        try:
            if f(x) > 2:
                break
        finally:
            try:
                try:
                    if x > 3:
                        break
                    elif x == 3:
                        continue
                finally:
                    fail_if(x, 5)
                    fail_if(x, 3)
                    fail_if(x, 1)
            except Known:
                out.append(x)
    else:
        out.append(f(9))
    return out


@workflow
def handler_gives_the_break_up(xs):
    out = []
    for x in xs:
        try:
            try:
                break
            finally:
                fail_if(x, 5)
        except Known:
            out.append(x)
    else:
        out.append(f(9))
    return out


@workflow
def nothing_is_left_of_a_break_in_a_finally(n):
    while n > 0:
        n = n - 1
        try:
            break
        finally:
            try:
                f(n)
                raise KeyError(n)
            except KeyError:
                e(n)
    else:
        e(9)
    return n


@workflow
def nothing_runs_behind_the_jump(n, m=2):
    """Whether the last step runs is known when the iteration begins: where it does not, the iteration ends with `f`."""
    while True:
        if m == 0:
            break
        m = m - 1
        a = f(n)
        if n:
            with after(a):
                b, *rest = [g(n), m]


@workflow
def nothing_is_left_of_the_loop_before_the_jump(n, m=2):
    for i in range(n):
        if m:
            pass
    if i:
        return m
    if m:
        pass
    else:
        a = f(n)


@workflow
def item_of_a_fan_out_that_does_not_begin(n):
    """What `h` is given has items of a fan-out, and does not show that `fail_if` has raised, which alone keeps them from being there."""
    for i in range(n):
        call = fail_if(i, 2)
        total = sum(map(call, range(2)))
        if h(total):
            return total
    return None
