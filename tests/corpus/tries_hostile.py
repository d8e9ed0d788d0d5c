"""`try` at its worst: jumps out of `finally`, handlers that read half-done work, exceptions about exceptions."""

from __future__ import annotations

import logging

from tangentflow import parallel, sequential, workflow
from tests.corpus.library import bump, tick
from tests.corpus.steps import (
    Known,
    Odd,
    add,
    chained,
    contextual,
    divide,
    e,
    f,
    fail,
    fail_if,
    g,
    h,
    ident,
    leave,
    less,
    make,
    noisy,
    odd,
    odd_error,
    p,
    stop,
    table,
    twice,
)  # fmt: skip

# --- jumps through `finally`


@workflow
def return_in_finally_overrides_handler(n):
    try:
        fail_if(n, 1)
        return f(n)
    except Known:
        return g(n)
    finally:
        if n > 1:
            return "finally", p(n)


@workflow
def return_value_is_taken_before_finally(n):
    x = f(n)
    try:
        return x
    finally:
        x = g(x)
        e(x)


@workflow
def list_is_changed_before_the_return(n):
    out = [f(n)]
    try:
        out.append(fail_if(n, 1))
    except Known:
        out.append("handler")
        return out
    finally:
        e(len(out))
    out.append(g(n))
    return out


@workflow
def finally_swallows_by_break(n):
    last = None
    for i in range(n):
        try:
            last = fail_if(i, 1)
            e("body", i)
        finally:
            e("finally", i)
            if i >= 1:
                break
    return last


@workflow
def finally_swallows_by_continue_in_while(n):
    i, out = 0, []
    while i < n:
        i += 1
        try:
            out.append(divide(6, i - 2))
        finally:
            if odd(i):
                continue
        out.append("through")
    return out


@workflow
def break_in_finally_of_fan_out(xs):
    out = []
    for x in xs:
        try:
            out.append(fail_if(x, 1))
        finally:
            if x > 4:
                break
        out.append(f(x))
    return out


@workflow
def finally_break_over_return(xs):
    for x in xs:
        try:
            return f(x)
        finally:
            if x != 1:
                break
    return "after"


@workflow
def finally_continue_over_break(xs):
    n = 0
    for x in xs:
        try:
            if less(x, 4):
                break
        finally:
            n = add(n, x)
            continue
    return n


@workflow
def three_finallys(n):
    order = []
    for i in range(n + 1):
        try:
            try:
                try:
                    order.append(fail_if(i, 1))
                finally:
                    order.append("inner")
                    e("inner", i)
            finally:
                order.append("middle")
                if i == 0:
                    continue
        except Known:
            order.append("known")
            return list(order), f(i)
        finally:
            order.append("outer")
    return order


@workflow
def jump_in_else(n):
    for i in range(3):
        try:
            a = fail_if(i, n)
        except Known:
            e("handler", i)
        else:
            if a > 0:
                break
        finally:
            e("finally", i)
    else:
        return "all"
    return i, a


@workflow
def return_in_else_and_finally(n):
    try:
        a = fail_if(n, 1)
    except Known:
        a = 0
    else:
        return "else", g(a)
    finally:
        if odd(n + 1):
            return "finally"
    return a


@workflow
def for_else_with_finally_and_break(xs):
    out = []
    for x in xs:
        try:
            if fail_if(x, 1) == 5:
                break
            out.append(f(x))
        except Known:
            continue
        finally:
            out.append(("end", x))
    else:
        out.append(g(len(out)))
    return out


@workflow
def while_else_with_finally(n):
    i = 0
    while i < 3:
        try:
            i = add(i, 1)
            if i == n:
                break
        finally:
            e("round", i)
    else:
        e("all rounds")
        i = -1
    return i


@workflow
def break_is_given_up(xs):
    seen = 0
    for x in xs:
        try:
            try:
                break
            finally:
                fail_if(x, 1)
                seen = f(x)
        except Known:
            seen = -1
    else:
        return "not broken", seen
    return "broken", seen


# --- exceptions in handlers, `else` and `finally`


@workflow
def exception_in_else_is_not_caught(n):
    try:
        e("body")
    except Known:
        return "never"
    else:
        fail_if(n, 1)
    finally:
        e("finally")
    return f(n)


@workflow
def exception_in_handler_then_finally(n):
    try:
        try:
            fail(n)
        except Known:
            divide(1, n)
        finally:
            fail_if(n, 2)
    except Exception as error:
        context = error.__context__
        return type(error).__name__, type(context).__name__, type(context.__context__).__name__, f(n)


@workflow
def context_from_finally(n):
    try:
        chained(n)
    finally:
        {}["finally"]


@workflow
def context_of_context(n):
    try:
        try:
            contextual(n)
        except Known:
            fail_if(n, 1)
            6 // n
    finally:
        odd_error(n)


@workflow
def raise_the_caught_one(n):
    try:
        chained(n)
    except Known as error:
        e(error)
        raise error


@workflow
def raise_later(n):
    kept = None
    try:
        fail_if(n, 1)
    except Known as error:
        kept = error
    e("between")
    if kept is not None:
        raise kept
    return f(n)


@workflow
def raise_later_in_another_handler(n):
    try:
        fail(n)
    except Known as error:
        first = error
    try:
        divide(6, n)
    except ZeroDivisionError:
        raise first
    return f(n)


@workflow
def raise_from_the_first(n):
    try:
        fail(n)
    except Known as error:
        first = error
    try:
        return divide(6, n)
    except ZeroDivisionError as error:
        raise KeyError(g(n)) from first


@workflow
def cause_is_read(n):
    try:
        chained(n)
    except Known as error:
        return type(error.__cause__).__name__, error.__cause__.args, f(error.args[1])


@workflow
def state_and_args_are_read(n):
    try:
        odd_error(n)
    except Odd as error:
        return error.code, error.hint, error.args, str(error), f(error.code)


@workflow
def raise_class_and_instance(n):
    try:
        if n == 0:
            raise Known
        if n == 1:
            raise KeyError("k", f(n))
        raise Odd(n, hint="h")
    except Known as error:
        return "class", error.args
    except KeyError as error:
        return "instance", error.args
    finally:
        e("end")


@workflow
def raise_no_exception(n):
    try:
        raise f(n)
    except TypeError as error:
        return str(error)


@workflow
def raise_from_no_exception(n):
    try:
        raise Known(n) from f(n)
    except TypeError as error:
        return str(error), type(error.__context__).__name__


# --- bare `raise`


@workflow
def raise_again_in_nested_handlers(n):
    try:
        try:
            fail_if(n, 1)
            divide(6, n)
        except Known:
            try:
                fail(n)
            except Known:
                e("inner")
                raise
            finally:
                e("between")
        except ZeroDivisionError:
            try:
                f(n)
            finally:
                e("before again")
            raise
    except ArithmeticError as error:
        return "arithmetic", error.args
    except Known as error:
        return "known", error.args
    return "none"


@workflow
def raise_again_in_loop_in_handler(n):
    try:
        fail(n)
    except Known:
        for i in range(3):
            try:
                fail_if(i, n)
            except Known:
                e("inner", i)
                continue
            if i == 1:
                raise


@workflow
def raise_again_in_while_in_handler(n):
    tries = 0
    try:
        divide(6, n)
    except ZeroDivisionError:
        while True:
            tries = f(tries)
            if tries > 2:
                raise
    return tries


@workflow
def raise_again_in_nested_loops_in_handler(n):
    a = b = 0
    try:
        divide(6, n)
    except ZeroDivisionError:
        while a < 3:
            a = f(a)
            while b < a:
                b = f(b)
                if b == 2:
                    raise
    return a, b


@workflow
def raise_again_in_loop_in_try_in_handler(n):
    a = 0
    try:
        fail(n)
    except Known as error:
        try:
            while True:
                a = f(a)
                if a > n:
                    raise
        except KeyError:
            e("never")
        finally:
            e(error, a)


@workflow
def raise_again_after_inner_try(n):
    try:
        fail(n)
    except Known:
        try:
            divide(6, n)
        except ZeroDivisionError:
            e("swallowed")
        raise


@workflow
def raise_again_in_else_of_inner(n):
    try:
        fail(n)
    except Known:
        try:
            divide(6, n)
        except ZeroDivisionError:
            return "inner"
        else:
            raise


# --- variables of handlers


@workflow
def variable_deleted(n):
    try:
        fail(n)
    except Known as error:
        a = error.args
        del error
        e("deleted")
    return a, f(n)


@workflow
def variable_rebound(n):
    try:
        fail(n)
    except Known as error:
        error = f(n)
        e(error)
        kept = error
    return kept


@workflow
def variable_gone_after_rebound(n):
    try:
        fail(n)
    except Known as error:
        error = f(n)
    return error


@workflow
def variable_in_nested_loops(xs):
    out = []
    for x in xs:
        try:
            fail_if(x, 1)
        except Known as error:
            for i in range(2):
                for j in make(i + 1):
                    out.append((error.args[1], add(i, j)))
    return out


@workflow
def variable_shadows_in_nested_handlers(n):
    try:
        fail(n)
    except Known as error:
        a = error.args
        try:
            divide(1, n)
        except ZeroDivisionError as error:
            a = error.args
        try:
            e(error)
        except UnboundLocalError:
            return "gone", a
    return f(1), a


@workflow
def variable_shadows_loop_variable(xs):
    out = []
    for x in xs:
        try:
            fail_if(x, 1)
        except Known as x:
            out.append(x.args)
        out.append(f(0))
    try:
        return out, x
    except UnboundLocalError:
        return out, "unbound"


@workflow
def variable_carried_by_a_loop(n):
    last = None
    i = 0
    while i < n:
        try:
            fail_if(i, 1)
        except Known as error:
            last = error
        i = f(i)
    return last


# --- types of handlers


@workflow
def type_name_is_unbound(n):
    if n > 1:
        kind = Known
    try:
        fail_if(n, 1)
        fail_if(n, 2)
    except kind:
        return "caught"
    return f(n)


@workflow
def type_is_rebound_in_the_body(n):
    kind = KeyError
    try:
        kind = Known if odd(n) else ValueError
        fail_if(n, 1)
        kind = ZeroDivisionError
        divide(6, n - 2)
    except kind as error:
        return error.args
    return f(n)


@workflow
def types_in_a_tuple(n):
    kinds = (ZeroDivisionError, (KeyError, (Odd,)))
    try:
        if n == 0:
            divide(1, n)
        elif n == 1:
            odd_error(n)
        else:
            table(0)["missing"]
    except kinds as error:
        return type(error).__name__
    return f(n)


@workflow
def type_is_no_exception(n):
    try:
        fail_if(n, 1)
    except (Known, n):
        return "caught"
    return f(n)


@workflow
def handlers_in_order(n):
    try:
        fail_if(n, 1)
        6 // n
    except ValueError:
        return "value"
    except Known:
        return "never"
    except (ArithmeticError, BaseException):
        return "rest"
    return f(n)


@workflow
def base_exception_in_sub(n):
    try:
        a = _leaves(n)
    except BaseException as error:
        a = type(error).__name__, error.args
    finally:
        e("end")
    return a


@workflow
def _leaves(n):
    try:
        leave(n)
    except Exception:
        return "never"
    finally:
        if odd(n):
            stop(n)


# --- partial state that a handler reads


@workflow
def while_state_in_handler(n):
    i, total, seen = 0, 0, []
    try:
        while i < 4:
            total = add(total, i)
            seen.append(total)
            fail_if(i, n)
            i += 1
            total = total + 100
    except Known:
        return "stopped", i, f(total), seen
    return i, total, seen


@workflow
def nested_loops_state_in_handler(xs):
    out, x, j = [], None, None
    try:
        for x in xs:
            for j in range(3):
                out.append(fail_if(x + j, 5))
            out.append(g(x))
    except Known:
        e("handler", x, j)
        return x, j, out
    return out


@workflow
def fan_out_state_in_handler(xs):
    done, last = 0, None
    try:
        for x in xs:
            last = x
            done += fail_if(x, 4)
    except Known:
        return "stopped", last, f(done)
    finally:
        e("done", done)
    return done


@workflow
def sequential_state_in_handler(xs):
    out = []
    try:
        for x in sequential(xs):
            out.append(f(x))
            fail_if(x, 1)
    except Known:
        out.append("stopped")
    else:
        out.append("all")
    return out, g(len(out))


@workflow
def list_is_changed_before_the_failure(n):
    out = [0]
    try:
        out.append(f(n))
        out[0] = fail_if(n, 1)
        out.append(g(n))
        del out[0]
        out.append(6 // n)
    except Known:
        out.append("known")
    except ZeroDivisionError:
        out += ["zero", len(out)]
    return out


@workflow
def dict_is_changed_before_the_failure(n):
    d = {}
    try:
        d["a"] = f(n)
        d["b"] = d["a"] // n
        d[fail_if(n, 1)] = g(n)
        d["a"] = d["a"] + d.pop("b")
    except (Known, ZeroDivisionError) as error:
        d["error"] = type(error).__name__
    finally:
        d["keys"] = len(d)
    return d


@workflow
def assignment_in_parts(n):
    a = b = None
    try:
        a, (b, c) = f(n), (1, 2, 3)[:n]
    except ValueError:
        return a, b, g(n)
    return a, b, c


@workflow
def deleted_before_the_failure(n):
    a, b = f(n), g(n)
    try:
        del a
        fail_if(n, 1)
        a = "again"
        del b
        6 // n
    except Known:
        b = p(b)
    except ZeroDivisionError:
        pass
    try:
        return a, b
    except NameError as error:
        return type(error).__name__, str(error)


@workflow
def walrus_before_the_failure(n):
    try:
        add(a := f(n), fail_if(b := n, 1))
        c = (d := a) // n
    except Known:
        return "known", a, b
    except ZeroDivisionError:
        return "zero", a, b, d
    return c


@workflow
def arguments_before_the_failure(n):
    out = []
    try:
        out.append(add(f(n), fail_if(n, 1) or g(n)))
        out.append([f(x) for x in make(divide(4, n))])
    except (Known, ZeroDivisionError):
        out.append(len(out))
    return out


# --- other things that are raised


@workflow
def unbound_names_are_caught(n):
    try:
        if n:
            a = f(n)
        b = g(a)
        return b, undefined_name  # noqa: F821
    except UnboundLocalError as error:
        return "unbound", str(error)
    except NameError as error:
        return "undefined", str(error)


@workflow
def stop_iteration_is_caught(n):
    try:
        return sum(stop(x) for x in range(n))
    except RuntimeError as error:
        return str(error), type(error.__cause__).__name__
    except StopIteration:
        return "never"


@workflow
def assertions_with_messages(n):
    try:
        assert fail_if(n, 1) < 2, g(n)
        return "small"
    except AssertionError as error:
        return error.args, f(n)
    except Known:
        return "known"


@workflow
def unpacking_fails(n):
    try:
        a, b = make(n)
    except ValueError as error:
        a, b = str(error), None
    return a, b, f(0)


@workflow
def iteration_fails(n):
    total = 0
    try:
        for x in n if n == 1 else make(n):
            total += f(x)
    except TypeError as error:
        return str(error)
    return total


@workflow
def arguments_do_not_fit(n):
    try:
        return f(*make(n))
    except TypeError:
        return g(n)


@workflow
def opaque_in_every_part(n):
    a = bump(n)
    try:
        a = bump(a)
        a = bump(None if n == 1 else a)
        fail_if(n, 2)
    except TypeError:
        a = add(a, bump(100))
    except Known:
        a = bump(fail_if(n, 3))
    else:
        a = bump(a)
    finally:
        a = bump(a) + f(n)
    return a


@workflow
def impure_in_every_part(n):
    a = min(tick(), 1)
    try:
        a = a + min(tick(), 2)
        fail_if(n, 1)
    except Known:
        a = a + min(tick(), 3)
    else:
        a = a + min(tick(), 4)
    finally:
        e(min(tick(), 5))
    return f(a)


@workflow
def messages_in_every_part(xs):
    for x in xs:
        try:
            print("body", x)
            r = fail_if(x, 1)
            logging.getLogger("corpus").warning("after %s", r)
        except Known as error:
            print("handler", error, f(x))
        else:
            print("else", r)
        finally:
            print("finally", x)
            if x == 4:
                break
    else:
        print("all")
    return len(xs)


@workflow
def messages_in_serial_loop(n):
    s = 0
    while s < n:
        try:
            print("round", s)
            s = add(s, fail_if(s + 1, 2))
        except Known:
            print("known")
            s = f(s) + 1
        finally:
            print("end", s)
    return s


@workflow
def effects_in_every_part(n):
    e("before")
    a = f(n)
    try:
        e("body")
        noisy(fail_if(a, 2))
        e("body end")
    except Known:
        e("handler")
        noisy(a)
    else:
        e("else")
    finally:
        e("finally")
        twice(a)
    e("after")
    return g(a)


@workflow
def effects_in_tries_in_fan_out(xs):
    e("before")
    for x in xs:
        try:
            e("body", x)
            fail_if(x, 1)
        except Known:
            e("handler", x)
        finally:
            e("finally", x)
    e("after")


# --- sub-workflows and recursion


@workflow
def safe_in_comprehension(xs):
    return [r for x in xs if (r := _or_none(x)) is not None], any(_or_none(x) is None for x in xs)


@workflow
def _or_none(x):
    try:
        return fail_if(x, 1)
    except Known:
        return None
    finally:
        e("sub", x)


@workflow
def recursion_in_try(n):
    try:
        if n <= 0:
            fail(n)
        return recursion_in_try(n - 1) + 1
    except Known:
        if n < 2:
            raise
        return g(n)
    finally:
        e("level", n)


@workflow
def recursion_in_handler(n):
    try:
        divide(6, n - 3 if n > 3 else 0)
    except ZeroDivisionError:
        return recursion_in_handler(n - 1) + 1 if n > 0 else f(n)
    return n


@workflow
def recursion_in_finally(k):
    out = []
    try:
        out.append(fail_if(k, 3))
    except Known:
        out.append("known")
    finally:
        if k > 0:
            out.append(recursion_in_finally(k - 1))
    return out


@workflow
def equal_effects_in_a_fan_out(n):
    for _ in make(3):
        try:
            if _effects_in_parallel(n) < 3:
                continue
        finally:
            e(n)
    return n


@workflow
def _effects_in_parallel(n):
    with parallel():
        e(n)
    r = f(g(n))
    h(r)
    return r


@workflow
def comprehension_in_every_part(xs):
    try:
        a = [fail_if(x, 1) for x in xs if x != 4]
    except Known:
        a = [g(x) for x in xs if less(x, 4)]
    else:
        a = sorted(f(x) for x in a)
    finally:
        b = {x: ident(x) for x in xs}
    return a, b


@workflow
def try_in_every_arm(n):
    match f(n):
        case 1:
            try:
                a = fail(n)
            except Known:
                a = "one"
        case 2 | 3 as k:
            try:
                a = divide(k, k - 2)
            except ZeroDivisionError:
                a = "two"
            finally:
                e(k)
        case _:
            a = g(n)
    return a


@workflow
def lambda_reads_a_name_of_the_try(n):
    try:
        c = fail_if(n, 1)
    except Known:
        c = 10
    add_c = lambda v: v + c  # noqa: E731
    return f(add_c(n))


@workflow
def try_of_tries(n):
    out = []
    try:
        try:
            out.append(fail_if(n, 1))
        finally:
            try:
                out.append(divide(6, n))
            except ZeroDivisionError:
                out.append("zero")
    except Known:
        try:
            out.append(fail_if(n, 1))
        except Known:
            out.append("known")
        else:
            out.append("never")
        finally:
            out.append(f(n))
    else:
        try:
            out.append(fail_if(n, 2))
        except Known as error:
            out.append(error.args)
    return out


@workflow
def nothing_in_the_parts(n):
    try:
        pass
    except Known:
        pass
    else:
        pass
    finally:
        pass
    try:
        pass
    finally:
        pass
    return f(n)


@workflow
def loop_in_finally_in_handler(n):
    try:
        fail_if(n, 1)
    except Known as error:
        try:
            e(error)
        finally:
            for i in range(2):
                e(i, f(n))
    return n


@workflow
def value_before_and_after(n):
    a = f(n)
    try:
        b = g(a)
    except Known:
        b = 0
    c = add(a, b)
    try:
        d = fail_if(c, 7)
    except Known:
        d = c
    return a, b, c, d


@workflow
def finally_binds_what_an_outer_handler_reads(n):
    try:
        try:
            a = fail_if(n, 1)
        finally:
            b = p(n)
    except Known:
        a = b
    return a


@workflow
def finally_reads_what_the_body_did_not_bind(n, m=2):
    try:
        m = g(fail_if(n, 1), m)
    finally:
        m = bump(divide(8, m))
    return m


@workflow
def finally_reads_what_the_body_bound_last(n):
    a = 7
    try:
        a = 1
        a = fail_if(n, 1)
        a = 0
        b = 6 // n
        a = b
    finally:
        c = 6 // a if n != 5 else f(a)
    return a, c


@workflow
def loop_in_finally_leaves_names(n):
    try:
        fail_if(n, 2)
    finally:
        c = 0
        while f(c) < n:
            c = c + 1
            for j, i in enumerate(range(3)):
                pass
    return j, i, c


@workflow
def loop_without_steps_leaves_names(n):
    c = 0
    while f(c) < n:
        c = c + 1
        for j in range(3):
            pass
    return j, c


@workflow
def value_behind_an_exception_in_a_serial_loop(n):
    c = 0
    while c < 2:
        c = f(c)
        try:
            a = (b, g(c, n))  # noqa: F821
            b = a
        except NameError:
            a = None
    return c, a


@workflow
def raise_again_in_loop_in_bare_handler(n):
    try:
        fail_if(n, 1)
        6 // n
    except:  # noqa: E722
        for i in range(3):
            e(i)
            if i == 1:
                raise
    return f(n)


@workflow
def return_from_loop_in_loop_in_try(n):
    c = 0
    try:
        while f(c) < 4:
            d = c
            while d < n:
                d = f(d)
                try:
                    fail_if(d, 2)
                finally:
                    if odd(d + c):
                        return c, d
            c += 1
    except Known:
        return "known", c, d
    return c


@workflow
def exceptions_kept_in_a_serial_loop(n):
    kept, total = [], 0
    for _ in range(3):
        total = f(total)
        try:
            odd_error(total)
        except Odd as error:
            kept.append(error)
            if total > n:
                raise kept[0]
        e(len(kept))
    return kept, total


@workflow
def value_before_a_continue_read_by_finally(xs, n):
    total = k = 0
    for x in xs:
        try:
            k = n
            if odd(x):
                continue
            k = f(x)
        finally:
            total = total + k
    return g(total), k


@workflow
def value_before_a_break_read_by_finally_of_a_handler(xs, n):
    total = k = 0
    for x in xs:
        try:
            fail_if(x, 2)
        except Known:
            k = n
            if odd(n):
                break
            k = g(x)
        finally:
            total = total + k
    return g(total)


@workflow
def value_before_a_return_read_by_finally(n):
    kept = {}
    try:
        k = n
        if odd(n):
            return f(n)
        k = g(n)
    finally:
        kept["k"] = k
        e(kept)
    return k


@workflow
def handler_unbinds_a_name_that_finally_reads(n):
    kept = 0
    try:
        fail_if(n, 1)
    except Known as kept:
        pass
    finally:
        f(kept)
    return n


@workflow
def handler_unbinds_a_name_that_the_next_iteration_reads(xs):
    kept = 0
    for x in xs:
        e(kept)
        try:
            fail_if(x, 1)
        except Known as kept:
            pass
    return f(kept)


@workflow
def handler_unbinds_a_name_that_an_outer_handler_reads(n):
    kept = 0
    try:
        try:
            fail_if(n, 1)
        except Known as kept:
            pass
        g(12 // (n - 1))
    except ArithmeticError:
        f(kept)
    return n


@workflow
def handler_in_a_loop_unbinds_a_name_read_after_it(n):
    kept = f(n)
    for x in range(2):
        try:
            assert fail_if(x, 1), n
        except ArithmeticError as x:
            break
        except Exception as kept:
            pass
    return kept


@workflow
def undefined_before_unbound(n):
    """Of two names without a value the first one read is the error."""
    try:
        if n > 100:
            w = n
        return add(undefined_name, w)  # noqa: F821
    except NameError as error:
        return type(error).__name__, str(error)
