"""Kill -9 of every process, one by one and all at once: nothing accepted is lost, no feed shows it twice."""

import subprocess
import sys

import pytest


# In a process of its own: the embedded servers must be children of a main thread, and no other test's event
# loop should stand still meanwhile.
@pytest.mark.timeout(300)
def test_every_accepted_trigger_survives_kill_nine() -> None:
    trial = subprocess.run(
        [sys.executable, "-m", "tests.faults.trial", "90"], capture_output=True, text=True, timeout=280
    )

    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert "accepted 90," in trial.stdout
