"""Random programs of the accepted language: written, checked against the contract, and made smaller where they break it.

`program` writes one, `check` compares the ways to run it, `shrink` makes a failing one small. `python -m tests.language.hunt` looks
through thousands.
"""

from tests.language.random_programs.checking import ENGINES, Report, check, in_time, load
from tests.language.random_programs.dense import Dense
from tests.language.random_programs.generator import Generator
from tests.language.random_programs.shrinking import shrink

__all__ = ["ENGINES", "Dense", "Generator", "Report", "check", "in_time", "load", "program", "shrink"]


def program(seed: int, large: bool = False) -> str:
    """Return the text of the program of a seed: of every fourth one few names in many turns, else of everything."""
    return Dense(seed).program() if seed % 4 == 3 and not large else Generator(seed, large).program()
