"""A Slurm of one machine, as far as `sbatch`, `srun`, `squeue`, `scancel` and `scontrol` show it: `python fake.py COMMAND ARGUMENT...`.

FAKE_SLURM is a directory with a file for each job: its process, its state, its script.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

HOME = Path(os.environ["FAKE_SLURM"])


def options(script: str) -> dict[str, str]:
    """Return the `#SBATCH` options of a script."""
    found = {}
    for line in script.splitlines():
        if line.startswith("#SBATCH --"):
            name, _, value = shlex.split(line)[1][2:].partition("=")
            found[name] = value
    return found


def sbatch(path: str) -> int:
    script = Path(path).read_text()
    own = options(script)
    if own.get("partition") == "closed":
        print("sbatch: error: invalid partition specified: closed", file=sys.stderr)
        return 1
    number = len(list(HOME.glob("*.json"))) + 1
    files = [own[name].replace("%j", str(number)).replace("%t", "0") for name in ("output", "error")]
    environment = {
        **os.environ, "SLURM_JOB_ID": str(number), "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0",
        "SLURM_JOB_NODELIST": "fake1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0",
    }  # fmt: skip
    with open(files[0], "ab") as out, open(files[1], "ab") as error:
        job = subprocess.Popen(
            ["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=out, stderr=error, env=environment, start_new_session=True
        )  # fmt: skip
    (HOME / f"{number}.json").write_text(json.dumps({"pid": job.pid, "options": own, "script": script}))
    print(f"Submitted batch job {number}")
    return 0


def srun(*arguments: str) -> int:
    left = list(arguments)
    while left and left[0].startswith("--"):
        name = left.pop(0)
        if name in ("--output", "--error"):
            file = left.pop(0).replace("%j", os.environ["SLURM_JOB_ID"]).replace("%t", "0")
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1 if name == "--output" else 2)
    os.execvp(left[0], left)


def alive(number: int) -> bool:
    try:
        pid = json.loads((HOME / f"{number}.json").read_text())["pid"]
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, ValueError):
        return False


def squeue(*arguments: str) -> int:
    for file in sorted(HOME.glob("*.json")):
        if alive(int(file.stem)):
            print(file.stem)
    return 0


def scancel(number: str) -> int:
    job = json.loads((HOME / f"{number}.json").read_text())
    os.killpg(job["pid"], signal.SIGTERM)
    (HOME / f"{number}.cancelled").touch()
    return 0


def scontrol(show: str, job: str, form: str, number: str) -> int:
    print(
        f"JobId={number} JobName=x JobState={'CANCELLED' if (HOME / f'{number}.cancelled').exists() else 'FAILED'} Reason=None"
    )
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
