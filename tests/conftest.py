"""What all tests share."""

import atexit
import os
import shutil
import tempfile

if "TANGENTFLOW_STORE" not in os.environ:  # runs of tests leave nothing in the working directory
    os.environ["TANGENTFLOW_STORE"] = tempfile.mkdtemp(prefix="tangentflow-tests-")
    atexit.register(shutil.rmtree, os.environ["TANGENTFLOW_STORE"], ignore_errors=True)
