"""Knowing that user code is evaluated between steps, where a step call would be hidden from the compiler."""

from __future__ import annotations

from contextvars import ContextVar, Token

__all__ = ["glue", "in_glue", "inside"]

inside: ContextVar[bool] = ContextVar("tangentflow_in_glue", default=False)


class glue:
    """Mark that glue is evaluated: `with glue():`."""

    __slots__ = ("token",)

    token: Token[bool]

    def __enter__(self) -> None:
        self.token = inside.set(True)

    def __exit__(self, *raised: object) -> None:
        inside.reset(self.token)


def in_glue() -> bool:
    """Whether glue is being evaluated."""
    return inside.get()
