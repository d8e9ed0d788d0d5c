"""The Python of pods: this interpreter with nothing but its standard library, as in a stock python image.

A virtual environment without pip and without the system's packages: `site` runs, so that `exit()` and the like are
there, but its site-packages folder is empty. Nothing of the caller's environment variables reaches it.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import sys
import tempfile
import venv
from pathlib import Path

__all__ = ["bare_python"]


@functools.cache
def bare_python(python: str | None = None) -> Path:
    """Return the executable; made once per process. `python` is used as it is when given."""
    if python is not None:
        return Path(python)
    folder = Path(tempfile.mkdtemp(prefix="tangentflow-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    venv.EnvBuilder(with_pip=False, symlinks=True, system_site_packages=False).create(folder)
    return folder / "bin" / Path(sys.executable).name.replace("pypy", "python")
