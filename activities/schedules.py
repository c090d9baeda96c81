"""Keeps schedules: fires the occurrence that is due, once, and finds the next one (E-SCHED)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from temporalio import activity

from activities.performs import performs
from dispatch.crowds import Crowds
from dispatch.errors import NotAccepted, Unavailable
from dispatch.schedules import recurrence_of, why_data_misfits, zone_for
from dispatch.starting import owner_of
from dispatch.temporal import Temporal
from dispatch.triggers import Origin, Place, TriggerRequest, accept
from models.database import Connection, Database
from models.tables.schedules import (
    claim_occurrence,
    lock_schedule,
    move_on,
    settle_occurrence,
    skip_occurrence,
)
from models.tables.triggers import find_trigger
from models.values.given import GivenRecipient, GivenTenant
from models.values.kinds import TriggerSource
from models.values.refs import RecipientRef
from workflows_engine import effects, names
from workflows_engine.effects.schedules import KeepScheduleAnswer, KeepScheduleAsk


@dataclass(frozen=True)
class Kept:
    """How a schedule stands after a look: when it is due next, and what is to be fired now, if anything."""

    due: datetime | None
    firing: datetime | None = None
    said: str = ""


class Schedules:
    """Performs `keep_schedule`."""

    def __init__(self, database: Database, temporal: Temporal, crowds: Crowds | None = None) -> None:
        self._database = database
        self._temporal = temporal
        self._crowds = crowds or Crowds()

    @performs(effects.keep_schedule)
    async def keep_schedule(self, ask: KeepScheduleAsk) -> KeepScheduleAnswer:
        """Fire what is due and say when to look again.

        The claim and the next occurrence are one transaction; the trigger's id follows from the occurrence.
        So a try that was cut off anywhere is made good by the next one, and nothing fires twice.
        """
        async with self._database.transaction() as connection:
            schedule = await lock_schedule(connection, ask.environment_id, ask.schedule_id)
            if schedule is None:
                return KeepScheduleAnswer(said="the schedule was deleted")
            kept = await keep(connection, schedule, ask.now)
        said = kept.said
        if kept.firing is not None:
            said = await self._fire(schedule, kept.firing, ask.now)
        return KeepScheduleAnswer(due=kept.due, said=said)

    async def _fire(self, schedule: DictRow, occurrence: datetime, now: datetime) -> str:
        environment_id, schedule_id = schedule["environment_id"], schedule["id"]
        trigger_id = await self._trigger_id(environment_id, schedule_id, occurrence)
        place = Place(environment_id, schedule["slug"], schedule["branch_id"])
        request = _request(schedule, trigger_id, now)
        whose = owner_of(environment_id, request.tenant.id if request.tenant else None)
        request = replace(request, is_crowd=self._crowds.asks(whose))
        try:
            await accept(self._database, self._temporal, place, request)
        except Unavailable:
            raise  # Our own infrastructure: this effect is tried again (D26).
        except NotAccepted as refusal:
            # The reason may quote the schedule's data, which stay in its row (D23).
            activity.logger.warning("schedule %s skips %s: %s", schedule_id, occurrence, refusal.kind)
            async with self._database.connection() as connection:
                await skip_occurrence(connection, schedule, occurrence, str(refusal))
            return _skipped(occurrence, refusal.kind)
        async with self._database.connection() as connection:
            await settle_occurrence(connection, environment_id, schedule_id)
        return f"fired {occurrence:%Y-%m-%d %H:%M:%S} UTC as {trigger_id}"

    async def _trigger_id(self, environment_id: UUID, schedule_id: UUID, occurrence: datetime) -> UUID:
        """The occurrence's own; another one where an outage lasted until that trigger was retired."""
        trigger_id = names.scheduled_run_id(schedule_id, occurrence)
        async with self._database.connection() as connection:
            while True:
                found = await find_trigger(connection, environment_id, trigger_id)
                if found is None or found["retired_at"] is None:
                    return trigger_id
                trigger_id = names.scheduled_run_id(trigger_id, occurrence)


async def keep(connection: Connection, schedule: DictRow, now: datetime) -> Kept:
    """Bring a locked schedule up to now.

    However many occurrences an outage made it miss, it fires once (E-SCHED-11). One that cannot run is
    skipped, and the schedule kept (E-SCHED-12).
    """
    due = await _in_present_zone(connection, schedule, now)
    if schedule["firing_at"] is not None:
        return Kept(due, firing=schedule["firing_at"])
    if due is None:
        return Kept(None, said="no occurrence is left")
    if due > now:
        return Kept(due)
    zone = zone_for(schedule)
    counted_from = max(due, now)
    following = recurrence_of(schedule).after(counted_from, zone)
    await move_on(connection, schedule, due=following, zone=zone.key, counted_from=counted_from)
    refusal = await _why_not(connection, schedule)
    if refusal is not None:
        await skip_occurrence(connection, schedule, due, refusal.reason)
        return Kept(following, said=_skipped(due, refusal.kind))
    await claim_occurrence(connection, schedule, due)
    return Kept(following, firing=due)


async def _in_present_zone(connection: Connection, schedule: DictRow, now: datetime) -> datetime | None:
    """The next occurrence, computed anew if the recipient's zone changed meanwhile (E-SCHED-4)."""
    due: datetime | None = schedule["next_occurrence_at"]
    zone, recurrence = zone_for(schedule), recurrence_of(schedule)
    if due is None or zone.key == schedule["zone"]:
        return due
    # Heard in time, what has passed in the new zone is no occurrence missed; heard too late, it is.
    counted_from = now if due > now else schedule["counted_from"]
    # A moment that was given does not move; that it was looked at in this zone is written down all the same.
    moved = recurrence.after(counted_from, zone) if recurrence.rules else due
    await move_on(connection, schedule, due=moved, zone=zone.key, counted_from=counted_from)
    return moved


@dataclass(frozen=True)
class _Refusal:
    """Why an occurrence cannot run: `kind` quotes no data and may be told to Temporal, `reason` may (D23)."""

    kind: str
    reason: str


async def _why_not(connection: Connection, schedule: DictRow) -> _Refusal | None:
    """Known before the occurrence is claimed, so that one that never ran is not its last."""
    key, version_id = schedule["workflow_key"], schedule["current_version_id"]
    told = None
    if version_id is None:
        told = f'no workflow "{key}" is published'
    elif not schedule["active"]:
        told = f'the workflow "{key}" is inactive'
    if told is not None:
        return _Refusal(told, told)
    misfit = await why_data_misfits(connection, schedule["environment_id"], version_id, schedule["data"])
    return None if misfit is None else _Refusal(misfit.kind, str(misfit))


def _skipped(occurrence: datetime, reason: str) -> str:
    return f"skipped {occurrence:%Y-%m-%d %H:%M:%S} UTC: {reason}"


def _request(schedule: DictRow, trigger_id: UUID, now: datetime) -> TriggerRequest:
    recipient = RecipientRef(collection=schedule["recipient_collection"], id=schedule["recipient_id"])
    actor = None
    if schedule["actor_id"] is not None:
        ref = RecipientRef(collection=schedule["actor_collection"], id=schedule["actor_id"])
        actor = GivenRecipient(ref=ref)
    tenant_id = schedule["tenant_id"]
    return TriggerRequest(
        workflow_key=schedule["workflow_key"],
        recipients=[GivenRecipient(ref=recipient)],
        request_id=names.schedule_workflow(schedule["id"]),
        actor=actor,
        tenant=None if tenant_id is None else GivenTenant(id=tenant_id, properties={}),
        data=schedule["data"],
        accepted_at=now,
        origin=Origin(
            source=TriggerSource.SCHEDULE, trigger_id=trigger_id, schedule_id=schedule["id"], expands=False
        ),
    )
