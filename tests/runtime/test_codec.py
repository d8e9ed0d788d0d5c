"""Outcomes survive their codec: values of every kind, and exceptions by type, args, state, links and traceback."""

from __future__ import annotations

import builtins
import collections
import dataclasses
import enum
import json
import math
import os
import pickle
import subprocess
import sys
import threading
import traceback

import cloudpickle
import pytest

import tangentflow
from tangentflow.errors import (
    InternalError,
    LanguageError,
    LoopLimit,
    MutatedArgument,
    NotPicklable,
    Offence,
    StepTimeout,
    TangentflowError,
)
from tangentflow.runtime.codec import decode, encode, remote_traceback, roundtrip
from tangentflow.runtime.outcome import Raised, Value

ROOTS = [os.path.dirname(os.path.dirname(module.__file__)) for module in (tangentflow, cloudpickle)]


def environment(*directories):
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, directories), *ROOTS])}


def again(value):
    outcome = decode(encode(Value(value), where="fit"))
    assert isinstance(outcome, Value)
    return outcome.value


def cross(exception):
    outcome = decode(encode(Raised(exception), where="fit"))
    assert isinstance(outcome, Raised)
    assert outcome.exception is not exception
    return outcome.exception


def caught(function, *args):
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


# -- values ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Inner:
    name: str
    parts: list


@dataclasses.dataclass(frozen=True)
class Outer:
    inner: Inner
    table: dict


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")

VALUES = [
    None,
    True,
    ...,
    NotImplemented,
    0,
    -0.0,
    10**5000,
    -(2**63),
    1e308,
    float("inf"),
    3 + 4j,
    "",
    "{{x}}",
    "{{=1+1}}",
    "${x} $(ARGO_NODE) $$",
    "\"quotes' \\ `",
    "two\nlines\r\n\ttab\0nul",
    "tails  ",
    "héllo 🎉 \u202e",
    "\ud800 lone \udfff",
    b"\x00\xff{{x}}",
    bytearray(b"ab"),
    [],
    [1, [2, [3]]],
    (1, (2,)),
    {1, 2},
    frozenset({"a"}),
    {"k": {"l": None}, 3: ()},
    range(0, 10, 3),
    slice(1, None),
    Inner("a", [1]),
    Outer(Inner("b", [Outer(Inner("c", []), {})]), {"x": 1}),
    Colour.RED,
    Point(1, 2),
    collections.OrderedDict(b=1, a=2),
    collections.Counter("abca"),
    collections.deque([1, 2], maxlen=3),
    ValueError,
    len,
    json.dumps,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_is_the_same_afterwards(value):
    found = again(value)
    assert type(found) is type(value)
    assert found == value
    assert math.copysign(1, found) == math.copysign(1, value) if type(value) is float else True


def test_nan_stays_nan():
    assert math.isnan(again([float("nan")])[0])


def test_functions_of_any_kind_cross():
    offset = 4

    def add(n, step=1):
        return n + step + offset

    assert again(add)(1) == 6
    assert again(lambda n: n * offset)(2) == 8


def test_a_local_class_is_recognised_where_it_came_from():
    class Local:
        def __init__(self, n):
            self.n = n

    method = Local.__init__
    found = again([Local(1), Local])
    assert type(found[0]) is Local and found[1] is Local and found[0].n == 1
    assert Local.__init__ is method


def test_sharing_and_cycles_inside_one_value():
    shared = [1]
    value = {"a": shared, "b": shared}
    value["self"] = value
    found = again(value)
    assert found["a"] is found["b"] and found["self"] is found


def test_numpy_is_not_needed():
    code = (
        "import sys; from tangentflow.runtime import codec; print('numpy' in sys.modules, 'cloudpickle' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=environment()).split() == [
        "False",
        "False",
    ]


def test_foreign_bytes_are_refused():
    for data in (b"", b"hello", pickle.dumps(1), encode(Value(1), where="f")[:19] + b"Z" * 9):
        with pytest.raises(TangentflowError, match="step 'fit'"):
            decode(data, where="fit")


def test_a_missing_module_is_named_and_an_exception_still_readable(tmp_path):
    (tmp_path / "only_there.py").write_text("class Odd(Exception): pass\ndef f(): raise Odd('what happened')\n")
    code = (
        "import sys, only_there; from tangentflow.runtime.codec import encode; from tangentflow.runtime.outcome import Raised\n"
        "try: only_there.f()\n"
        "except only_there.Odd as error: sys.stdout.buffer.write(encode(Raised(error), where='fit'))\n"
    )
    data = subprocess.check_output([sys.executable, "-c", code], env=environment(tmp_path))
    with pytest.raises(TangentflowError, match="No module named 'only_there'") as info:
        decode(data, where="fit")
    assert "what happened" in str(info.value) and "line 2, in f" in str(info.value)


# -- exceptions ------------------------------------------------------------------------------------------------------


class Plain(Exception):
    pass


class Strict(Exception):
    """Its `__init__` has arguments that args do not show, and counts its calls."""

    calls = 0

    def __init__(self, code, *, detail):
        Strict.calls += 1
        super().__init__(f"code {code}")
        self.code, self.detail = code, detail


class Silent(Exception):
    """Never calls `super().__init__`."""

    def __init__(self, a, b):
        self.sum = a + b


class Slotted(Exception):
    __slots__ = ("message", "__secret")

    def __init__(self, message, secret):
        super().__init__(message)
        self.message, self.__secret = message, secret

    def secret(self):
        return self.__secret


class Guarded(Exception):
    """Refuses attributes set from outside."""

    def __setattr__(self, name, value):
        raise AssertionError("set from outside")


class New(Exception):
    """Its `__new__` has mandatory arguments."""

    def __new__(cls, a, b):
        made = super().__new__(cls, a, b)
        made.both = (a, b)
        return made

    def __init__(self, a, b):
        super().__init__(a)


class Disk(OSError):
    def __init__(self, path):
        super().__init__(28, "no space", path)
        self.note = 1


class Two(ValueError, OSError):
    pass


class Listed(Exception):
    def __init__(self, *items):
        super().__init__()
        self.items = items


def import_error():
    from json import nothing_like_this  # noqa: F401


EXCEPTIONS = [
    Plain(),
    Plain("{{x}}", 1, None, ("a", [2])),
    Strict(3, detail={"k": [1]}),
    Silent(1, 2),
    Slotted("m", "s"),
    New(1, 2),
    Disk("/tmp/x"),
    Two("x"),
    Listed(1, 2),
    KeyError("k"),
    KeyError(("a", 1)),
    IndexError(),
    StopIteration(7),
    StopIteration(),
    StopAsyncIteration(1),
    SystemExit(),
    SystemExit(3),
    SystemExit("message"),
    SystemExit(None),
    KeyboardInterrupt(),
    GeneratorExit("bye"),
    OSError(2, "No such file", "/a/b"),
    OSError(18, "Cross-device", "/a", None, "/b"),
    OSError("only text"),
    OSError(),
    FileNotFoundError(2, "gone"),
    BlockingIOError(11, "later", 5),
    ConnectionResetError(104, "reset"),
    ImportError("no", name="mod", path="/p"),
    ModuleNotFoundError("No module named 'x'", name="x"),
    NameError("name 'x'", name="x"),
    AttributeError("no a", name="a", obj=[1]),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    UnicodeEncodeError("ascii", "é", 0, 1, "bad"),
    UnicodeTranslateError("é", 0, 1, "bad"),
    SyntaxError("bad", ("f.py", 3, 4, "x = = 1\n", 3, 6)),
    SyntaxError("bare"),
    IndentationError("indent", ("f.py", 1, 1, " x")),
    RecursionError("deep"),
    MemoryError(),
    ZeroDivisionError("division by zero"),
    json.JSONDecodeError("msg", "doc\nline", 5),
    subprocess.CalledProcessError(3, ["ls"], "out", "err"),
    StepTimeout("slow", "fit", "loop[3].fit"),
    LoopLimit(5, "f.py", 3),
    MutatedArgument("fit", "xs", 4),
    NotPicklable("fit", "the result", "why"),
    InternalError("odd", key="value"),
    LanguageError(Offence("TF1", "what", "why", "instead", "f.py", 3)),
    caught(lambda: int("x")),
    caught(lambda: [].nothing),
    caught(lambda: {}["k"]),
    caught(lambda: undefined_name),  # noqa: F821
    caught(open, "/nonexistent/file"),
    caught(import_error),
    caught(compile, "x = = 1", "f.py", "exec"),
    caught(b"\xff".decode),
]

FIELDS = (
    "errno strerror filename filename2 characters_written code value name path obj encoding object start end reason "
    "msg lineno offset text end_lineno end_offset message"
).split()


def same(found, expected):
    assert type(found) is type(expected)
    assert repr(found.args) == repr(expected.args)
    assert vars(found) == vars(expected)
    assert (str(found), repr(found)) == (str(expected), repr(expected))
    for name in FIELDS:
        assert getattr(found, name, "absent") == getattr(expected, name, "absent"), name


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda e: type(e).__name__)
def test_an_exception_is_the_same_afterwards(error):
    calls = Strict.calls
    found = cross(error)
    same(found, error)
    same(cross(found), error)
    assert Strict.calls == calls
    assert (found.__cause__, found.__context__, found.__suppress_context__) == (None, None, False)


def test_private_slots_and_guarded_attributes():
    assert cross(Slotted("m", "s")).secret() == "s"
    error = Guarded(1)
    vars(error)["x"] = 2
    assert vars(cross(error)) == {"x": 2}


def test_unset_slots_stay_unset():
    error = Slotted.__new__(Slotted)
    assert not hasattr(cross(error), "message")


def test_notes_cross():
    error = Plain("x")
    error.__notes__ = ["first", "second"]
    assert cross(error).__notes__ == ["first", "second"]


def test_cause_context_and_suppression():
    def chain():
        try:
            try:
                raise KeyError("first")
            except KeyError as first:
                raise Strict(1, detail=2) from first
        except Strict:
            raise OSError(2, "third") from None

    third = cross(caught(chain))
    assert third.__cause__ is None and third.__suppress_context__
    second = third.__context__
    assert type(second) is Strict and second.detail == 2 and second.__suppress_context__
    assert type(second.__cause__) is KeyError and second.__cause__ is second.__context__


def test_cycles_of_causes_and_args():
    a, b = Plain("a"), Plain("b")
    a.__cause__, b.__context__ = b, a
    a.args = ("a", [a, b])
    found = cross(a)
    assert found.__cause__.__context__ is found
    assert found.args[1][0] is found and found.args[1][1] is found.__cause__


def test_a_chain_of_thousands():
    error = first = Plain(0)
    for n in range(1, 3000):
        error.__context__ = error = Plain(n)
    found, count = cross(first), 0
    while found is not None:
        found, count = found.__context__, count + 1
    assert count == 3000


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are new in 3.11")
def test_groups():
    ExceptionGroup, BaseExceptionGroup = builtins.ExceptionGroup, builtins.BaseExceptionGroup

    class Mine(ExceptionGroup):
        def __new__(cls, errors):
            return super().__new__(cls, "mine", errors)

        def derive(self, errors):
            return Mine(errors)

    member = Strict(1, detail=None)
    for group in (
        ExceptionGroup("g", [member, ExceptionGroup("inner", [KeyError(1)])]),
        BaseExceptionGroup("b", [SystemExit(1), member]),
        Mine([member]),
    ):
        member.__context__ = group
        found = cross(group)
        assert type(found) is type(group) and found.message == group.message and str(found) == str(group)
        assert [repr(e) for e in found.exceptions] == [repr(e) for e in group.exceptions]
        match = next(e for e in found.exceptions if isinstance(e, Strict))
        assert match.__context__ is found and match.detail is None


def test_exceptions_inside_values():
    error = Strict(1, detail=2)
    error.__cause__ = KeyError("k")
    found = again({"errors": [error, error]})
    first, second = found["errors"]
    assert first is second and first.detail == 2 and type(first.__cause__) is KeyError


def test_a_local_exception_class():
    class Local(Exception):
        pass

    assert type(cross(Local(1))) is Local


# -- tracebacks ------------------------------------------------------------------------------------------------------


def inner():
    raise Plain("deep")


def outer():
    try:
        inner()
    except Plain as error:
        raise Strict(1, detail=2) from error


def test_python_prints_the_original_traceback():
    error = caught(outer)
    found = cross(error)

    def without_markers(exception):
        lines = traceback.format_exception(type(exception), exception, exception.__traceback__)
        return [line for line in "".join(lines).splitlines() if set(line.strip()) - set("^~")]

    assert without_markers(found) == without_markers(error)
    assert without_markers(cross(found)) == without_markers(error)


def test_reraising_adds_to_the_traceback():
    found = cross(caught(outer))

    def here():
        raise found

    text = "".join(traceback.format_exception(type(found), caught(here), found.__traceback__))
    assert text.rindex("in here") < text.rindex("in outer")
    assert "in inner" in text


def test_the_interpreter_prints_it_too(tmp_path):
    (tmp_path / "there.py").write_text("def f():\n    return 1 + (1 / 0)\n")
    data = tmp_path / "data"
    write = (
        "import sys, there; from tangentflow.runtime.codec import encode; from tangentflow.runtime.outcome import Raised\n"
        "try: there.f()\n"
        f"except Exception as error: open({str(data)!r}, 'wb').write(encode(Raised(error), where='fit'))\n"
    )
    read = f"from tangentflow.runtime.codec import decode; raise decode(open({str(data)!r}, 'rb').read()).exception"
    env = environment(tmp_path)
    subprocess.run([sys.executable, "-c", write], env=env, check=True)
    text = subprocess.run([sys.executable, "-c", read], env=env, capture_output=True, text=True).stderr
    assert 'there.py", line 2, in f\n    return 1 + (1 / 0)\n' in text
    assert text.endswith("ZeroDivisionError: division by zero\n")
    assert "^" not in text.partition("there.py")[2]


def test_remote_traceback_text_needs_no_source(tmp_path):
    source = tmp_path / "gone.py"
    source.write_text("def f():\n    raise ValueError('x')  # here\n")
    namespace = {"__name__": "gone"}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    error = caught(namespace["f"])
    assert remote_traceback(error) is None
    found = cross(error)
    source.unlink()
    import linecache

    linecache.clearcache()
    text = remote_traceback(found)
    assert "raise ValueError('x')  # here" in text and "line 2, in f" in text and text.endswith("ValueError: x\n")
    assert remote_traceback(cross(found)) == text


def test_a_deep_recursion_is_shortened():
    def down():
        down()

    found = cross(caught(down))
    assert type(found) is RecursionError
    assert len(list(traceback.walk_tb(found.__traceback__))) == 200


# -- what cannot be pickled ------------------------------------------------------------------------------------------


class Locked(Exception):
    def __init__(self, text, lock):
        super().__init__(text)
        self.lock = lock


class Declared(Exception):
    """Holds a lock and says itself how it is rebuilt."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()

    def __reduce__(self):
        return Declared, (self.args[0],)


class LoadsNot:
    def __reduce__(self):
        return int, ("no number",)


def test_a_value_that_cannot_be_pickled_is_named():
    for value, place in [
        (threading.Lock(), "cannot pickle '_thread.lock' object"),
        ({"models": [1, threading.Lock()]}, r"\['models'\]\[1\]: cannot pickle '_thread.lock' object"),
        (Inner("a", [threading.Lock()]), r"\.parts\[0\]: cannot pickle"),
        ((n for n in "a"), "an iterator .`generator`. is used up by reading it"),
        ({"pairs": [zip("ab", "cd")]}, r"\['pairs'\]\[0\]: an iterator .`zip`. is used up"),
        (memoryview(b"a"), "memoryview"),
        (LoadsNot(), "not loaded again"),
        ([Locked("x", threading.Lock())], r"Locked: .lock: cannot pickle '_thread.lock'"),
    ]:
        with pytest.raises(NotPicklable, match=place) as info:
            encode(Value(value), where="fit", path="loop[1].fit")
        assert (info.value.step, info.value.value, info.value.path) == ("fit", "the result", "loop[1].fit")
        assert "step 'fit'" in str(info.value)
        with pytest.raises(NotPicklable):
            roundtrip(Value(value), where="fit")


def test_open_files_are_refused():
    with open(__file__) as file, pytest.raises(NotPicklable, match="TextIOWrapper"):
        encode(Value(file), where="fit")


def test_a_function_whose_variable_cannot_be_pickled():
    lock = threading.Lock()
    with pytest.raises(NotPicklable, match="variable 'lock' of the enclosing function"):
        encode(Value(lambda: lock), where="fit")


@pytest.mark.parametrize("how", [cross, lambda e: roundtrip(Raised(e), where="fit").exception])
def test_an_exception_that_cannot_be_pickled_becomes_not_picklable(how):
    def fail():
        try:
            raise KeyError("before")
        except KeyError as error:
            raise Locked("went wrong", threading.Lock()) from error

    found = how(caught(fail))
    assert type(found) is NotPicklable and found.step == "fit"
    assert "test_codec.Locked: Locked('went wrong'" in str(found) and ".lock: cannot pickle" in str(found)
    assert type(found.__cause__) is KeyError
    assert "in fail" in remote_traceback(found)


def test_its_message_has_no_addresses():
    found = cross(Plain(object(), threading.Lock()))
    assert "0x" not in str(found) and "args[1]" in str(found)
    assert str(found) == str(cross(Plain(object(), threading.Lock())))


def test_a_cause_that_cannot_be_pickled_is_replaced_alone():
    error = Plain("fine")
    error.__cause__ = Locked("x", threading.Lock())
    found = cross(error)
    assert type(found) is Plain and type(found.__cause__) is NotPicklable


def test_the_object_of_an_attribute_error_is_left_out_if_it_must():
    lock = threading.Lock()
    error = caught(lambda: lock.nothing)
    found = cross(error)
    assert type(found) is AttributeError and found.args == error.args and found.obj is None and found.name == "nothing"


def test_a_declared_reduction_is_used_if_there_is_no_other_way():
    error = Declared("x")
    error.__cause__ = KeyError(1)
    found = cross(error)
    assert type(found) is Declared and found.args == ("x",) and found.lock is not error.lock
    assert type(found.__cause__) is KeyError


def test_an_exception_whose_repr_fails():
    class Odd(Exception):
        def __repr__(self):
            raise RuntimeError

        __str__ = __repr__

    assert "whose repr raises RuntimeError" in str(cross(Odd(threading.Lock())))
    assert type(cross(Odd(1))) is Odd
