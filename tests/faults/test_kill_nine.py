"""Kill -9 of every process, one by one and all at once: nothing accepted is lost, no feed shows it twice."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.stack import Stack
from tests.faults.trial import trial, write_project


# Not a coroutine: the embedded servers must be children of the main thread.
@pytest.mark.timeout(240)
def test_every_accepted_trigger_survives_kill_nine(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    try:
        stack.start(write_project(tmp_path / "project"))
        verdict = asyncio.run(trial(stack, triggers=90, patience=150))
    finally:
        stack.stop()

    assert verdict.accepted == 90
    assert (verdict.lost, verdict.doubled, verdict.unsettled) == ([], [], [])
