"""The catalogue of refusals and notes: what each code is about, with a program that has it and the one to write instead.

Data only. A refusal itself says what stands at its place; the catalogue says what all places of a code have in common. The
documentation is made from it, and the tests compile and run every program in it.
"""

from __future__ import annotations

from tangentflow.language.catalogue import calls, changes, constructs, notes, places, source
from tangentflow.language.catalogue.entry import PRELUDE, Entry

__all__ = ["CATALOGUE", "FAMILIES", "NOTES", "PRELUDE", "Entry"]

FAMILIES = (
    ("TF0", "The source", source.ENTRIES),
    ("TF1", "Constructs, and places where a step cannot stand", (*constructs.ENTRIES, *places.ENTRIES)),
    ("TF2", "Changes in place", changes.ENTRIES),
    ("TF3", "Calls in glue", calls.ENTRIES),
)
"""The families of codes: how they begin, what they are about, and their entries."""

CATALOGUE = {entry.code: entry for _, _, entries in FAMILIES for entry in entries}
"""Every code that a program may be refused with."""

NOTES = notes.NOTES
"""What is accepted, but noted by `lint`: codes TN…, which refuse nothing."""
