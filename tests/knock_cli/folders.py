"""Comparing project folders byte by byte."""

import shutil
from pathlib import Path

STRANGER = Path(__file__).parents[2] / "examples" / "stranger"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a project by its path; what is for people is left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def copy_stranger(folder: Path) -> None:
    """The example project, as somebody's `knock pull` left it."""
    shutil.copytree(STRANGER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
