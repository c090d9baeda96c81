"""Cancels race their triggers through two API processes: what they stop sends nothing (D10)."""

import subprocess
import sys

import pytest


# A stack of its own: Postgres has to keep the times of its commits, by which the races are judged.
@pytest.mark.timeout(240)
@pytest.mark.rule("E-CANCEL-1", "E-CANCEL-2", "E-CANCEL-3", "E-CANCEL-4", "E-CANCEL-6")
@pytest.mark.rule("E-SCHED-10", "E-LIMITS-28")
def test_a_cancel_within_fifty_milliseconds_of_its_trigger_stops_what_has_not_passed_its_last_pause() -> None:
    trial = subprocess.run(
        [sys.executable, "-m", "tests.faults.cancel_races", "60"], capture_output=True, text=True, timeout=220
    )

    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert "violations: 0" in trial.stdout
    assert "cancelled, nothing sent" in trial.stdout
