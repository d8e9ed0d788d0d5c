"""The two ways to start a pod's process: with paths that the program itself maps, or in a root folder of its own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tangentflow.simulator.errors import SimulationError
from tangentflow.simulator.interpreter import bare_python
from tangentflow.simulator.pods import CommandNotFound, PodProcess

__all__ = ["POD_ROOT", "PrefixRunner", "RootRunner"]

POD_ROOT = "TANGENTFLOW_POD_ROOT"
"""The variable that tells a pod's program where its `/` is."""
_PYTHON_FOLDER = "/opt/python"
_ENTER = Path(__file__).with_name("enter.py")
_PYTHON = re.compile(r"python(3(\.\d+)?)?")


class PrefixRunner:
    """Runs programs that put the value of TANGENTFLOW_POD_ROOT before every absolute path they open.

    `python` is this interpreter without any installed package. The script and the inputs that a command names are
    mapped; the working directory is the pod's own folder.
    """

    has_images = False

    def __init__(self, python: str | None = None) -> None:
        self.python = python

    def start(self, process: PodProcess, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start the process; see `PodRunner`."""
        executable = bare_python(self.python)
        name, *rest = process.command
        if _PYTHON.fullmatch(name):
            program = str(executable)
        else:
            found = shutil.which(name, path=process.environment["PATH"])
            if found is None:
                raise CommandNotFound(name)
            program = found
        arguments = [str(process.root / a.lstrip("/")) if a in process.paths else a for a in rest]
        directory = process.root / process.directory.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        path = f"{executable.parent}{os.pathsep}{process.environment['PATH']}"
        home = process.environment["HOME"]
        home = str(process.root) if home == "/root" else home
        return subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=directory,
            env={**process.environment, "PATH": path, "HOME": home, POD_ROOT: str(process.root)},
            start_new_session=True,
        )

    def remove(self, process: PodProcess) -> None:
        """Do nothing: its session is killed; see `PodRunner`."""

    def finish(self, process: PodProcess) -> int:
        """Return 0; see `PodRunner`."""
        return 0


class RootRunner:
    """Runs any program on Linux: the pod's folder is its `/`, this machine's programs are mounted into it, read-only.

    An image called busybox or alpine has busybox's commands alone, every other one this machine's.
    """

    has_images = False

    def __init__(self, python: str | None = None) -> None:
        self.python = python

    @staticmethod
    @functools.cache
    def available() -> bool:
        """Return whether this machine lets us make a root folder for a process."""
        if not sys.platform.startswith("linux"):
            return False
        check = subprocess.run([sys.executable, "-I", "-S", str(_ENTER), "--check"], capture_output=True, check=False)
        return check.returncode == 0

    def start(self, process: PodProcess, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start the process; see `PodRunner`."""
        executable = bare_python(self.python)
        environment = dict(process.environment)
        image = process.image.rsplit("/", 1)[-1].split(":")[0]
        if image in ("busybox", "alpine") and shutil.which("busybox"):
            binds: list[tuple[str, str]] = [(str(_busybox()), "/bin")]
            links: list[tuple[str, str]] = []
        else:
            binds, links = _machine(executable)
            environment["PATH"] = f"{_PYTHON_FOLDER}/bin:{environment['PATH']}"
        for folder in (process.directory, "/root", "/var/run"):
            (process.root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        plan = {
            "root": str(process.root),
            "binds": binds,
            "links": links,
            "command": process.command,
            "environment": environment,
            "directory": process.directory,
            "told": str(_beside(process.root, "told")),
        }
        file = _beside(process.root, "json")
        file.write_text(json.dumps(plan))
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_ENTER), str(file)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={},
            start_new_session=True,
        )

    def remove(self, process: PodProcess) -> None:
        """Do nothing: its session is killed; see `PodRunner`."""

    def finish(self, process: PodProcess) -> int:
        """Look whether the root folder could be made; see `PodRunner`."""
        told = _beside(process.root, "told")
        facts = json.loads((told.read_text() if told.exists() else "") or '{"error": "it was not begun"}')
        told.unlink(missing_ok=True)
        if "error" in facts:
            raise SimulationError(f"no root folder could be made for the pod {process.root.name}: {facts['error']}")
        if "missing" in facts:
            raise CommandNotFound(facts["missing"])
        return int(facts["peak"])


def _beside(root: Path, kind: str) -> Path:
    return root.with_name(f"{root.name}.{kind}")


@functools.cache
def _busybox() -> Path:
    """Return a folder with busybox and a link for each of its commands; made once per process."""
    source = str(shutil.which("busybox"))
    folder = Path(tempfile.mkdtemp(prefix="tangentflow-busybox-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy(source, folder / "busybox")
    for name in subprocess.run([source, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if name != "busybox":
            (folder / name).symlink_to("busybox")
    return folder


def _machine(executable: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the folders of this machine that a pod sees, and the links of its root."""
    folders = ["/usr", "/etc"]
    links: list[tuple[str, str]] = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            links.append((os.readlink(path), f"/{name}"))
        elif path.is_dir():
            folders.append(str(path))
    prefixes = {sys.base_prefix, sys.base_exec_prefix, str(Path(os.path.realpath(executable)).parent.parent)}
    folders += sorted(p for p in prefixes if p != "/" and not p.startswith("/usr"))
    python = (str(executable.parent.parent), _PYTHON_FOLDER)
    return [*((folder, folder) for folder in folders), python], links
