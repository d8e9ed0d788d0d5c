"""The program of every pod's container: it unpacks the code and hands over to `tangentflow.runtime.pod`."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CODE_FILE", "GIVEN", "script", "store_code"]

CODE_FILE = "/tf/in/code/v"
"""Where the code lies in pods that load it as an artifact."""

GIVEN = "/tf/in/arguments"
"""Where arguments lie that were put into the artifact repository, in the pod that hands them on."""

_SCRIPT = """\
import base64, os, sys, zlib
if sys.version_info < (3, 10):
    sys.exit("tangentflow: this image has Python %d.%d, and 3.10 or later is needed" % sys.version_info[:2])
root = os.environ.get("TANGENTFLOW_POD_ROOT", "")
{code}
os.makedirs(root + "/tf", exist_ok=True)
with open(root + "/tf/bundle.zip", "wb") as file:
    file.write(zlib.decompress(base64.b64decode(code)))
sys.path.insert(0, root + "/tf/bundle.zip")
from tangentflow.runtime.pod import main
sys.exit(main(root + "/tf/bundle.zip", "{template}", {parameters}))
"""

_STORE = """\
import base64, os, shutil
root = os.environ.get("TANGENTFLOW_POD_ROOT", "")
out = root + "/tf/out/"
os.makedirs(out, exist_ok=True)
"""


def script(template: str, parameters: Mapping[str, str], code: str, by_artifact: bool) -> str:
    """Return the program of a pod. `parameters` are texts with tags in them, `code` is the name of the workflow parameter."""
    if by_artifact:
        load = f'with open(root + "{CODE_FILE}") as file:\n    code = file.read()'
    else:
        load = f'code = "{{{{workflow.parameters.{code}}}}}"'
    listed = ", ".join(f'"{name}": "{text}"' for name, text in parameters.items())
    return _SCRIPT.format(code=load, template=template, parameters=f"{{{listed}}}")


def store_code(parameters: Mapping[str, str]) -> str:
    """Return the program of the pod that writes workflow parameters as artifacts: the code as it is, arguments decoded.

    Without the name of a parameter, arguments are a file of the pod.
    """
    lines = [_STORE]
    for name, parameter in parameters.items():
        if not parameter:
            lines.append(f'shutil.copyfile(root + "{GIVEN}", out + "{name}")\n')
            continue
        text = f'"{{{{workflow.parameters.{parameter}}}}}"'
        data = f"{text}.encode()" if name == "code" else f"base64.b64decode({text})"
        lines.append(f'with open(out + "{name}", "wb") as file:\n    file.write({data})\n')
    return "".join(lines)
