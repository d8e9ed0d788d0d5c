"""Tracebacks that cross processes: captured as plain tuples, restored as real traceback objects.

A restored traceback has the file names, lines and functions of the original, so that Python prints it as its own and
nothing else of the exception has to change.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

__all__ = ["Frame", "capture", "remote_traceback", "restore", "strip_root"]

Frame = tuple[str, int, str, str]
"""File name, line number, function name, source line (empty if it is not known)."""

_LIMIT = 200
_MARK = "__tangentflow_line__"
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_TEMPLATE = compile("raise __tangentflow_stop__", "<traceback>", "exec")
_UNITS = len(_TEMPLATE.co_code) // 2
# Lines without columns, since Python would underline a part of the line that belongs to the stand-in's code. (An instruction offset
# that does not exist would hide the columns too, but IPython looks for the instruction without end.)
_LINES = (
    b"".join(bytes([0x80 | 13 << 3 | min(_UNITS - start, 8) - 1, 0]) for start in range(0, _UNITS, 8))
    if sys.version_info >= (3, 11)
    else bytes([2 * _UNITS, 0])
)
_roots: list[str] = []


class _Stop(BaseException):
    """Ends the stand-in code of a frame."""


def strip_root(directory: str | Path) -> None:
    """From now on, name files below `directory` (an unpacked bundle) relative to it."""
    root = os.path.abspath(directory) + os.sep
    if root not in _roots:
        _roots.append(root)


def capture(exception: BaseException) -> tuple[Frame, ...]:
    """Return the frames of the exception's traceback, outermost first, without those of this package.

    The line of a serial loop goes too: what was raised in its iteration has a frame of its own there.
    """
    frames: list[Frame] = []
    entry = exception.__traceback__
    while entry is not None:
        frames.append(_frame(entry))
        entry = entry.tb_next
    kept = [frame for frame, below in zip(frames, [*frames[1:], None]) if not _is_machinery(frame, below)]
    frames = [(_relative(name), *rest) for name, *rest in kept or frames]  # type: ignore[misc]
    if len(frames) > _LIMIT:
        half = _LIMIT // 2
        frames = frames[:half] + frames[-half:]
    return tuple(frames)


def _is_machinery(frame: Frame, below: Frame | None) -> bool:
    if frame[0].startswith(_OWN):
        return True
    if below is None or not below[0].startswith(_OWN):
        return False
    return frame[0].startswith("<tangentflow ") or below[2] in ("leave", "go_on")


def restore(exception: BaseException, frames: tuple[Frame, ...]) -> None:
    """Give `exception` a traceback of these frames."""
    entry: TracebackType | None = None
    for frame in reversed(frames):
        entry = TracebackType(entry, _stand_in(frame), 0, frame[1])
    BaseException.__dict__["__traceback__"].__set__(exception, entry)


def remote_traceback(exception: BaseException) -> str | None:
    """Return the whole traceback text of an exception that came from another process, or None if it did not."""
    if not any(_line(entry.tb_frame) is not None for entry in _entries(exception)):
        return None
    formatted = traceback.TracebackException(type(exception), exception, exception.__traceback__)
    _fill_lines(formatted, exception)
    return "".join(formatted.format())


def _entries(exception: BaseException) -> list[TracebackType]:
    entries = []
    entry = exception.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    return entries


def _frame(entry: TracebackType) -> Frame:
    code = entry.tb_frame.f_code
    line = _line(entry.tb_frame)
    if line is None:
        line = linecache.getline(code.co_filename, entry.tb_lineno, entry.tb_frame.f_globals).strip()
    return code.co_filename, entry.tb_lineno, code.co_name, line


def _line(frame: FrameType) -> str | None:
    """Return the source line that a restored frame carries, None for a frame of this process."""
    line: str | None = frame.f_globals.get(_MARK)
    return line


def _relative(filename: str) -> str:
    root = next((root for root in _roots if filename.startswith(root)), None)
    return filename if root is None else Path(filename[len(root) :]).as_posix()


def _located(filename: str) -> str:
    """Return where a file of a bundle lies on this machine, if it does."""
    if os.path.isabs(filename) or filename.startswith("<"):
        return filename
    candidates = (os.path.join(root, filename) for root in sys.path if root)
    return next((path for path in candidates if os.path.isfile(path)), filename)


def _stand_in(frame: Frame) -> FrameType:
    filename, lineno, name, line = frame
    changes: dict[str, Any] = {
        "co_filename": _located(filename),
        "co_name": name,
        "co_firstlineno": max(lineno or 1, 1),
        "co_linetable": _LINES,
    }
    if sys.version_info >= (3, 11):
        changes["co_qualname"] = name
    code: CodeType = _TEMPLATE.replace(**changes)
    namespace = {"__name__": "__traceback__", "__tangentflow_stop__": _Stop(), _MARK: line}
    try:
        exec(code, namespace)
    except _Stop as stop:
        assert stop.__traceback__ is not None and stop.__traceback__.tb_next is not None
        found = stop.__traceback__.tb_next.tb_frame
    namespace.pop("__tangentflow_stop__")
    return found


def _fill_lines(formatted: traceback.TracebackException, exception: BaseException) -> None:
    """Put the source lines that restored frames carry into a formatted traceback, its causes and members included."""
    lines = [_line(entry.tb_frame) for entry in _entries(exception)]
    if len(lines) == len(formatted.stack):
        for index, (summary, line) in enumerate(zip(formatted.stack, lines, strict=True)):
            if line:
                assert summary.lineno is not None
                formatted.stack[index] = traceback.FrameSummary(
                    summary.filename, summary.lineno, summary.name, lookup_line=False, line=line
                )
    if formatted.__cause__ is not None and exception.__cause__ is not None:
        _fill_lines(formatted.__cause__, exception.__cause__)
    if formatted.__context__ is not None and exception.__context__ is not None:
        _fill_lines(formatted.__context__, exception.__context__)
    members = getattr(formatted, "exceptions", None) or ()
    for part, member in zip(members, getattr(exception, "exceptions", ()), strict=False):
        _fill_lines(part, member)
