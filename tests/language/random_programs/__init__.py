"""Random programs of the accepted language: written, checked against the contract, and made smaller where they break it.

`Generator` writes them, `check` compares the ways to run one, `shrink` makes a failing one small. `python -m tests.language.hunt` looks
through thousands.
"""

from tests.language.random_programs.checking import ENGINES, Report, check, in_time, load
from tests.language.random_programs.generator import Generator
from tests.language.random_programs.shrinking import shrink

__all__ = ["ENGINES", "Generator", "Report", "check", "in_time", "load", "shrink"]
