"""Starting the process of a pod in a real container, by a program such as docker."""

from __future__ import annotations

import os
import subprocess

from tangentflow.simulator.pods import PodProcess

__all__ = ["ContainerRunner"]


class ContainerRunner:
    """Runs a command in its image. The working directory is the pod's own folder of that name; there are no other folders of the pod."""

    has_images = True

    def __init__(self, engine: str) -> None:
        self.engine = engine

    def start(self, process: PodProcess, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start the process; see `PodRunner`."""
        folder = process.root / process.directory.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        first, *rest = process.command or ("",)
        entry = ["--entrypoint", first] if process.command else []
        names = [part for name in process.declared for part in ("--env", name)]
        place = ["--volume", f"{folder}:{process.directory}", "--workdir", process.directory]
        return subprocess.Popen(
            [self.engine, "run", "--rm", *place, *names, *entry, process.image, *rest],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**os.environ, **process.declared},
            start_new_session=True,
        )

    def finish(self, process: PodProcess) -> int:
        """Return 0; see `PodRunner`."""
        return 0
