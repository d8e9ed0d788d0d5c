#!/usr/bin/env python3
"""Stands for docker: runs a command on this machine, in its folder, with the variables that it is given and no others."""

import os
import sys

assert sys.argv[1:3] == ["run", "--rm"], sys.argv
rest = sys.argv[3:]
given: dict[str, list[str]] = {}
while rest and rest[0].startswith("--"):
    option, value, *rest = rest
    given.setdefault(option, []).append(value)
image, *words = rest
[volume] = given["--volume"]
folder, _, place = volume.rpartition(":")
assert given["--workdir"] == [place] == ["/work"], given
os.chdir(folder)
command = [*given.get("--entrypoint", ["echo", "the program of", image]), *words]
try:
    os.execvpe(
        command[0],
        command,
        {"PATH": "/usr/bin:/bin", "IMAGE": image, **{n: os.environ[n] for n in given.get("--env", [])}},
    )
except FileNotFoundError:
    sys.stderr.write(f"docker: {command[0]!r}: executable file not found in $PATH\n")
    sys.exit(127)
