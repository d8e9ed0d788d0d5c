"""Errors show where, what, why and what to write, and cross process borders whole."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from tangentflow.errors import (
    Cancelled,
    InternalError,
    LanguageError,
    LoopLimit,
    MutatedArgument,
    NotPicklable,
    Offence,
    StepFailed,
    StepKilled,
    StepTimeout,
    TangentflowError,
    UsageError,
)

ROOT = Path(__file__).parents[2]
WITH = Offence(
    "TF012", "`with` is not supported", "it hides order", "a step", "flow.py", 7, 5, 7, 20, "    with open(p) as f:"
)
YIELD = Offence(
    "TF003", "`yield` is refused", "why so", "return xs\nor:\n  raise", "flow.py", 3, 9, 3, 14, "    é = yield"
)

ERRORS = [
    LanguageError(WITH, YIELD),
    StepFailed("it failed", "fit", "loop[3].fit"),
    StepTimeout("too long", step="fit", path="fit_2"),
    StepKilled("out of memory", "fit", "fit"),
    Cancelled(),
    Cancelled("stop", "fit", "fit"),
    LoopLimit(32768, "flow.py", 12, path="loop"),
    NotPicklable("fit", "the result", "cannot pickle 'generator' object", path="fit"),
    MutatedArgument("fit", "xs", 4),
    UsageError("no such executor"),
    InternalError("an outcome is missing", site="fit", graph="a\nb", count=3),
    TangentflowError("base"),
]


def test_the_first_offence_gives_the_place():
    error = LanguageError.from_offences([WITH, YIELD, WITH])
    assert isinstance(error, SyntaxError) and isinstance(error, TangentflowError)
    assert error.offences == (YIELD, WITH)
    assert (error.filename, error.lineno, error.offset) == ("flow.py", 3, 9)
    assert (error.end_lineno, error.end_offset, error.text) == (3, 14, "    é = yield")
    assert (error.code, error.why, error.instead) == ("TF003", "why so", YIELD.instead)
    assert error.msg.startswith("TF003: `yield` is refused\n  why: why so\n  instead:\n      return xs\n")
    assert "1 more place" in error.msg and "flow.py:7:5: TF012" in error.msg


def test_the_text_shows_every_offence():
    assert str(LanguageError(WITH, YIELD)) == (
        "flow.py:3:9: TF003: `yield` is refused\n"
        "    é = yield\n"
        "        ^^^^^\n"
        "  why: why so\n"
        "  instead:\n"
        "      return xs\n"
        "      or:\n"
        "        raise\n"
        "\n"
        "flow.py:7:5: TF012: `with` is not supported\n"
        "    with open(p) as f:\n"
        "    ^^^^^^^^^^^^^^^\n"
        "  why: it hides order\n"
        "  instead: a step"
    )


@pytest.mark.parametrize(
    ("text", "offset", "end_lineno", "end_offset", "carets"),
    [
        ("\tx = \ty", 7, 1, 8, "    \t^"),
        ("x = '日本' + y", 12, 1, 13, " " * 13 + "^"),
        ("'🦊é'", 2, 1, 4, " ^^^"),
        ("f(a,", 1, 3, 2, "^^^^"),
        ("short", 40, 1, 50, " " * 5 + "^"),
        ("x", 1, None, None, "^"),
    ],
)
def test_carets_stand_below_their_characters(text, offset, end_lineno, end_offset, carets):
    offence = Offence("TF000", "what", "", "", "f.py", 1, offset, end_lineno, end_offset, text)
    assert str(offence).split("\n")[1:] == ["    " + text.lstrip(), "    " + carets]


def test_an_offence_without_source():
    offence = Offence("TF001", "no source", "why", "", "<string>", 3)
    assert str(LanguageError(offence)) == "<string>:3:1: TF001: no source\n  why: why"
    assert "TF001: no source" in "".join(traceback.format_exception_only(LanguageError(offence)))


def test_no_offence_is_no_error():
    with pytest.raises(ValueError):
        LanguageError.from_offences([])


def test_a_traceback_shows_file_line_text_and_carets():
    lines = "".join(traceback.format_exception_only(LanguageError(YIELD, WITH))).split("\n")
    assert lines[:3] == ['  File "flow.py", line 3', "    é = yield", "        ^^^^^"]
    assert lines[3] == "tangentflow.errors.LanguageError: TF003: `yield` is refused"
    assert any("flow.py:7:5" in line for line in lines)


def test_the_interpreter_itself_shows_the_carets(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from tangentflow.errors import LanguageError, Offence\n"
        "raise LanguageError(Offence('TF003', 'refused', 'why', 'this', 'flow.py', 3, 9, 3, 14, '    é = yield\\n'))\n",
        encoding="utf-8",
    )
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    run = subprocess.run([sys.executable, script], capture_output=True, encoding="utf-8", env=environment)
    shown = run.stderr.split("\n")[-7:-3]
    assert shown[:2] == ['  File "flow.py", line 3', "    é = yield"]
    # Before 3.13 the interpreter draws ranges for SyntaxError itself only, for its subclasses one caret.
    assert shown[2] == "        " + ("^^^^^" if sys.version_info >= (3, 13) else "^")
    assert shown[3] == "tangentflow.errors.LanguageError: TF003: refused"


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_errors_survive_pickle_and_copy(error, again):
    error.extra = "kept"
    other = again(error)
    assert type(other) is type(error) and other is not error
    assert other.args == error.args and str(other) == str(error) and vars(other) == vars(error)
    fields = ("filename", "lineno", "offset", "end_lineno", "end_offset", "text", "msg")
    assert [getattr(other, name, None) for name in fields] == [getattr(error, name, None) for name in fields]


class OwnFailure(StepFailed):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}", step=first)
        self.second = second


def test_subclasses_with_a_signature_of_their_own_survive_too():
    other = pickle.loads(pickle.dumps(OwnFailure("fit", 2)))
    assert (str(other), other.step, other.second) == ("fit 2", "fit", 2)


@pytest.mark.parametrize("error", ERRORS[1:-1], ids=lambda e: type(e).__name__)
def test_errors_can_be_rebuilt_without_init(error):
    other = type(error).__new__(type(error))
    other.args = error.args
    other.__dict__.update(error.__dict__)
    assert str(other) == str(error) and vars(other) == vars(error)


def test_the_family():
    assert issubclass(StepTimeout, TimeoutError)
    for kind in (StepTimeout, StepKilled, Cancelled, LoopLimit, NotPicklable):
        assert issubclass(kind, StepFailed)
    for kind in (StepFailed, MutatedArgument, UsageError, InternalError, LanguageError):
        assert issubclass(kind, TangentflowError)
    assert not issubclass(MutatedArgument, StepFailed)
    timeout = StepTimeout("too long", "fit", "fit")
    assert (timeout.args, timeout.errno, timeout.step) == (("too long",), None, "fit")


def test_messages_name_what_matters():
    limit = LoopLimit(10, "flow.py", 12)
    assert "flow.py:12" in str(limit) and "10" in str(limit) and "max_iterations" in str(limit)
    assert (limit.limit, limit.filename, limit.lineno) == (10, "flow.py", 12)
    mutated = MutatedArgument("fit", "xs", 4)
    assert all(word in str(mutated) for word in ("'fit'", "'xs'", "line 4"))
    unsent = NotPicklable("fit", "argument 'f'", "it is a generator")
    assert str(unsent) == "argument 'f' of step 'fit' cannot be pickled: it is a generator"
    bug = InternalError("an outcome is missing", site="fit", count=3)
    assert "report" in str(bug) and "site: fit" in str(bug) and bug.context == {"site": "fit", "count": "3"}


def test_only_the_standard_library_is_needed():
    program = "import sys; sys.path.insert(0, sys.argv[1]); import tangentflow.errors; print('gast' in sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program, ROOT], capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
