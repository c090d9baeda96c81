"""Performs batch steps: joining, leaving and closing windows, which are rows (E-BATCH, D9)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from activities.flattening import flattened
from activities.judging import judged, why_skipped
from activities.keys import resolve_key
from activities.ledger import Entry, LedgerKey, claim
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load, stopped
from activities.step_log import failure, log_step
from activities.versions import Versions
from dispatch.cancels import workflow_id_of
from dispatch.looking import Condition, condition_of
from dispatch.signals import tell_joined
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.ids import new_uuid
from models.tables import batches
from models.tables.batches import BatchWindow
from models.tables.recipient_runs import (
    LogLine,
    find_carrier,
    join_window,
    set_data,
    set_status,
    spend_cancel,
)
from models.values.durations import LONGEST
from models.values.kinds import Outcome, RunStatus
from rendering.environment import TemplateError
from workflows_engine import effects
from workflows_engine.effects.steps import (
    CloseAnswer,
    JoinAnswer,
    LeaveAnswer,
    StepAnswer,
    StepAsk,
    Verdict,
    WindowAsk,
)
from workflows_engine.scope import RunScope
from workflows_engine.steps.batch import BatchStep

SIGNALLED_JOINS = 200
"""Joins that the owner's workflow hears of, so that the gathering is seen in Temporal (D9)."""


@dataclass(frozen=True)
class Wanted:
    """The window a run would open, and what its author should know about its key."""

    window: BatchWindow
    warning: str | None = None


class BatchSteps:
    """Performs `join_batch`, `leave_batch` and `close_batch`."""

    def __init__(self, database: Database, versions: Versions, temporal: Temporal) -> None:
        self._database = database
        self._versions = versions
        self._temporal = temporal

    @performs(effects.join_batch)
    async def join_batch(self, ask: StepAsk) -> JoinAnswer:
        """Join the open window or open one; whoever opened it holds its timer."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            scope = await build_scope(connection, standing)
        wanted = think(ask, standing, scope)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"join:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return JoinAnswer.model_validate(entry.stored)
            stop = await standing.enter(entry, ask.now)
            if stop is not None or isinstance(wanted, StepAnswer):
                verdict = stop or wanted
                assert isinstance(verdict, StepAnswer)  # one of the two is, as the line above says
                answer, count = JoinAnswer(**verdict.model_dump()), 0
                await self._log_verdict(entry, ask, answer)
            else:
                answer, count = await self._join(entry.connection, ask, standing, wanted)
            await entry.record(answer)
        if answer.owner_run_id is None or answer.is_owner or count > SIGNALLED_JOINS:
            return answer
        return await self._signal_owner(ask, answer, key, count)

    async def _log_verdict(self, entry: Entry, ask: StepAsk, answer: JoinAnswer) -> None:
        if answer.verdict is Verdict.STOP:
            return
        failed = answer.verdict is not Verdict.SKIP
        line = LogLine(
            event="step_failed" if failed else "step_skipped",
            status="error" if failed else "ok",
            attempt=ask.attempt,
            data={"reason": answer.reason},
        )
        await log_step(entry.connection, ask, line, "batch")

    async def _join(
        self, connection: Connection, ask: StepAsk, standing: Standing, wanted: Wanted
    ) -> tuple[JoinAnswer, int]:
        window = await self._open_or_find(connection, ask, wanted.window)
        run = (ask.environment_id, ask.recipient_run_id)
        acceptance = standing.facts["acceptance"]
        count = await batches.add_member(connection, window["id"], acceptance, ask.recipient_run_id, ask.now)
        owner = window["owner_run_id"] or ask.recipient_run_id
        is_owner = owner == ask.recipient_run_id
        if is_owner:
            await batches.set_owner(connection, window["id"], owner)
            await set_status(connection, *run, RunStatus.PAUSED, ask.now, window["closes_at"])
        data = {
            "window_id": str(window["id"]),
            "count": count,
            "closes_at": window["closes_at"].isoformat(),
            "owner_run_id": str(owner),
        } | ({"warning": wanted.warning} if wanted.warning else {})
        await log_step(
            connection, ask, LogLine(event="batch_opened" if is_owner else "batch_joined", data=data), "batch"
        )
        answer = JoinAnswer(
            window_id=window["id"], is_owner=is_owner, closes_at=window["closes_at"], owner_run_id=owner
        )
        return answer, count

    async def _open_or_find(self, connection: Connection, ask: StepAsk, wanted: BatchWindow) -> DictRow:
        """The open window under the key, locked; one that nobody holds and that is due is closed first."""
        while True:
            window = await batches.lock_open(connection, ask.environment_id, wanted.key)
            if window is None:
                await batches.open_window(connection, wanted)
                continue
            if window["owner_run_id"] is None and window["closes_at"] <= ask.now:
                totals = await batches.count_members(connection, window["id"])
                await batches.close_window(connection, window["id"], "empty", totals, ask.now)
                continue
            return window

    async def _signal_owner(self, ask: StepAsk, answer: JoinAnswer, key: LedgerKey, count: int) -> JoinAnswer:
        """Tell the owner; where its workflow is gone, this run holds the window from now on (D9)."""
        assert answer.owner_run_id is not None  # the caller looked
        async with self._database.connection() as connection:
            owner = await find_carrier(connection, ask.environment_id, answer.owner_run_id)
        if owner is not None and await tell_joined(
            self._temporal.client, workflow_id_of(owner), ask.step_ref, count
        ):
            return answer
        # A run that a person ended leaves the window; one that Temporal lost is still among the gathered.
        ended = owner is not None and (
            await condition_of(self._temporal, workflow_id_of(owner)) is not Condition.MISSING
        )
        async with self._database.transaction() as connection:
            window = await self._still_owned(connection, ask, answer)
            if window is None:
                return answer
            if ended:
                await batches.leave(connection, window["id"], answer.owner_run_id, ask.now)
            taken = answer.model_copy(update={"is_owner": True, "owner_run_id": ask.recipient_run_id})
            await batches.set_owner(connection, window["id"], ask.recipient_run_id)
            run = (ask.environment_id, ask.recipient_run_id)
            await set_status(connection, *run, RunStatus.PAUSED, ask.now, window["closes_at"])
            await Entry(connection, key, None).record(taken)
            line = LogLine(event="batch_taken_over", data={"from_run_id": str(answer.owner_run_id)})
            await log_step(connection, ask, line, "batch")
        return taken

    async def _still_owned(self, connection: Connection, ask: StepAsk, answer: JoinAnswer) -> DictRow | None:
        """The window, if it is open and still held by the run that is gone."""
        assert answer.window_id is not None  # an answer with an owner has a window
        window = await batches.lock_window(connection, ask.environment_id, answer.window_id)
        if window["closed_at"] is None and window["owner_run_id"] == answer.owner_run_id:
            return window
        return None

    @performs(effects.leave_batch)
    async def leave_batch(self, ask: WindowAsk) -> LeaveAnswer:
        """Take this run's activity out; the window never closes by that (E-CANCEL-6)."""
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"leave:{ask.incarnation}:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return LeaveAnswer.model_validate(entry.stored)
            connection = entry.connection
            window = await batches.lock_window(connection, ask.environment_id, ask.window_id)
            answer = _not_to_leave(window, ask) or await self._leave(connection, ask)
            await entry.record(answer)
        return answer

    async def _leave(self, connection: Connection, ask: WindowAsk) -> LeaveAnswer:
        await batches.leave(connection, ask.window_id, ask.recipient_run_id, ask.now)
        await batches.dismiss_cancelled(connection, ask.window_id, ask.now)
        remaining = (await batches.count_members(connection, ask.window_id))["activities"]
        line = LogLine(event="batch_left", data={"remaining": remaining, "cancel": ask.cancel})
        await log_step(connection, ask, line, "batch")
        if remaining:
            if ask.cancel is not None:
                await spend_cancel(connection, ask.environment_id, ask.recipient_run_id, ask.cancel)
            return LeaveAnswer(remaining=remaining)
        await batches.set_owner(connection, ask.window_id, None)
        stop = stopped(Outcome.CANCELLED, "cancelled while nobody else was gathered")
        return LeaveAnswer(**stop.model_dump() | {"cancel": ask.cancel})

    @performs(effects.close_batch)
    async def close_batch(self, ask: WindowAsk) -> CloseAnswer:
        """Close the window if its row says it is time, and give the run what was gathered (E-BATCH-22)."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"close:{ask.incarnation}:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return CloseAnswer.model_validate(entry.stored)
            window = await batches.lock_window(entry.connection, ask.environment_id, ask.window_id)
            answer = await self._close(entry.connection, ask, standing, window)
            await entry.record(answer)
        return answer

    async def _close(
        self, connection: Connection, ask: WindowAsk, standing: Standing, window: DictRow
    ) -> CloseAnswer:
        if window["owner_run_id"] != ask.recipient_run_id:
            gone = stopped(Outcome.ABSORBED, f"the window is held by run {window['owner_run_id']} now")
            return CloseAnswer(**gone.model_dump())
        if window["closed_at"] is None and ask.now < window["closes_at"]:
            return CloseAnswer(closes_at=window["closes_at"])
        # From here on no cancel of this run's key is accepted until the window is closed: it came either
        # before, and took the run's own activity out, or after, and stops the run (E-CANCEL-8).
        cancel = await standing.cancel_under_lock(connection)
        await batches.dismiss_cancelled(connection, ask.window_id, ask.now)
        totals = await batches.count_members(connection, ask.window_id)
        reason = "window elapsed" if totals["activities"] else "empty"
        await batches.close_window(connection, ask.window_id, reason, totals, ask.now)
        line = LogLine(
            event="batch_closed",
            data={
                "window_id": str(ask.window_id),
                "reason": reason,
                "total_activities": totals["activities"],
            },
        )
        await log_step(connection, ask, line, "batch")
        stop = standing.stop
        if stop is not None and stop.outcome is not Outcome.CANCELLED:
            return CloseAnswer(**stop.model_dump())
        if not totals["activities"]:
            return CloseAnswer(**stopped(Outcome.CANCELLED, "everyone gathered was cancelled").model_dump())
        await self._take_gathered(connection, ask, standing, window)
        if cancel is not None:
            await spend_cancel(connection, ask.environment_id, ask.recipient_run_id, cancel)
        total = totals["activities"]
        told = f"{total} gathered, {totals['actors']} actors"
        return CloseAnswer(total_activities=total, reason=told, spent=cancel)

    async def _take_gathered(
        self, connection: Connection, ask: WindowAsk, standing: Standing, window: DictRow
    ) -> None:
        """The run goes on with the window's activities and their merged data (E-BATCH-28…30)."""
        settings = standing.version.definition.step(window["step_ref"]).settings
        rows = await batches.find_gathered(
            connection,
            ask.environment_id,
            ask.window_id,
            limit=settings.render_limit,
            newest=settings.order == "desc",
        )
        merged: dict[str, Any] = {}
        for row in rows:
            merged |= flattened({**row["shared_data"], **(row["trigger_data"] or {})})
        run = (ask.environment_id, ask.recipient_run_id)
        await set_data(connection, *run, merged, ask.now)
        await join_window(connection, *run, ask.window_id)
        await set_status(connection, *run, RunStatus.PROCESSING, ask.now)


def _not_to_leave(window: DictRow, ask: WindowAsk) -> LeaveAnswer | None:
    """A window that another run holds is not ours to leave; after its close the cancel stops the run."""
    if window["owner_run_id"] != ask.recipient_run_id:
        gone = stopped(Outcome.ABSORBED, f"the window is held by run {window['owner_run_id']} now")
        return LeaveAnswer(**gone.model_dump())
    if window["closed_at"] is None:
        return None
    stop = stopped(Outcome.CANCELLED, "cancelled after the window closed")
    return LeaveAnswer(**stop.model_dump() | {"cancel": ask.cancel})


def think(ask: StepAsk, standing: Standing, scope: RunScope) -> Wanted | StepAnswer:
    """The window this run would open, or why it passes the step by."""
    if standing.stop is not None:
        return standing.stop
    step: BatchStep = standing.version.definition.step(ask.step_ref)
    judgement = judged(step.conditions, scope, ask.now)
    if not judgement.holds:
        return StepAnswer(verdict=Verdict.SKIP, reason=why_skipped(judgement))
    closes_at = step.settings.window.after(ask.now)
    if closes_at <= ask.now or closes_at - ask.now > LONGEST:
        # It goes on unbatched, as any window that cannot be resolved (E-BATCH-10).
        return StepAnswer(verdict=Verdict.SKIP, reason="the window is not between now and 365 days")
    try:
        batch_key = resolve_key(step.settings.batch_key or "", scope, ask.now)
    except TemplateError as error:
        where = f" in line {error.line}" if error.line else ""
        return failure(ask, f"template error in batch_key{where}")
    version_id = standing.facts["workflow_version_id"]
    window = BatchWindow(
        id=new_uuid(),
        environment_id=ask.environment_id,
        key=window_key(standing, version_id, batch_key),
        workflow_key=standing.version.key,
        workflow_version_id=version_id,
        step_ref=ask.step_ref,
        owner_run_id=ask.recipient_run_id,
        opened_at=ask.now,
        closes_at=closes_at,
    )
    lost = step.settings.batch_key is not None and not batch_key
    return Wanted(window, f"batch_key {step.settings.batch_key!r} is empty for this run" if lost else None)


def window_key(standing: Standing, version_id: UUID, batch_key: str) -> str:
    """Recipient, version and key, not the step: pinned steps without keys share a window (E-BATCH-3)."""
    parts = [standing.version.key, str(version_id), standing.ref.gid, batch_key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
