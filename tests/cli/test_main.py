"""The commands that serve, as processes of their own: told to stop, they stop well."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = "print('importing', flush=True); input()"


@pytest.fixture
def slow_imports(tmp_path: Path) -> dict[str, str]:
    """An environment in which a module that both doors import takes for ever."""
    (tmp_path / "psycopg.py").write_text(SLOW)
    return os.environ | {"PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("words", [["api"], ["worker"], ["cli", "api"], ["cli", "worker"]])
def test_a_door_that_is_told_to_stop_while_it_is_still_importing_ends_well(
    words: list[str], slow_imports: dict[str, str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", *words], env=slow_imports, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as door:
        assert door.stdout is not None
        assert door.stdout.readline() == b"importing\n"
        door.send_signal(signal.SIGTERM)
        code = door.wait(timeout=60)
    assert code == 0
