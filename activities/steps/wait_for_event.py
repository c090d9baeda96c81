"""Performs wait for event steps: a wait is a row, and what it waits for are rows too (E-WAITEVENT, D31)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from activities.judging import judged, why_skipped
from activities.ledger import Entry, LedgerKey, claim
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load, stopped
from activities.step_log import log_step
from activities.versions import Versions
from models.database import Connection, Database
from models.queries.awaited_events import Candidate, find_candidates, find_earlier
from models.tables.recipient_runs import set_status
from models.tables.run_events import LogLine
from models.tables.waits import EventWait, Settling, find_wait, keep_waiting, open_wait, settle_wait
from models.values.kinds import Outcome, RunStatus
from workflows_engine import effects
from workflows_engine.effects.pauses import LookAsk, WaitAnswer
from workflows_engine.effects.steps import StepAnswer, StepAsk, Verdict
from workflows_engine.scope import RunScope
from workflows_engine.steps.wait_for_event import LONGEST_WAIT, WaitForEventStep, WaitSettings

LOOKED_AT_ONCE = 50
"""Events judged in one look; the next look follows at once where there are more."""


@dataclass
class Looked:
    """What a look came to: the event that ends the wait, if one does, and the traces of those it judged."""

    matched: Candidate | None = None
    seen: list[str] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    more: bool = False


class WaitSteps:
    """Performs `register_wait` and `look_for_event`."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @performs(effects.register_wait)
    async def register_wait(self, ask: StepAsk) -> WaitAnswer:
        """Write the wait down; events from this moment on may end it (E-WAITEVENT-13)."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        wanted = standing.stop or _wanted(ask, standing, scope)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"wait:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return WaitAnswer.model_validate(entry.stored)
            stop = await standing.enter(entry, ask.now)
            answer = await _register(entry, ask, standing, stop or wanted)
            await entry.record(answer)
        return answer

    @performs(effects.look_for_event)
    async def look_for_event(self, ask: LookAsk) -> WaitAnswer:
        """Judge what happened since; the first event that matches claims the wait, else it may be over."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            wait = await find_wait(connection, ask.environment_id, ask.recipient_run_id, ask.step_ref)
            looked = await _look(connection, ask, standing, wait)
        look = f"{ask.incarnation}:{ask.attempt}" if ask.incarnation else f"{ask.attempt}"
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"look:{look}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return WaitAnswer.model_validate(entry.stored)
            for line in looked.lines:
                await log_step(entry.connection, ask, line, "wait_for_event")
            answer = await _conclude(entry, ask, standing, wait, looked)
            await entry.record(answer)
        return answer


def _wanted(ask: StepAsk, standing: Standing, scope: RunScope) -> EventWait | StepAnswer:
    """The wait, or why the step is skipped: its conditions are judged now only (E-WAITEVENT-14)."""
    step: WaitForEventStep = standing.version.definition.step(ask.step_ref)
    judgement = judged(step.conditions, scope, ask.now)
    if not judgement.holds:
        return StepAnswer(verdict=Verdict.SKIP, reason=why_skipped(judgement))
    event = step.settings.event
    # Sources know users only: what waits for one on behalf of an object waits for events about nobody.
    is_about_nobody = event.event_type == "integration_source" and not standing.ref.is_user
    return EventWait(
        recipient_run_id=ask.recipient_run_id,
        step_ref=ask.step_ref,
        environment_id=ask.environment_id,
        topic=event.topic,
        recipient="" if is_about_nobody else standing.ref.gid,
        since=ask.now,
        expires_at=step.settings.expires_at(ask.now),
    )


async def _register(
    entry: Entry, ask: StepAsk, standing: Standing, wanted: EventWait | StepAnswer
) -> WaitAnswer:
    if isinstance(wanted, StepAnswer):
        if wanted.verdict is Verdict.SKIP:
            line = LogLine(event="step_skipped", data={"reason": wanted.reason})
            await log_step(entry.connection, ask, line, "wait_for_event")
        return WaitAnswer(**wanted.model_dump())
    wanted.seen = await find_earlier(entry.connection, wanted.model_dump())
    await open_wait(entry.connection, wanted)
    run = (ask.environment_id, ask.recipient_run_id)
    await set_status(entry.connection, *run, RunStatus.PAUSED, ask.now, wanted.expires_at)
    event = standing.version.definition.step(ask.step_ref).settings.event
    data = event.model_dump(exclude_none=True) | {"until": wanted.expires_at.isoformat()}
    await log_step(entry.connection, ask, LogLine(event="wait_started", data=data), "wait_for_event")
    return WaitAnswer(until=wanted.expires_at)


async def _look(connection: Connection, ask: LookAsk, standing: Standing, wait: DictRow) -> Looked:
    """Nothing is looked at for a run that is cancelled: its wait is over."""
    if wait["settled_at"] is not None or _cancel(ask, standing) is not None:
        return Looked()
    candidates = await find_candidates(connection, wait, LOOKED_AT_ONCE)
    looked = Looked(more=len(candidates) == LOOKED_AT_ONCE)
    if not candidates:
        return looked
    scope = await build_scope(connection, standing)
    matching = _settings(ask, standing).matching
    for candidate in candidates:
        judgement = judged(matching, replace(scope, event=candidate.payload), ask.now)
        looked.seen.append(candidate.id)
        data: dict[str, Any] = {"event_id": candidate.id, "result": judgement.holds}
        data |= {"conditions": judgement.trace}
        if judgement.unjudged is not None:
            data["reason"] = judgement.unjudged
        looked.lines.append(LogLine(event="wait_conditions_evaluated", data=data))
        if judgement.holds:
            looked.matched = candidate
            break
    return looked


async def _conclude(
    entry: Entry, ask: LookAsk, standing: Standing, wait: DictRow, looked: Looked
) -> WaitAnswer:
    cancel = await standing.cancelled_meanwhile(entry.connection) or _cancel(ask, standing)
    if cancel is not None:
        await _settle(entry, ask, Settling("cancelled", ask.now))
        await _log(entry, ask, "wait_cancelled", {"reason": cancel.reason})
        return WaitAnswer(**cancel.model_dump())
    if looked.matched is not None:
        event = looked.matched
        await _settle(entry, ask, Settling("matched", ask.now, event.id, event.payload))
        await _log(entry, ask, "wait_matched", {"event_id": event.id})
        return await _over(entry, ask, standing, _settings(ask, standing).on_match or "continue", "matched")
    expires_at = _expires_at(ask, wait)
    if ask.now >= expires_at and not looked.more:
        await _settle(entry, ask, Settling("expired", ask.now))
        await _log(entry, ask, "wait_expired", {"expires_at": expires_at.isoformat()})
        return await _over(entry, ask, standing, _settings(ask, standing).on_timeout or "halt", "expired")
    await keep_waiting(entry.connection, wait, looked.seen, expires_at, ask.now)
    if expires_at != wait["expires_at"]:
        run = (ask.environment_id, ask.recipient_run_id)
        await set_status(entry.connection, *run, RunStatus.PAUSED, ask.now, expires_at)
        await _log(entry, ask, "pause_moved", {"until": expires_at.isoformat(), "by": "an operator"})
    return WaitAnswer(until=expires_at, more=looked.more)


async def _over(entry: Entry, ask: LookAsk, standing: Standing, action: str, result: str) -> WaitAnswer:
    """The run goes on at work, or is cancelled as the step says (E-WAITEVENT-12)."""
    if standing.stop is not None:
        return WaitAnswer(**standing.stop.model_dump())
    if action == "halt":
        told = "the awaited event came" if result == "matched" else "the awaited event did not come in time"
        return WaitAnswer(**stopped(Outcome.CANCELLED, f"{ask.step_ref}: {told}").model_dump())
    run = (ask.environment_id, ask.recipient_run_id)
    await set_status(entry.connection, *run, RunStatus.PROCESSING, ask.now)
    return WaitAnswer(reason=f"the wait {result}")


async def _settle(entry: Entry, ask: LookAsk, settling: Settling) -> None:
    await settle_wait(entry.connection, ask.environment_id, ask.recipient_run_id, ask.step_ref, settling)


async def _log(entry: Entry, ask: LookAsk, event: str, data: dict[str, Any]) -> None:
    await log_step(entry.connection, ask, LogLine(event=event, data=data), "wait_for_event")


def _settings(ask: LookAsk, standing: Standing) -> WaitSettings:
    step: WaitForEventStep = standing.version.definition.step(ask.step_ref)
    return step.settings


def _expires_at(ask: LookAsk, wait: DictRow) -> datetime:
    """As the row says, or as an operator wishes now; never more than 30 days after the step began."""
    expires_at: datetime = wait["expires_at"] if ask.until is None else ask.until
    latest: datetime = wait["since"] + LONGEST_WAIT
    return min(expires_at, latest)


def _cancel(ask: LookAsk, standing: Standing) -> StepAnswer | None:
    """What ends a wait before its time; an inactive workflow is only looked at when the run goes on."""
    facts = standing.facts
    if standing.stop is not None and (facts["finished_at"] or facts["later_cancel"]) is not None:
        return standing.stop
    return stopped(Outcome.CANCELLED, "cancelled while waiting") if ask.is_cancelled else None
