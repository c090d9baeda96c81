"""Temporal's test server, which skips time: 85 MB that only simulations need, installed by the first one."""

import subprocess
import sys
from pathlib import Path

from cli.errors import CommandError
from simulation.skipping_server import find_test_server

CHECKOUT = Path(__file__).resolve().parents[1]


def ensure_test_server(root: Path = CHECKOUT) -> None:
    """It is there, or is installed now, as pinned in requirements/simulate.txt; raises CommandError."""
    try:
        find_test_server()
    except LookupError as missing:
        install_test_server(root, str(missing))


def install_test_server(root: Path, missing: str) -> None:
    """Into the `.venv` of a checkout; whoever installed in another way is told what to do."""
    installer = root / "requirements" / "install.py"
    if not installer.exists() or Path(sys.prefix).resolve() != (root / ".venv").resolve():
        raise CommandError(missing)
    # What a simulation prints may be kept as a snapshot: this goes elsewhere.
    done = subprocess.run([sys.executable, str(installer), "simulate"], stdout=sys.stderr, check=False)
    if done.returncode:
        raise CommandError(f"{missing}; installing it failed, see above")
