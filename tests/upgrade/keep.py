"""Keeps a release for the upgrade trial: `python -m tests.upgrade.keep COMMIT`.

It takes the place of the one that was kept. Run it with the tag of a release once that is out.
"""

import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

KEPT = Path(__file__).parent / "release_before.tar.xz"
PACKAGES = (
    *("activities", "api", "cli", "dispatch", "models", "outbound", "publishing"),
    *("rendering", "simulation", "worker", "workflows_engine"),
)


def keep(commit: str) -> None:
    """The packages of that commit, and nothing else, in one archive."""
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", commit], check=True, capture_output=True, text=True
    ).stdout.split()
    present = [package for package in PACKAGES if package in listed]
    archive = subprocess.run(["git", "archive", commit, *present], check=True, capture_output=True).stdout
    KEPT.write_bytes(lzma.compress(archive, preset=9 | lzma.PRESET_EXTREME))


def unpack(folder: Path) -> Path:
    """The kept release, ready to run from there."""
    with tarfile.open(KEPT) as archive:
        archive.extractall(folder, filter="data")
    return folder


if __name__ == "__main__":
    keep(sys.argv[1])
