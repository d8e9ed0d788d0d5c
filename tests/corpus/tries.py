"""`try`, `except`, `else`, `finally`, `raise` again."""

from __future__ import annotations

from tangentflow import workflow
from tests.corpus.library import bump
from tests.corpus.steps import (
    Known,
    Odd,
    add,
    chained,
    contextual,
    divide,
    e,
    ev,
    f,
    fail,
    fail_if,
    g,
    h,
    half,
    ident,
    leave,
    less,
    make,
    none,
    odd,
    odd_error,
    one,
    p,
    pair,
    stop,
    table,
    twice,
)  # fmt: skip


@workflow
def handler_after_step(n):
    try:
        a = fail_if(n, 1)
    except Known:
        a = f(100)
    return g(a)


@workflow
def handler_not_matching(n):
    try:
        a = fail_if(n, 1)
    except KeyError:
        a = f(100)
    return a


@workflow
def several_handlers(n):
    try:
        if n == 0:
            a = table(0)["k"]
        elif n == 1:
            a = fail(n)
        else:
            a = 6 // (n - 2)
    except KeyError:
        a = "key"
    except (Known, TypeError) as error:
        a = error.args
    except ArithmeticError:
        a = f(n)
    return a


@workflow
def exception_used(n):
    try:
        fail_if(n, 1)
        odd_error(n)
    except Known as error:
        e(error)
        return error
    except Odd as error:
        return error.code, error.hint, f(error.code)


@workflow
def exception_unbound_after(n):
    error = 5
    try:
        fail_if(n, 1)
    except Known as error:
        e(error.args)
    return f(error)


@workflow
def else_after_try(n):
    try:
        a = fail_if(n, 1)
    except Known:
        b = f(0)
    else:
        b = g(a)
        fail_if(a, 2)
    return b


@workflow
def finally_runs(n):
    try:
        a = fail_if(n, 1)
        e("body")
    finally:
        e("finally")
    return g(a)


@workflow
def everything(n):
    out = []
    try:
        out.append(fail_if(n, 1))
        out.append(6 // n)
    except Known as error:
        out.append(("known", f(error.args[1])))
    except ZeroDivisionError:
        out.append(g(n))
        raise
    else:
        out.append("else")
        e("else")
    finally:
        e("finally", len(out))
    return out


@workflow
def return_in_try(n):
    try:
        if n == 1:
            return f(n)
        a = fail_if(n, 2)
        return g(a)
    except Known:
        return "handled"
    finally:
        e("cleanup")


@workflow
def return_in_finally(n):
    try:
        a = fail_if(n, 1)
        return a
    finally:
        if odd(n):
            return "finally"


@workflow
def raise_again(n):
    try:
        return fail_if(n, 1)
    except Known:
        e("seen")
        raise


@workflow
def raise_other(n):
    try:
        return fail_if(n, 1)
    except Known:
        raise KeyError("other", n)


@workflow
def raise_other_from(n):
    try:
        return fail_if(n, 1)
    except Known as error:
        raise KeyError(f(n)) from error


@workflow
def raise_other_from_none(n):
    try:
        return chained(n)
    except Known:
        raise KeyError("other") from None


@workflow
def handler_fails(n):
    try:
        fail(n)
    except Known:
        fail_if(n, 1)
        return 6 // n


@workflow
def finally_fails(n):
    try:
        fail_if(n, 1)
    finally:
        fail_if(n, 2)
        e(6 // n)


@workflow
def bare_except(n):
    try:
        leave(n)
    except:  # noqa: E722
        return f(n)


@workflow
def base_exceptions(n):
    try:
        if n == 1:
            leave(n)
        stop(n)
    except Exception as error:
        return type(error).__name__
    except SystemExit as error:
        return f(error.code)


@workflow
def nested(n):
    try:
        try:
            a = fail_if(n, 1)
            b = 6 // n
        except Known:
            a = fail_if(n + 1, 2)
        finally:
            e("inner")
        c = g(a)
    except ZeroDivisionError:
        c = "zero"
    except Known:
        c = "known"
    return c


@workflow
def try_in_fan_out(xs):
    out = []
    for x in xs:
        try:
            r = fail_if(x, 1)
        except Known:
            r = f(x)
        out.append(r)
    return out


@workflow
def append_in_try(xs):
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, 1))
        except Known:
            out.append(g(x))
    return out


@workflow
def sum_in_try(xs):
    t = 0
    for x in xs:
        try:
            t += fail_if(x, 1)
        except Known:
            e("skipped", x)
    return t


@workflow
def continue_in_handler(xs):
    out = []
    for x in xs:
        try:
            r = fail_if(x, 1)
        except Known:
            continue
        out.append(g(r))
    return out


@workflow
def break_in_handler(xs):
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, 1))
        except Known:
            break
        finally:
            e("item", x)
    else:
        e("all")
    return out


@workflow
def continue_in_finally(xs):
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, 1))
        finally:
            if odd(x):
                continue
        out.append("end")
    return out


@workflow
def break_in_finally(n):
    for i in range(n):
        try:
            fail_if(i, 2)
        finally:
            if i == 2:
                break
    return i


@workflow
def return_in_loop_in_try(xs):
    try:
        for x in xs:
            if fail_if(x, 4) == 1:
                return "one"
            e(x)
    except Known:
        return "four"
    finally:
        e("end")
    return "none"


@workflow
def retry_loop(n):
    tries = 0
    while True:
        try:
            r = fail_if(min(tries, n), n - 1)
            break
        except Known:
            tries += 1
            if tries > 3:
                raise
    return r, tries


@workflow
def retry_with_for(n):
    for attempt in range(3):
        try:
            r = divide(6, n - attempt)
        except ZeroDivisionError:
            e("retry", attempt)
        else:
            break
    else:
        r = None
    return r, attempt


@workflow
def loop_inside_try(xs):
    out = []
    try:
        for x in xs:
            out.append(fail_if(x, 4))
    except Known as error:
        return out, error.args
    return out


@workflow
def fan_out_in_try_with_state(xs):
    s = 0
    try:
        for x in xs:
            s = add(s, fail_if(x, 4))
    except Known:
        e("stopped")
    return s


@workflow
def two_failures_in_try(n):
    try:
        a = fail_if(n, 1)
        b = divide(1, n - 1)
    except Known:
        return "first"
    except ZeroDivisionError:
        return "second"
    return add(a, b)


@workflow
def glue_raises_in_try(n):
    try:
        a = f(n)
        b = 6 // (a - 2)
        c = g(b)
    except ZeroDivisionError as error:
        return "zero", error.args
    return c


@workflow
def unbound_in_handler(n):
    try:
        a = fail_if(n, 1)
        b = f(a)
    except Known:
        return a
    return b


@workflow
def unbound_caught(n):
    try:
        if n:
            a = f(n)
        return g(a)
    except UnboundLocalError:
        return "unbound"


@workflow
def assigned_before_failure(n):
    x = 0
    try:
        x = f(n)
        fail_if(n, 1)
        x = g(n)
    except Known:
        pass
    return p(x)


@workflow
def effects_around_try(n):
    e("before")
    try:
        e("in")
        fail_if(n, 1)
        e("still in")
    except Known:
        e("handler")
    e("after")
    return f(n)


@workflow
def values_around_try(n):
    a = f(n)
    try:
        b = fail_if(a, 2)
    except Known:
        b = g(a)
    c = f(n)
    return a, b, c


@workflow
def sub_in_try(n):
    try:
        return twice(fail_if(n, 1)), _raises(n)
    except Known as error:
        return "known", error.args
    except ZeroDivisionError:
        return twice(5)


@workflow
def _raises(n):
    try:
        return 6 // (n - 2)
    finally:
        e("sub", n)


@workflow
def exception_in_list(xs):
    errors = []
    for x in xs:
        try:
            fail_if(x, 1)
        except Known as error:
            errors.append(error)
    return errors, f(len(errors))


@workflow
def condition_on_caught(n):
    failed = False
    try:
        fail_if(n, 1)
    except Known:
        failed = True
    if failed:
        return f(n)
    return g(n)


@workflow
def while_in_try(n):
    i = 0
    try:
        while True:
            i = fail_if(i + 1, 3)
            if i > n:
                break
    except Known:
        return "three", i
    return i


@workflow
def try_in_while(n):
    i, bad = 0, 0
    while i < n:
        try:
            e(fail_if(i, 2))
        except Known:
            bad = f(bad)
        i += 1
    return bad


@workflow
def assert_in_try(n):
    try:
        assert f(n) != 2, "two"
    except AssertionError as error:
        return str(error)
    return "fine"


@workflow
def comprehension_in_try(xs):
    try:
        return [fail_if(x, 1) for x in xs]
    except Known:
        return [g(x) for x in xs]


@workflow
def suppressed_in_comprehension_of_subs(xs):
    return [_safe(x) for x in xs]


@workflow
def _safe(x):
    try:
        return fail_if(x, 1)
    except Known:
        return None


@workflow
def opaque_in_try(n):
    try:
        a = bump(None if n == 1 else f(n))
    except TypeError:
        a = bump(n)
    return g(a)


@workflow
def messages_in_try(n):
    try:
        print("body")
        fail_if(n, 1)
        print("end of body")
    except Known as error:
        print("handler", error)
    else:
        print("else")
    finally:
        print("finally")
    return f(n)


@workflow
def context_is_kept(n):
    try:
        fail(n)
    except Known:
        contextual(n)


@workflow
def handler_type_fails(n):
    try:
        fail_if(n, 1)
    except 6 // n:
        return "never"
    return n


@workflow
def handler_type_from_step(n):
    kinds = ident((Known, KeyError))
    try:
        fail_if(n, 1)
    except kinds:
        return "seen"
    return n


@workflow
def same_name_in_two_handlers(n):
    try:
        fail_if(n, 1)
        6 // n
    except Known as error:
        a = error.args
    except ZeroDivisionError as error:
        a = error.args
    else:
        a = None
    return f(1), a


@workflow
def jump_through_two_finallys(n):
    for i in range(n):
        try:
            try:
                fail_if(i, 1)
                if i == 2:
                    break
            finally:
                e("inner", i)
        except Known:
            continue
        finally:
            e("outer", i)
        e("rest", i)
    return i


@workflow
def pure_and_dropped_in_try(n):
    try:
        p(n)
        fail_if(n, 1)
        f(n)
    except Known:
        none(n)
    ev(n)
    return less(n, 1), half(n), h(n), pair(n), one(), make(n)


@workflow
def finally_passes(n):
    try:
        a = f(n)
        e(a)
    finally:
        pass
    return g(a)


@workflow
def all_of_it_passes(n):
    try:
        pass
    except Known:
        pass
    else:
        pass
    finally:
        pass
    return f(n)


@workflow
def step_only_in_else(n):
    try:
        6 // n + 0 == 2
    except ZeroDivisionError:
        return "zero"
    else:
        a = f(n)
    return a


@workflow
def continue_through_finally(xs):
    """The `finally` writes what the next iteration reads, also where the rest of this one, which writes it too, is skipped."""
    s, out = 0, []
    for x in xs:
        a = f(s)
        try:
            if x > 1:
                continue
        finally:
            s = x
        s = 0
        out.append(a)
    return out, s


@workflow
def step_decides_continue_through_finally(xs):
    s, out = 0, []
    for x in xs:
        a = f(s)
        try:
            if odd(x):
                continue
            a = g(a)
        finally:
            s = x
            x = None
        s = [s]
        out.append((a, x))
    return out, s


@workflow
def skipped_where_it_fails(xs):
    """What the handlers jump over reads what the body bound, not what an earlier iteration left: the iterations are parallel."""
    out = []
    for x in xs:
        try:
            rows = fail_if(x, 1)
            more = half(x)
        except Known:
            continue
        except (KeyError, ZeroDivisionError) as error:
            out.append(str(error))
            continue
        out.append(g(rows, more))
    return out


@workflow
def raised_anew_where_it_fails(xs):
    out = []
    for x in xs:
        try:
            rows = fail_if(x, 3)
        except Known as error:
            raise KeyError(x) from error
        finally:
            print("tried", x)
        out.append(g(rows))
    return out


@workflow
def other_value_where_it_fails(xs):
    out = []
    for x in xs:
        try:
            rows = fail_if(x, 1)
        except Known:
            rows = -x
        out.append(g(rows))
    return out, rows if xs else None


@workflow
def goes_on_in_else(xs):
    out = []
    for x in xs:
        try:
            rows = fail_if(x, 1)
        except Known:
            out.append(None)
        else:
            out.append(g(rows))
        finally:
            out.append(x)
    return out


@workflow
def jump_in_one_branch(xs):
    out = []
    for x in xs:
        if x > 2:
            print("large", x)
            continue
        elif x == 1:
            rows = f(x)
        elif x < 0:
            raise Known(x)
        else:
            rows = x
        out.append(g(rows))
    return out


@workflow
def left_by_an_earlier_iteration(xs):
    """Where the handler goes on, `rows` is what an earlier iteration left: these run in order."""
    rows, out = None, []
    for x in xs:
        try:
            rows = fail_if(x, 1)
        except Known:
            print("kept", rows)
        out.append(g(rows))
    return out


@workflow
def fails_before_what_is_tried(xs, n):
    """A `try` around the loop and one in it: the step before the inner one ends the iteration, and its loop."""
    m = n
    try:
        for x in xs:
            m = fail_if(m, 2)
            try:
                m = m + fail_if(x, 1)
            except Known:
                pass
    except Known:
        return "failed", m
    return m
