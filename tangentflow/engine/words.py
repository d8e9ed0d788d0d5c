"""Sizes in words."""

from __future__ import annotations

__all__ = ["size"]


def size(count: float) -> str:
    """Return a number of bytes in words: `2_500_000` is "2.4 MiB"."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return f"{count:.0f} bytes" if units[0] == "bytes" else f"{count:.1f} {units[0]}"
