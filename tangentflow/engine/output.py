"""Text that steps write in this process: shown as ever, and heard by who listens to the step run that wrote it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from tangentflow.runtime.progress import listener_of

__all__ = ["listening", "show"]

_lock = threading.Lock()
_users: list[object] = []


class _Proxy:
    """Stands for `sys.stdout` or `sys.stderr` while steps run in this process."""

    def __init__(self, stream: Any, name: str) -> None:
        self.__dict__.update(stream=stream, stream_name=name)

    def write(self, text: str) -> int:
        """Write on, and tell who listens."""
        listener = listener_of.get()
        if listener is not None:
            listener.wrote(self.stream_name, text)
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
    """Let the listeners of step runs hear what is written in here."""
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
