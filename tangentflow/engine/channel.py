"""Messages between the engine and a worker process: pickles on a socket, each behind its length."""

from __future__ import annotations

import pickle
import select
import socket
import struct
from typing import Any

__all__ = ["Channel"]

_LENGTH = struct.Struct(">Q")
_PIECE = 1 << 18
_SMALL = 1 << 16


class Channel:
    """One end of a socket, for one thread at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = bytearray()
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._socket.fileno()

    def send(self, message: Any) -> None:
        """Send a message. Raises OSError if the other side is gone."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        head = _LENGTH.pack(len(data))
        if len(data) <= _SMALL:
            self._socket.sendall(head + data)
        else:
            self._socket.sendall(head)
            self._socket.sendall(data)

    def receive(self) -> Any:
        """Return the next message, None if it is not there yet. Raises EOFError or OSError if the other side is gone."""
        while (message := self._taken()) is None:
            try:
                piece = self._socket.recv(_PIECE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            if not piece:
                raise EOFError
            self._received += piece
        return message

    def wait(self, seconds: float) -> Any:
        """Return the next message, None if none comes in so many seconds. Raises EOFError or OSError if the other side is gone."""
        while (message := self.receive()) is None:
            if not self._poll.poll(seconds * 1000):
                return None
        return message

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _taken(self) -> Any:
        received = self._received
        if len(received) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
        if len(received) < end:
            return None
        with memoryview(received) as view, view[_LENGTH.size : end] as part:
            message = pickle.loads(part)
        del received[:end]
        return message
