"""What performers of forks share: writing down, once, which way was chosen."""

from dataclasses import dataclass, field
from typing import Any

from activities.ledger import LedgerKey, claim
from activities.standing import Standing
from activities.step_log import log_step
from models.database import Database
from models.tables.run_events import LogLine
from workflows_engine.effects.steps import ChooseAnswer, StepAsk, Verdict


@dataclass(frozen=True)
class Choice:
    """The answer, and what the run's log tells of how it came about."""

    answer: ChooseAnswer
    told: dict[str, Any] = field(default_factory=dict)


async def keep(
    database: Database, ask: StepAsk, standing: Standing, step_type: str, choice: Choice
) -> ChooseAnswer:
    """Write the choice and its line `<step type>_chosen`; whoever comes second hears the first's choice.

    A step that is skipped names the steps inside, which are not run either.
    """
    key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"{step_type}:{ask.attempt}")
    async with claim(database, key, ask.now, choice.answer) as entry:
        if entry.stored is not None:
            return ChooseAnswer.model_validate(entry.stored)
        stop = await standing.enter(entry, ask.now)
        if stop is not None:
            answer = ChooseAnswer(**stop.model_dump())
            await entry.record(answer)
            return answer
        line = _line(ask, standing, step_type, choice)
        if line is not None:
            await log_step(entry.connection, ask, line, step_type)
    return choice.answer


def _line(ask: StepAsk, standing: Standing, step_type: str, choice: Choice) -> LogLine | None:
    reason = {"reason": choice.answer.reason}
    match choice.answer.verdict:
        case Verdict.DONE:
            return LogLine(event=f"{step_type}_chosen", data=choice.told)
        case Verdict.SKIP:
            inside = standing.version.definition.inside(ask.step_ref)
            data = reason | choice.told | ({"steps_not_run": inside} if inside else {})
            return LogLine(event="step_skipped", data=data)
        case Verdict.RETRY | Verdict.FAIL:
            data = reason | choice.told
            return LogLine(event="step_failed", status="error", attempt=ask.attempt, data=data)
        case Verdict.STOP:
            return None
