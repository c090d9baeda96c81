"""Accepting schedules: their rows first, then workflows that sleep until they are due (D12)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import DictRow
from temporalio.common import WorkflowIDConflictPolicy

from dispatch.data_schemas import check_data
from dispatch.errors import ActorMissing, DataMismatch, NotAccepted, Unavailable, WorkflowMissing
from dispatch.reaching import reaching_temporal
from dispatch.signals import tell_look
from dispatch.temporal import PATIENCE, Temporal
from dispatch.triggers import Place
from models.database import Connection
from models.ids import new_uuid
from models.queries.account import find_account
from models.queries.recipients import find_recipients
from models.tables.recipients import Identification
from models.tables.schedules import (
    Schedule,
    insert_schedule,
    lock_schedules,
    rewrite_schedule,
)
from models.tables.triggers import find_ground
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef
from models.values.repeats import RepeatRule
from models.values.wall_time import zone_of
from workflows_engine import names
from workflows_engine.recurrence import Recurrence, anchors_of
from workflows_engine.schedule import ScheduleInput, ScheduleWorkflow

IN_FLIGHT = 20
"""Starts at once: more only add latency at the server."""


@dataclass(frozen=True)
class NewSchedule:
    """A schedule of one recipient to be (E-SCHED-1); raises nothing, its caller has checked it."""

    workflow_key: str
    recipient: GivenRecipient
    actor: GivenRecipient | None = None
    tenant: GivenTenant | None = None
    data: dict[str, Any] = field(default_factory=dict)
    repeats: tuple[RepeatRule, ...] = ()
    scheduled_at: datetime | None = None
    ending_at: datetime | None = None

    @property
    def hangs_on(self) -> tuple[str, RecipientRef | None]:
        """The workflow, and the actor if a bare id names one: both must be known."""
        actor = self.actor
        return self.workflow_key, actor.ref if actor is not None and actor.properties is None else None


class SchedulesMissing(LookupError):
    """Some ids name no schedule of this environment; nothing was changed."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        self.ids = sorted(ids)
        super().__init__(", ".join(map(str, self.ids)))


class Aimless(ValueError):
    """A schedule would be left without rules and without a moment."""


def recurrence_of(row: Mapping[str, Any]) -> Recurrence:
    """When the schedule of a row occurs."""
    return Recurrence(
        rules=tuple(RepeatRule.model_validate(rule) for rule in row["repeats"]),
        scheduled_at=row["scheduled_at"],
        ending_at=row["ending_at"],
        anchors=tuple(datetime.fromisoformat(anchor) for anchor in row["anchors"]),
    )


def zone_for(row: DictRow) -> ZoneInfo:
    """The recipient's zone, else the account's, else UTC (E-SCHED-3)."""
    return zone_of([row["recipient_timezone"], row["account_timezone"]])


async def check_ground(connection: Connection, place: Place, wanted: list[NewSchedule]) -> None:
    """Whether all of them could run as things stand.

    Raises WorkflowMissing, ActorMissing for a bare actor who was never identified, or DataMismatch.
    """
    for refusal in await why_groundless(connection, place, wanted):
        if refusal is not None:
            raise refusal


async def why_groundless(
    connection: Connection, place: Place, wanted: list[NewSchedule]
) -> list[NotAccepted | None]:
    """For each of them what `check_ground` would raise for it alone, or None."""
    grounds: dict[tuple[str, RecipientRef | None], UUID | NotAccepted] = {}
    known: dict[tuple[UUID, int], NotAccepted | None] = {}
    found: list[NotAccepted | None] = []
    for one in wanted:
        if one.hangs_on not in grounds:
            grounds[one.hangs_on] = await _ground(connection, place, one)
        ground = grounds[one.hangs_on]
        if isinstance(ground, NotAccepted):
            found.append(ground)
            continue
        # The same object is the data of all recipients of one call: once is enough.
        asked = (ground, id(one.data))
        if asked not in known:
            known[asked] = await why_data_misfits(connection, place.environment_id, ground, one.data)
        found.append(known[asked])
    return found


async def _ground(connection: Connection, place: Place, wanted: NewSchedule) -> UUID | NotAccepted:
    """The version that would run now, or why none would."""
    key, actor = wanted.hangs_on
    ground = await find_ground(connection, place.environment_id, (place.content_id, key), actor, None)
    if ground is None or ground["current_version_id"] is None:
        return WorkflowMissing(key)
    if actor is not None and not ground["actor_is_known"]:
        return ActorMissing(actor.id)
    return UUID(str(ground["current_version_id"]))


async def why_data_misfits(
    connection: Connection, environment_id: UUID, version_id: UUID, data: dict[str, Any]
) -> DataMismatch | None:
    """What a version's schema has against a schedule's data; None where it follows it."""
    try:
        await check_data(connection, environment_id, version_id, data)
    except DataMismatch as mismatch:
        return mismatch
    return None


async def insert_schedules(
    connection: Connection, place: Place, wanted: list[NewSchedule], now: datetime
) -> list[UUID]:
    """Identify whom they name inline, and write them down."""
    named = [given for one in wanted for given in (one.recipient, one.actor, one.tenant)]
    await identify_named(connection, place.environment_id, named, now)
    refs = {one.recipient.ref for one in wanted}
    people = await find_recipients(connection, place.environment_id, refs)
    account = await find_account(connection)
    made = []
    for one in wanted:
        row = people.get(one.recipient.ref)
        zone = zone_of([(row["properties"] if row else {}).get("timezone"), account["timezone"]])
        schedule = _schedule(place, one, now)
        _define(schedule, one.repeats, zone, now)
        await insert_schedule(connection, schedule)
        made.append(schedule.id)
    return made


async def identify_named(
    connection: Connection,
    environment_id: UUID,
    named: Iterable[GivenRecipient | GivenTenant | None],
    now: datetime,
) -> None:
    """Create whoever was given with properties, or merge into them, as triggers do (E-TRIGGER-11)."""
    inline = [one for one in map(Identification.of, named) if one is not None]
    # In the order of their ids, so that two callers who name the same people never deadlock.
    for one in sorted(inline, key=lambda one: one.ref.gid):
        await one.write(connection, environment_id, now)


@dataclass(frozen=True)
class ScheduleChanges:
    """What an update gives, the same to all; what it does not give stays. An empty value removes."""

    given: frozenset[str]
    actor: RecipientRef | None = None
    tenant_id: str | None = None
    data: dict[str, Any] | None = None
    repeats: tuple[RepeatRule, ...] = ()
    scheduled_at: datetime | None = None
    ending_at: datetime | None = None


async def change_schedules(
    connection: Connection, environment_id: UUID, ids: list[UUID], changes: ScheduleChanges, now: datetime
) -> None:
    """Change them all or none; raises SchedulesMissing, Aimless, or DataMismatch for data that is given."""
    for row in await existing(connection, environment_id, ids):
        schedule = Schedule(**{name: row[name] for name in Schedule.model_fields})
        _apply(schedule, changes, zone_for(row), now)
        if "data" in changes.given and row["current_version_id"] is not None:
            await check_data(connection, environment_id, row["current_version_id"], schedule.data)
        await rewrite_schedule(connection, schedule)


async def existing(connection: Connection, environment_id: UUID, ids: list[UUID]) -> list[DictRow]:
    """The schedules of these ids, locked; raises SchedulesMissing."""
    rows = await lock_schedules(connection, environment_id, ids)
    missing = set(ids) - {row["id"] for row in rows}
    if missing:
        raise SchedulesMissing(missing)
    return rows


async def rouse(temporal: Temporal, environment_id: UUID, ids: Iterable[UUID]) -> None:
    """Let the workflows of schedules look at their rows; those that do not run are started.

    The rows are written: while Temporal is away the reconciler does this, so nobody need try again.
    """
    await _each(ids, lambda schedule_id: start_schedule(temporal, environment_id, schedule_id))


async def dismiss(temporal: Temporal, ids: Iterable[UUID]) -> None:
    """Let the workflows of deleted schedules end; one that hears nothing finds no row when it wakes."""
    await _each(ids, lambda one: tell_look(temporal.client, names.schedule_workflow(one)))


async def _each(ids: Iterable[UUID], tell: Callable[[UUID], Awaitable[object]]) -> None:
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def one(schedule_id: UUID) -> None:
        async with slots:
            await tell(schedule_id)

    try:
        with reaching_temporal():
            await asyncio.gather(*(one(schedule_id) for schedule_id in ids))
    except Unavailable as away:
        logging.getLogger(__name__).warning("schedules were written and not told: %s", away)


async def start_schedule(temporal: Temporal, environment_id: UUID, schedule_id: UUID) -> None:
    """Start a schedule's workflow; a running one looks at its row instead."""
    await temporal.client.start_workflow(
        ScheduleWorkflow.run,
        ScheduleInput(environment_id=environment_id, schedule_id=schedule_id),
        id=names.schedule_workflow(schedule_id),
        task_queue=names.RUNS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=names.LOOK,
        static_summary=f"schedule {schedule_id}",
        rpc_timeout=PATIENCE,
    )


def _schedule(place: Place, wanted: NewSchedule, now: datetime) -> Schedule:
    actor, tenant = wanted.actor, wanted.tenant
    return Schedule(
        id=new_uuid(),
        environment_id=place.environment_id,
        branch_id=place.branch_id,
        workflow_key=wanted.workflow_key,
        recipient_collection=wanted.recipient.ref.collection,
        recipient_id=wanted.recipient.ref.id,
        actor_collection=actor.ref.collection if actor else None,
        actor_id=actor.ref.id if actor else None,
        tenant_id=tenant.id if tenant else None,
        data=wanted.data,
        repeats=[],
        anchors=[],
        scheduled_at=wanted.scheduled_at,
        ending_at=wanted.ending_at,
        zone="",
        counted_from=now,
        inserted_at=now,
        updated_at=now,
    )


def _define(schedule: Schedule, rules: tuple[RepeatRule, ...], zone: ZoneInfo, now: datetime) -> None:
    """Set the rules, and count their occurrences from now on."""
    anchors = anchors_of(rules, schedule.scheduled_at, now, zone)
    recurrence = Recurrence(rules, schedule.scheduled_at, schedule.ending_at, anchors)
    schedule.repeats = [rule.model_dump(mode="json") for rule in rules]
    schedule.anchors = [anchor.isoformat() for anchor in anchors]
    schedule.zone = zone.key
    schedule.counted_from = recurrence.first(now)
    schedule.next_occurrence_at = recurrence.after(schedule.counted_from, zone)


def _apply(schedule: Schedule, changes: ScheduleChanges, zone: ZoneInfo, now: datetime) -> None:
    given = changes.given
    schedule.updated_at = now
    if "actor" in given:
        schedule.actor_collection = changes.actor.collection if changes.actor else None
        schedule.actor_id = changes.actor.id if changes.actor else None
    if "tenant" in given:
        schedule.tenant_id = changes.tenant_id
    if "data" in given:
        schedule.data = changes.data or {}
    if "ending_at" in given:
        schedule.ending_at = changes.ending_at
    if "scheduled_at" in given:
        schedule.scheduled_at = changes.scheduled_at
    _retime(schedule, changes, zone, now)


def _retime(schedule: Schedule, changes: ScheduleChanges, zone: ZoneInfo, now: datetime) -> None:
    """New rules or another start count anew from now on; another end leaves their phase alone."""
    rules = recurrence_of(vars(schedule)).rules
    if "repeats" in changes.given:
        rules = changes.repeats
    if not rules and schedule.scheduled_at is None:
        raise Aimless
    if changes.given & {"repeats", "scheduled_at"}:
        _define(schedule, rules, zone, now)
    elif "ending_at" in changes.given:
        pending = schedule.next_occurrence_at
        is_overdue = pending is not None and pending <= now
        schedule.counted_from = schedule.counted_from if is_overdue else now
        schedule.zone = zone.key
        recurrence = recurrence_of(vars(schedule))
        schedule.next_occurrence_at = recurrence.after(schedule.counted_from, zone)
