"""Starting the process of a pod in a real container, by a program such as docker."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path

from tangentflow.simulator.pods import PodProcess

__all__ = ["ContainerRunner"]


class ContainerRunner:
    """Runs a command in its image. The working directory is the pod's own folder of that name, volumes are this machine's directories; there are
    no other folders of the pod.
    """

    has_images = True

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self._names: dict[Path, str] = {}

    def start(self, process: PodProcess, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start the process; see `PodRunner`."""
        folder = process.root / process.directory.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        first, *rest = process.command or ("",)
        entry = ["--entrypoint", first] if process.command else []
        names = [part for name in process.declared for part in ("--env", name)]
        volumes = [f"{folder}:{process.directory}", *[f"{m.removesuffix(':ro')}:{m}" for m in process.mounts]]
        place = [part for volume in volumes for part in ("--volume", volume)] + ["--workdir", process.directory]
        called = self._names[process.root] = f"tangentflow-{uuid.uuid4().hex}"
        return subprocess.Popen(
            [self.engine, "run", "--rm", "--name", called, *place, *names, *entry, process.image, *rest],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**os.environ, **process.declared},
            start_new_session=True,
        )

    def remove(self, process: PodProcess) -> None:
        """Remove the container, which outlives the program that started it; see `PodRunner`."""
        subprocess.run([self.engine, "rm", "--force", self._names[process.root]], capture_output=True, check=False)

    def finish(self, process: PodProcess) -> int:
        """Return 0; see `PodRunner`."""
        return 0
