"""Performs batch steps: joining, leaving and closing windows, which are rows (E-BATCH, D9)."""

from psycopg.rows import DictRow

from activities.absorbing import SIGNALLED_JOINS, Absorbed, absorb, end_absorbed
from activities.batch_windows import Wanted, joined_line, think
from activities.flattening import flattened
from activities.ledger import Entry, LedgerKey, claim, set_answers_aside
from activities.performs import performs
from activities.scopes import build_scope
from activities.standing import Standing, load, stopped
from activities.step_log import log_step
from activities.versions import Versions
from activities.window_closing import resuming_version, shut, take_gathered
from dispatch.carrying import workflow_id_of
from dispatch.looking import Condition, condition_of, is_forgotten
from dispatch.signals import tell_joined, tell_look
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_run
from models.database import Connection, Database
from models.tables import batches
from models.tables.batches import Joining
from models.tables.recipient_runs import (
    find_carrier,
    is_still_open,
    set_data,
    set_status,
    spend_cancel,
)
from models.tables.run_events import LogLine
from models.values.kinds import Outcome, RunStatus
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
from workflows_engine.plan import Plan

ELAPSED = "window elapsed"


class BatchSteps:
    """Performs `join_batch`, `leave_batch` and `close_batch`."""

    def __init__(
        self, database: Database, versions: Versions, temporal: Temporal, *, settles: bool = True
    ) -> None:
        """`settles`: being absorbed may end a run."""
        self._database = database
        self._versions = versions
        self._temporal = temporal
        self._settles = settles

    @performs(effects.join_batch)
    async def join_batch(self, ask: StepAsk) -> JoinAnswer:
        """Join the open window or open one; whoever opened it holds its timer."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
            wanted = think(ask, standing, await build_scope(connection, standing))
            key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"join:{ask.attempt}")
            absorbed = None
            if isinstance(wanted, Wanted):
                absorbed = await absorb(connection, ask, key, standing, wanted, settles=self._settles)
        if absorbed is not None:
            return await self._tell_of(ask, absorbed, key)
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is None:
                answer = await _joined(entry, ask, standing, wanted)
                await entry.record(answer)
            else:
                # The owner is told again: whoever came first may have been lost before it told.
                answer = JoinAnswer.model_validate(entry.stored)
        if answer.owner_run_id is None or answer.is_owner:
            return answer
        if answer.count > SIGNALLED_JOINS and not answer.hurry:
            return answer
        return await self._signal_owner(ask, answer, key)

    async def _tell_of(self, ask: StepAsk, absorbed: Absorbed, key: LedgerKey) -> JoinAnswer:
        """Tell the window's owner while few have joined, and whoever waits for the end of this run."""
        answer, is_awaited = absorbed.answer, absorbed.is_awaited
        if answer.count <= SIGNALLED_JOINS:
            answer = await self._signal_owner(ask, answer, key)
            if answer.is_owner or not absorbed.may_end:
                return answer
            is_awaited = await end_absorbed(self._database, ask, answer)
            answer = answer.model_copy(update={"is_settled": True})
        if is_awaited:
            run = (ask.environment_id, ask.recipient_run_id)
            await wake_for_run(self._database, self._temporal, *run, "completed")
        return answer

    async def _signal_owner(self, ask: StepAsk, answer: JoinAnswer, key: LedgerKey) -> JoinAnswer:
        """Tell the owner; where its workflow is gone, this run holds the window from now on (D9)."""
        assert answer.owner_run_id is not None  # the caller looked
        async with self._database.connection() as connection:
            owner = await find_carrier(connection, ask.environment_id, answer.owner_run_id)
        if owner is not None and await self._tell(workflow_id_of(owner), ask, answer):
            return answer
        ended = owner is not None and await self._was_ended(owner)
        async with self._database.transaction() as connection:
            window = await _still_owned(connection, ask, answer)
            if window is None:
                return answer
            if ended and window["closed_at"] is None:
                await batches.leave(connection, window["id"], answer.owner_run_id, ask.now)
            taken = answer.model_copy(update={"is_owner": True, "owner_run_id": ask.recipient_run_id})
            await batches.set_owner(connection, window["id"], ask.recipient_run_id)
            run = (ask.environment_id, ask.recipient_run_id)
            await set_status(connection, *run, RunStatus.PAUSED, ask.now, window["closes_at"])
            await Entry(connection, key, None).record(taken)
            line = LogLine(event="batch_taken_over", data={"from_run_id": str(answer.owner_run_id)})
            await log_step(connection, ask, line, "batch")
        return taken

    async def _was_ended(self, owner: DictRow) -> bool:
        """A run that a person ended leaves the window; one that a server lost is still among the gathered."""
        workflow_id = workflow_id_of(owner)
        condition = await condition_of(self._temporal, workflow_id)
        if condition is Condition.MISSING:
            return False
        is_open = owner["finished_at"] is None
        return not (is_open and await is_forgotten(self._temporal, workflow_id, condition))

    async def _tell(self, workflow_id: str, ask: StepAsk, answer: JoinAnswer) -> bool:
        if answer.hurry:
            return await tell_look(self._temporal.client, workflow_id)
        return await tell_joined(self._temporal.client, workflow_id, ask.step_ref, answer.count)

    @performs(effects.leave_batch)
    async def leave_batch(self, ask: WindowAsk) -> LeaveAnswer:
        """Take this run's activity out; the window never closes by that (E-CANCEL-6)."""
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"leave:{ask.incarnation}:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is not None:
                return LeaveAnswer.model_validate(entry.stored)
            connection = entry.connection
            window = await batches.lock_window(connection, ask.environment_id, ask.window_id)
            answer = _not_to_leave(window, ask) or await _leave(connection, ask)
            await entry.record(answer)
        return answer

    @performs(effects.close_batch)
    async def close_batch(self, ask: WindowAsk) -> CloseAnswer:
        """Close the window if its row says it is time, and give the run what was gathered (E-BATCH-22)."""
        async with self._database.connection() as connection:
            standing = await load(connection, self._versions, ask)
        key = LedgerKey(ask.recipient_run_id, ask.step_ref, f"close:{ask.incarnation}:{ask.attempt}")
        async with claim(self._database, key, ask.now) as entry:
            if entry.stored is None:
                window = await batches.lock_window(entry.connection, ask.environment_id, ask.window_id)
                answer = await self._close(entry.connection, ask, standing, window)
                await entry.record(answer)
            else:
                answer = CloseAnswer.model_validate(entry.stored)
        if answer.version_id is None:
            return answer
        async with self._database.connection() as connection:
            version = await self._versions.get(connection, ask.environment_id, answer.version_id)
        return answer.model_copy(update={"plan": version.plan})

    async def _close(
        self, connection: Connection, ask: WindowAsk, standing: Standing, window: DictRow
    ) -> CloseAnswer:
        if window["owner_run_id"] != ask.recipient_run_id:
            gone = stopped(Outcome.ABSORBED, f"the window is held by run {window['owner_run_id']} now")
            return CloseAnswer(**gone.model_dump())
        if window["closed_at"] is None:
            if ask.now < window["closes_at"]:
                return CloseAnswer(closes_at=window["closes_at"])
            why = window["close_reason"] or ELAPSED
            window = await shut(connection, ask.environment_id, window, why, ask.now)
        await batches.mark_taken(connection, ask.window_id, ask.now)
        total, reason = window["total_activities"], window["close_reason"]
        line = {"window_id": str(ask.window_id), "reason": reason, "total_activities": total}
        await log_step(connection, ask, LogLine(event="batch_closed", data=line), "batch")
        stop = standing.stop
        if stop is not None and stop.outcome is not Outcome.CANCELLED:
            return CloseAnswer(**stop.model_dump())
        if not total:
            return CloseAnswer(**stopped(Outcome.CANCELLED, "everyone gathered was cancelled").model_dump())
        version = await resuming_version(connection, self._versions, standing, window["step_ref"])
        if version.id != standing.version.id:
            later = Plan.read(version.plan).refs_after(window["step_ref"])
            await set_answers_aside(connection, ask.recipient_run_id, later, version.id)
        await take_gathered(connection, standing, version, window, ask.now)
        spent = window["spent_cancel"]
        if spent is not None:
            await spend_cancel(connection, ask.environment_id, ask.recipient_run_id, spent)
        return CloseAnswer(
            total_activities=total,
            reason=f"{total} gathered, {window['total_actors']} actors",
            spent=spent,
            version_id=None if version.id == standing.version.id else version.id,
        )


async def _joined(entry: Entry, ask: StepAsk, standing: Standing, wanted: Wanted | StepAnswer) -> JoinAnswer:
    stop = await standing.enter(entry, ask.now)
    verdict = stop or wanted
    if isinstance(verdict, Wanted):
        return await _join(entry.connection, ask, standing, verdict)
    answer = JoinAnswer(**verdict.model_dump())
    await _log_verdict(entry, ask, answer)
    return answer


async def _log_verdict(entry: Entry, ask: StepAsk, answer: StepAnswer, status: str = "ok") -> None:
    if answer.verdict is Verdict.STOP:
        return
    failed = answer.verdict is not Verdict.SKIP
    line = LogLine(
        event="step_failed" if failed else "step_skipped",
        status="error" if failed else status,
        attempt=ask.attempt,
        data={"reason": answer.reason},
    )
    await log_step(entry.connection, ask, line, "batch")


async def _join(connection: Connection, ask: StepAsk, standing: Standing, wanted: Wanted) -> JoinAnswer:
    window = await _find_or_open(connection, ask, wanted)
    if window is None:
        # It goes on unbatched (E-BATCH-10).
        reason = f"the window cannot be resolved: {wanted.unresolved}"
        line = LogLine(event="step_skipped", status="error", data={"reason": reason})
        await log_step(connection, ask, line, "batch")
        return JoinAnswer(verdict=Verdict.SKIP, reason=reason)
    if window["leader_run_id"] == ask.recipient_run_id:
        return await _flush(connection, ask, standing, window)
    closes_at = wanted.closes_at(window)
    acceptance = standing.facts["acceptance"]
    joined = await batches.add_member(
        connection, window["id"], Joining(ask.recipient_run_id, acceptance, closes_at, ask.now)
    )
    is_owner = joined["owner_run_id"] == ask.recipient_run_id
    shut_by = await _reason_to_shut(connection, ask, wanted, joined)
    if shut_by is not None:
        joined = await shut(connection, ask.environment_id, joined, shut_by, ask.now)
    if is_owner:
        run = (ask.environment_id, ask.recipient_run_id)
        await set_status(connection, *run, RunStatus.PAUSED, ask.now, joined["closes_at"])
    await log_step(connection, ask, joined_line(wanted, window, joined), "batch")
    return JoinAnswer(
        window_id=joined["id"],
        is_owner=is_owner,
        closes_at=joined["closes_at"],
        owner_run_id=joined["owner_run_id"],
        count=joined["member_count"],
        hurry=not is_owner and (joined["closed_at"] is not None or closes_at < window["closes_at"]),
    )


async def _reason_to_shut(
    connection: Connection, ask: StepAsk, wanted: Wanted, window: DictRow
) -> str | None:
    """Why a window closes by this very arrival (E-BATCH-12, E-BATCH-14)."""
    limit = wanted.settings.batch_items_max_limit
    if limit is not None and window["member_count"] >= limit:
        await batches.dismiss_cancelled(connection, window["id"], ask.now)
        live = (await batches.count_members(connection, window["id"]))["activities"]
        if live >= limit:
            return "max items"
        await batches.set_count(connection, window["id"], live)
    return "extension limit" if window["closes_at"] <= ask.now else None


async def _find_or_open(connection: Connection, ask: StepAsk, wanted: Wanted) -> DictRow | None:
    """The open window under the key, locked; None where there is none and this run cannot open one.

    One that is due does not take anybody in any more: it is closed, and its owner finds it so.
    """
    while True:
        window = await batches.lock_open(connection, ask.environment_id, wanted.window.key)
        if window is not None and ask.now < window["closes_at"]:
            return window
        if window is not None:
            why = window["close_reason"] or ELAPSED
            await shut(connection, ask.environment_id, window, why, ask.now)
            continue
        if wanted.unresolved is not None:
            return None
        await batches.open_window(connection, wanted.window)


async def _flush(connection: Connection, ask: StepAsk, standing: Standing, window: DictRow) -> JoinAnswer:
    """The leading item opens the window, is not kept in it and goes on at once (E-BATCH-20)."""
    data = {"window_id": str(window["id"]), "closes_at": window["closes_at"].isoformat()}
    await log_step(connection, ask, LogLine(event="batch_leader_flushed", data=data), "batch")
    # Templates after the step find the same kind of data as after a close (E-BATCH-28).
    run = (ask.environment_id, ask.recipient_run_id)
    await set_data(connection, *run, flattened(standing.data), ask.now)
    return JoinAnswer(reason="the leading item goes on at once")


async def _still_owned(connection: Connection, ask: StepAsk, answer: JoinAnswer) -> DictRow | None:
    """The window, if nobody went on with it and it is still held by the run that is gone.

    A run that has ended by now, and only tells again, cannot go on with it: the reconciler names an heir.
    """
    assert answer.window_id is not None  # an answer with an owner has a window
    window = await batches.lock_window(connection, ask.environment_id, answer.window_id)
    if window["taken_at"] is not None or window["owner_run_id"] != answer.owner_run_id:
        return None
    # Locked: another try of the join may be about to end the run as absorbed.
    is_open = await is_still_open(connection, ask.environment_id, ask.recipient_run_id, 0)
    return window if is_open else None


async def _leave(connection: Connection, ask: WindowAsk) -> LeaveAnswer:
    await batches.leave(connection, ask.window_id, ask.recipient_run_id, ask.now)
    await batches.dismiss_cancelled(connection, ask.window_id, ask.now)
    remaining = (await batches.count_members(connection, ask.window_id))["activities"]
    await batches.set_count(connection, ask.window_id, remaining)
    line = LogLine(event="batch_left", data={"remaining": remaining, "cancel": ask.cancel})
    await log_step(connection, ask, line, "batch")
    if remaining:
        if ask.cancel is not None:
            await spend_cancel(connection, ask.environment_id, ask.recipient_run_id, ask.cancel)
        return LeaveAnswer(remaining=remaining)
    await batches.set_owner(connection, ask.window_id, None)
    stop = stopped(Outcome.CANCELLED, "cancelled while nobody else was gathered")
    return LeaveAnswer(**stop.model_dump() | {"cancel": ask.cancel})


def _not_to_leave(window: DictRow, ask: WindowAsk) -> LeaveAnswer | None:
    """A window that another run holds is not ours to leave; after its close the cancel stops the run."""
    if window["owner_run_id"] != ask.recipient_run_id:
        gone = stopped(Outcome.ABSORBED, f"the window is held by run {window['owner_run_id']} now")
        return LeaveAnswer(**gone.model_dump())
    if window["closed_at"] is None:
        return None
    stop = stopped(Outcome.CANCELLED, "cancelled after the window closed")
    return LeaveAnswer(**stop.model_dump() | {"cancel": ask.cancel})
