"""Runs that fell asleep under the release before end under this one (docs/operating.md)."""

import subprocess
import sys

import pytest


# Old and new code need processes of their own, and their fixed task queues a Temporal of their own.
@pytest.mark.timeout(300)
def test_runs_asleep_under_the_release_before_end_under_this_one() -> None:
    trial = subprocess.run(
        [sys.executable, "-m", "tests.upgrade.trial"], capture_output=True, text=True, timeout=280
    )

    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert "11 runs ended as expected" in trial.stdout
