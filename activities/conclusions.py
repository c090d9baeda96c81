"""What a function step came to, and writing it down once."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from activities.judging import judged, why_skipped
from activities.ledger import LedgerKey, claim
from activities.standing import Standing
from activities.step_log import ATTEMPTS, log_step
from models.database import Connection, Database
from models.tables.recipient_runs import set_data, set_status
from models.tables.run_events import LogLine
from models.values.kinds import RunStatus
from models.values.refs import RecipientRef
from outbound.redaction import Redaction
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope

A = TypeVar("A", bound=StepAnswer)


@dataclass(frozen=True)
class Conclusion(Generic[A]):
    """The answer, the line that the run's log gets, and the run's data where they change (E-RUN-18).

    `carry_out` writes whatever else the step writes, in the same transaction, and answers the line.
    """

    answer: A
    line: LogLine | None = None
    data: dict[str, Any] | None = None
    carry_out: Callable[[Connection], Awaitable[LogLine | None]] | None = None
    changes: RecipientRef | None = None
    """Whom the step changes: runs may wait for that (E-UPDATE-8)."""


class StepMistake(Exception):
    """The step cannot be carried out on this run's data; the message may quote them and goes to the log."""


def left_out(ask: StepAsk, standing: Standing, scope: RunScope) -> Conclusion[StepAnswer] | None:
    """Why the step is not carried out at all: the run stops here, or the step's conditions do not hold."""
    if standing.stop is not None:
        return Conclusion(standing.stop)
    judgement = judged(standing.version.definition.step(ask.step_ref).conditions, scope, ask.now)
    if judgement.holds:
        return None
    return skipped(why_skipped(judgement), conditions=judgement.trace)


def skipped(reason: str, *, is_error: bool = False, **told: Any) -> Conclusion[StepAnswer]:
    """The step is left out and the run goes on."""
    line = LogLine(event="step_skipped", status="error" if is_error else "ok", data={"reason": reason} | told)
    return Conclusion(StepAnswer(verdict=Verdict.SKIP, reason=reason), line)


@dataclass(frozen=True)
class Mishap:
    """Why an attempt failed: `reason` goes into Temporal's history, `detail` stays in our log (D23)."""

    reason: str
    detail: str | None = None
    is_retryable: bool = True


def failed(
    ask: StepAsk, mishap: Mishap, told: dict[str, Any] | None = None, *, attempts: int = ATTEMPTS
) -> Conclusion[StepAnswer]:
    """Tried again, until the attempts are used up, where that may help; then the step has failed."""
    again = mishap.is_retryable and ask.attempt < attempts
    error = f"{mishap.reason}: {mishap.detail}" if mishap.detail else mishap.reason
    data = (told or {}) | {"error": error, "retryable": mishap.is_retryable}
    line = LogLine(event="step_failed", status="error", attempt=ask.attempt, data=data)
    return Conclusion(
        StepAnswer(verdict=Verdict.RETRY if again else Verdict.FAIL, reason=mishap.reason), line
    )


def as_answer(kind: type[A], conclusion: Conclusion[StepAnswer], **more: Any) -> Conclusion[A]:
    """The same conclusion with an answer of the effect's own type."""
    answer = kind(**{**conclusion.answer.model_dump(), **more})
    return Conclusion(answer, conclusion.line, conclusion.data, conclusion.carry_out)


def redaction_of(standing: Standing) -> Redaction:
    """Takes the environment's secret variables out of what is logged (E-FETCH-12)."""
    return Redaction(standing.secrets.values())


def redacted(standing: Standing, value: dict[str, Any]) -> Any:
    """An object as the log may show it: no secrets, nothing long."""
    return redaction_of(standing).body(json.dumps(value, ensure_ascii=False))


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, Any]:
    """The keys whose values differ, before and after; what was created has only an `after` (E-UPDATE-7)."""
    if before is None:
        return {"after": after}
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {
        "before": {key: before[key] for key in keys if key in before},
        "after": {key: after[key] for key in keys if key in after},
    }


def key_of(ask: StepAsk, step_type: str) -> LedgerKey:
    """One answer for each attempt at a step (D24)."""
    return LedgerKey(ask.recipient_run_id, ask.step_ref, f"{step_type}:{ask.attempt}")


async def write_down(
    database: Database, ask: StepAsk, standing: Standing, step_type: str, conclusion: Conclusion[A]
) -> A:
    """Write the conclusion, once: whoever comes second hears what the first one answered."""
    answer = conclusion.answer
    async with claim(database, key_of(ask, step_type), ask.now, answer) as entry:
        if entry.stored is not None:
            return type(answer).model_validate(entry.stored)
        stop = await standing.enter(entry, ask.now)
        if stop is not None:
            answer = type(answer)(**stop.model_dump())
            await entry.record(answer)
            return answer
        await _write(entry.connection, ask, step_type, conclusion)
    return answer


async def _write(connection: Connection, ask: StepAsk, step_type: str, conclusion: Conclusion[Any]) -> None:
    run = (ask.environment_id, ask.recipient_run_id)
    line = conclusion.line if conclusion.carry_out is None else await conclusion.carry_out(connection)
    if line is not None:
        await log_step(connection, ask, line, step_type)
    if conclusion.data is not None:
        await set_data(connection, *run, conclusion.data, ask.now)
    if conclusion.answer.verdict is Verdict.RETRY:
        # The run is paused, and can be cancelled, while it waits for the next try (E-RUN-2).
        await set_status(connection, *run, RunStatus.PAUSED, ask.now)
