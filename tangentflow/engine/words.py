"""Times and sizes in words."""

from __future__ import annotations

__all__ = ["duration", "size"]

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0}


def duration(value: float) -> str:
    """Return seconds in words: `90.0` is "1m30s"."""
    if value < 1:
        return f"{value * 1000:.0f}ms" if value else "0s"
    parts = []
    for unit in ("d", "h", "m"):
        count, value = divmod(value, _SECONDS[unit])
        parts += [f"{count:.0f}{unit}"] if count else []
    parts += [f"{value:.3g}s"] if value or not parts else []
    return "".join(parts)


def size(count: float) -> str:
    """Return a number of bytes in words: `2_500_000` is "2.4 MiB"."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return f"{count:.0f} bytes" if units[0] == "bytes" else f"{count:.1f} {units[0]}"
