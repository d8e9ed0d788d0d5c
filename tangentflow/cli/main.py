"""The `tangentflow` command: what it understands, and what its exit codes mean.

Exit codes: 0 fine, 1 the run failed, 2 wrong usage, 3 the language refused the program. Nothing heavy is imported before a command
needs it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType

from tangentflow.cli.parser import parser
from tangentflow.errors import LanguageError, TangentflowError, UsageError

__all__ = ["FAILED", "FINE", "REFUSED", "USAGE", "main", "users_part"]

FINE, FAILED, USAGE, REFUSED = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. `argv` is the command line without the program."""
    arguments = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except LanguageError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except UsageError as error:
        print(f"tangentflow: {error}", file=sys.stderr)
        return USAGE
    except TangentflowError as error:
        print(f"tangentflow: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # whoever read the output has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except KeyboardInterrupt as interrupt:
        print(f"tangentflow: {interrupt.args[0] if interrupt.args else 'interrupted'}", file=sys.stderr)
        return 130
    except Exception as error:
        traceback.print_exception(type(error), error, users_part(error.__traceback__))
        return FAILED


def users_part(frames: TracebackType | None) -> TracebackType | None:
    """Return a traceback without what the command and the import system did before the user's file was reached."""
    machinery = {os.path.dirname(__file__), os.path.dirname(importlib.__file__)}
    part = frames
    while part is not None:
        file = part.tb_frame.f_code.co_filename
        if not file.startswith("<frozen ") and os.path.dirname(file) not in machinery:
            return part
        part = part.tb_next
    return frames
