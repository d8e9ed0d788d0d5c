"""Paths as the workflow itself sees them, between its steps: a name, and contents that are elsewhere.

Steps get files; glue has none, since it may run anywhere. What depends on the contents' place or needs them is refused there.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from tangentflow.errors import LateRefusal
from tangentflow.runtime.contents import path_digest
from tangentflow.runtime.glue import in_glue
from tangentflow.runtime.packing import Packed

__all__ = ["TEXT", "PathValue"]

TEXT = frozenset({"name", "stem", "suffix", "suffixes"})
"""The attributes of a path that its name alone decides."""

_Base: Any = type(Path())


class PathValue(_Base):  # type: ignore[misc]
    """A path whose contents lie in `_tf_packed` under the name `_tf_place`."""

    _tf_packed: Packed
    _tf_place: str

    @classmethod
    def of(cls, packed: Packed, place: str) -> PathValue:
        """Return the path of this name in packed contents."""
        made: PathValue = cls(place.rpartition("/")[2])
        made._tf_packed, made._tf_place = packed, place
        return made

    def content_digest(self) -> str:
        """Return the digest of what it holds."""
        row = next((row for row in self._tf_packed.rows if row.name == self._tf_place), None)
        return row.digest if row is not None else path_digest(f"{self._tf_packed.directory()}/{self._tf_place}")

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in TEXT or name in _OWN:
            return super().__getattribute__(name)
        return _refuse(self, f"`.{name}`")

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, PathValue):
            return _refuse(self, "its text")
        try:
            further = PurePosixPath(other)
        except TypeError:
            return NotImplemented
        if further.is_absolute():
            return Path(further)
        if ".." in further.parts:
            return _refuse(self, "`..`")
        if not further.parts:
            return self
        if any(row.kind == "file" and row.name == self._tf_place for row in self._tf_packed.rows):
            return _refuse(self, "`/` of a file")
        return PathValue.of(self._tf_packed, "/".join([self._tf_place, *further.parts]))

    def __rtruediv__(self, other: Any) -> Any:
        return _refuse(self, "its text")

    def joinpath(self, *others: Any) -> Any:
        """Join as `/` does."""
        found: Any = self
        for other in others:
            found = found / other
        return found

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PathValue) and other._tf_packed is self._tf_packed:
            return self._tf_place == other._tf_place
        if not isinstance(other, Path) or other.name != self.name or not in_glue():
            return False
        return bool(_refuse(self, "whether it equals another path of that name"))

    def __hash__(self) -> int:
        return hash(self.name)

    def _tf_parts(self, other: Any) -> tuple[list[str], list[str]]:
        mine, its = self._tf_place.split("/"), other._tf_place.split("/") if isinstance(other, PathValue) else [""]
        if its[0] != mine[0] or other._tf_packed is not self._tf_packed:
            _refuse(self, "its order among paths of other values")
        return mine, its

    def __lt__(self, other: Any) -> Any:
        if not isinstance(other, Path):
            return NotImplemented
        mine, its = self._tf_parts(other)
        return mine < its

    def __le__(self, other: Any) -> Any:
        if not isinstance(other, Path):
            return NotImplemented
        mine, its = self._tf_parts(other)
        return mine <= its

    def __gt__(self, other: Any) -> Any:
        if not isinstance(other, Path):
            return NotImplemented
        mine, its = self._tf_parts(other)
        return mine > its

    def __ge__(self, other: Any) -> Any:
        if not isinstance(other, Path):
            return NotImplemented
        mine, its = self._tf_parts(other)
        return mine >= its

    def __str__(self) -> str:
        return str(_refuse(self, "its text")) if in_glue() else f"…/{self.name}"

    def __repr__(self) -> str:
        return str(_refuse(self, "its text")) if in_glue() else f"Path('…/{self.name}')"

    def __fspath__(self) -> str:
        return str(_refuse(self, "its text"))

    def __bytes__(self) -> bytes:
        return bytes(_refuse(self, "its text"))

    def __copy__(self) -> PathValue:
        return self

    def __deepcopy__(self, memo: object) -> PathValue:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _refuse(self, "its content")


_OWN = frozenset({"content_digest", "joinpath", "of"})


def _refuse(path: PathValue, what: str) -> NoReturn:
    raise LateRefusal(
        f"the path {path.name!r} came from a step or an argument, and between the steps only its name is known (`.name`, `.stem`, `.suffix`, and `/` "
        f"to what a directory holds), not {what}; do it in a @step, which gets the file itself"
    )
