"""What step performers write of themselves into a run's log, and how they fail."""

from dataclasses import replace

from models.database import Connection
from models.tables.run_events import LogLine, log
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict

ATTEMPTS = 3
"""Tries of a failing step in all (E-RUN-7)."""


async def log_step(connection: Connection, ask: StepAsk, line: LogLine, step_type: str = "channel") -> None:
    """A line about this step, with its ref and type."""
    full = replace(line, step_ref=ask.step_ref, step_type=step_type)
    await log(connection, ask.environment_id, ask.recipient_run_id, full, ask.now)


def failure(ask: StepAsk, reason: str) -> StepAnswer:
    """Try again until the attempts are used up, then fail the step."""
    verdict = Verdict.RETRY if ask.attempt < ATTEMPTS else Verdict.FAIL
    return StepAnswer(verdict=verdict, reason=reason)
