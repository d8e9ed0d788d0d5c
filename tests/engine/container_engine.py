#!/usr/bin/env python3
"""Stands for docker: runs a command on this machine, in its folder, with the variables that it is given and no others.

As there, a container is a process of its own that outlives the program that started it; `rm` ends it. Those that run have a file each in the
folder TANGENTFLOW_TEST_CONTAINERS, with the command line of the program that started them, if there is such a folder.
"""

import contextlib
import os
import selectors
import signal
import struct
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("TANGENTFLOW_TEST_CONTAINERS", f"/tmp/tangentflow-test-containers-{os.getuid()}"))


def remove(name: str) -> None:
    """End a container."""
    with contextlib.suppress(FileNotFoundError):
        pid = int((FOLDER / name).read_text().splitlines()[0])
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def contain(name: str, command: list[str], environment: dict[str, str], wrote: int, said: int, told: int) -> None:
    """Run a container to its end, and tell its status."""
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=wrote, stderr=said, start_new_session=True
        )
    except FileNotFoundError:
        os.write(said, f"docker: {command[0]!r}: executable file not found in $PATH\n".encode())
        os.write(told, struct.pack("i", 127))
        return
    os.close(wrote)
    os.close(said)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / name).write_text("\n".join([str(process.pid), *sys.argv]))
    code = process.wait()
    (FOLDER / name).unlink()
    os.write(told, struct.pack("i", 128 - code if code < 0 else code))


def main() -> int:
    """Do what is asked for; return the exit code."""
    if sys.argv[1] == "rm":
        assert sys.argv[2] == "--force" and len(sys.argv) == 4, sys.argv
        remove(sys.argv[3])
        return 0
    assert sys.argv[1:4] == ["run", "--rm", "--name"], sys.argv
    name, rest = sys.argv[4], sys.argv[5:]
    given: dict[str, list[str]] = {}
    while rest and rest[0].startswith("--"):
        option, value, *rest = rest
        given.setdefault(option, []).append(value)
    image, *words = rest
    mounts = {place: folder for folder, place in (volume.split(":")[:2] for volume in given["--volume"])}
    assert given["--workdir"] == ["/work"], given
    assert all(folder == place for place, folder in mounts.items() if place != "/work"), given
    os.chdir(mounts["/work"])
    command = [*given.get("--entrypoint", ["echo", "the program of", image]), *words]
    environment = {"PATH": "/usr/bin:/bin", "IMAGE": image, **{n: os.environ[n] for n in given.get("--env", [])}}
    (wrote, into_wrote), (said, into_said), (told, into_told) = os.pipe(), os.pipe(), os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nothing, number)
            contain(name, command, environment, into_wrote, into_said, into_told)
        os._exit(0)
    for end in (into_wrote, into_said, into_told):
        os.close(end)
    copying = selectors.DefaultSelector()
    copying.register(wrote, selectors.EVENT_READ, 1)
    copying.register(said, selectors.EVENT_READ, 2)
    while copying.get_map():
        for key, _ in copying.select():
            data = os.read(key.fd, 65536)
            if not data:
                copying.unregister(key.fd)
            while data:
                data = data[os.write(key.data, data) :]
    return int(struct.unpack("i", os.read(told, 4))[0])


if __name__ == "__main__":
    sys.exit(main())
