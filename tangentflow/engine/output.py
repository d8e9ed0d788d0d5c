"""Text that steps write in this process: shown as ever, and noted for the step run that wrote it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

__all__ = ["listening", "note_of", "show"]

Note = Callable[[str, str], object]
"""Takes the name of a stream and a text."""

note_of: ContextVar[Note | None] = ContextVar("tangentflow_output", default=None)
"""What takes note of what this context writes."""

_lock = threading.Lock()
_users: list[object] = []


class _Proxy:
    """Stands for `sys.stdout` or `sys.stderr` while steps run in this process."""

    def __init__(self, stream: Any, name: str) -> None:
        self.__dict__.update(stream=stream, stream_name=name)

    def write(self, text: str) -> int:
        """Write on, and note."""
        note = note_of.get()
        if note is not None:
            note(self.stream_name, text)
        written: int = self.stream.write(text)
        return written

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["stream"], name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.stream, name, value)


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Take notes of what is written in here, by those who have set `note_of`."""
    me = object()
    with _lock:
        _users.append(me)
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not isinstance(stream, _Proxy):
                setattr(sys, name, _Proxy(stream, name))
    try:
        yield
    finally:
        with _lock:
            _users.remove(me)
            for name in ("stdout", "stderr") if not _users else ():
                stream = getattr(sys, name)
                if isinstance(stream, _Proxy):
                    setattr(sys, name, stream.stream)


def show(name: str, text: str) -> None:
    """Write what a step in another process has written to its `name`, "stdout" or "stderr", to that of this process."""
    stream = getattr(sys, name)
    if stream is not None:
        stream.write(text)
        stream.flush()
