"""What a recorded call may do to its operands, and what its result may have in common with them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Operands"]


@dataclass(frozen=True)
class Operands:
    """The operands of a recorded call, by name.

    Those in `changes` it may change: their new values are part of its outcome, and so are the values of those `along`, which may have parts
    in common with them or the result. Those in `spent` it may change and nobody cares. Of those in `held`, something else holds what lies so many levels inside (0: all of it): a
    change there would be lost. `witnesses` are no operands, but may have parts in common with them: they must not change either. What holds a
    part of those in `apart` has been put elsewhere when they change: no other operand and no result may have one. `fresh`: the result
    is changed later, so it may have no part of what is held elsewhere.
    """

    changes: tuple[str, ...] = ()
    along: tuple[str, ...] = ()
    spent: tuple[str, ...] = ()
    witnesses: tuple[str, ...] = ()
    held: tuple[tuple[str, int], ...] = ()
    apart: tuple[str, ...] = ()
    fresh: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the call binds to values of its outcome."""
        return tuple(sorted({*self.changes, *self.along}))
