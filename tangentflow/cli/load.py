"""From `FILE[:WF]` to a workflow.

The file is imported as `python FILE` would find its neighbours, but under its own name: steps are then the same objects in every process.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

from tangentflow.decorators import WorkflowFunction
from tangentflow.errors import LanguageError, Offence, UsageError

__all__ = ["load", "load_all"]


def load(target: str) -> WorkflowFunction[..., object]:
    """Import a file and return the workflow that is named, or its only one.

    Raises UsageError if there is no such file or workflow, or if there are several and none is named; LanguageError if the file is
    no Python; and whatever the file raises.
    """
    file, name = _split(target)
    own, found = _found(file, name)
    if found is not None:
        return found
    if len(own) != 1:
        raise UsageError(_listing(file, own))
    return next(iter(own.values()))


def load_all(target: str) -> list[WorkflowFunction[..., object]]:
    """Import a file and return the workflow that is named, or all that it defines. Raises as `load` does."""
    file, name = _split(target)
    own, found = _found(file, name)
    if found is not None:
        return [found]
    if not own:
        raise UsageError(_listing(file, own))
    return list(own.values())


def _found(
    file: Path, name: str
) -> tuple[dict[str, WorkflowFunction[..., object]], WorkflowFunction[..., object] | None]:
    """Import a file; return the workflows that it defines, and the one that is named."""
    module = _imported(file)
    own = {
        key: v for key, v in vars(module).items() if isinstance(v, WorkflowFunction) and v.__module__ == module.__name__
    }
    if not name:
        return own, None
    found = getattr(module, name, None)
    if not isinstance(found, WorkflowFunction):
        what = "is no workflow" if hasattr(module, name) else "is not there"
        raise UsageError(f"{name} {what} in {file}; {_listing(file, own)}")
    return own, found


def _listing(file: Path, own: dict[str, WorkflowFunction[..., object]]) -> str:
    if not own:
        return f"{file} defines no workflow: decorate a function with @workflow"
    several = "several workflows, name one" if len(own) > 1 else "one workflow"
    return f"it has {several}: {', '.join(f'{file}:{name}' for name in own)}"


def _split(target: str) -> tuple[Path, str]:
    file, colon, name = target.rpartition(":")
    if colon and name.isidentifier() and not os.path.exists(target):
        return _checked(file), name
    return _checked(target), ""


def _checked(file: str) -> Path:
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"there is no file {file}")
    if path.suffix != ".py":
        raise UsageError(f"{file} is no Python file: its name must end in .py")
    return path


def _imported(file: Path) -> ModuleType:
    path = file.resolve()
    name = path.stem
    if "." in name:
        raise UsageError(f"{file} cannot be imported: a module's name has no dot; rename it")
    if name in sys.stdlib_module_names or name == "tangentflow":
        raise UsageError(
            f"{file} cannot be imported: another module is called {name!r}, which it would hide; rename it"
        )
    sys.path.insert(0, str(path.parent))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        if isinstance(error, LanguageError) or error.filename is None:
            raise
        raise _no_python(error) from error
    if not module.__file__ or not path.samefile(module.__file__):
        raise UsageError(f"{file} cannot be imported: another module is called {name!r}; rename it")
    return module


def _no_python(error: SyntaxError) -> LanguageError:
    end = (error.end_lineno or None, error.end_offset or None)  # Python gives 0 where it does not know the end
    place = (error.filename or "", error.lineno or 1, error.offset or 1, *end)
    text = error.text.rstrip("\n") if error.text else None
    return LanguageError(Offence("TF000", "this is not Python", error.msg, "", *place, text))
