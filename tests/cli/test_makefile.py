import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def choose_python(given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "requirements/find_python.sh", given], cwd=ROOT, capture_output=True, text=True, check=False
    )


def a_python(folder: Path, version: str, is_new_enough: bool) -> str:
    """A program that answers the two questions as a Python of that version does."""
    program = folder / "python3"
    asked_for_version = f"echo {version} at {program}"
    program.write_text(
        f'#!/bin/sh\ncase "$2" in *exit*) exit {0 if is_new_enough else 1};; *) {asked_for_version};; esac\n'
    )
    program.chmod(0o755)
    return str(program)


def test_a_python_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    program = a_python(tmp_path, "3.12", is_new_enough=True)
    chosen = choose_python(program)
    assert (chosen.returncode, chosen.stdout.strip()) == (0, program)


def test_an_old_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    program = a_python(tmp_path, "3.9", is_new_enough=False)
    chosen = choose_python(program)
    assert chosen.returncode == 1
    assert (
        f"needs Python 3.11 or newer; found 3.9 at {program}; install it or run make up PYTHON="
        in chosen.stderr
    )


def test_a_python_that_is_not_there_is_refused_with_the_way_out() -> None:
    chosen = choose_python("/nowhere/python3")
    assert chosen.returncode == 1
    assert "found no /nowhere/python3" in chosen.stderr
