"""Packages that only a client of a cluster needs."""

from __future__ import annotations

import importlib
from typing import Any

from tangentflow.errors import UsageError

__all__ = ["needed"]

_NAMES = {"argo_workflows": "argo-workflows"}


def needed(module: str) -> Any:
    """Import a module of an optional package. Raises UsageError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != top:
            raise
        raise UsageError(
            f"this needs the package {_NAMES.get(top, top)!r}, which is not installed: pip install 'tangentflow[argo]'"
        ) from error
