"""Accepting a trigger: write it down, start its workflow, mark it answered (D5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import DeadlockDetected
from psycopg.rows import DictRow
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from dispatch.data_schemas import check_data
from dispatch.errors import (
    ActorMissing,
    Backlogged,
    IdempotencyMismatch,
    Unavailable,
    WorkflowInactive,
    WorkflowMissing,
)
from dispatch.log_lines import tell
from dispatch.reaching import reaching_temporal
from dispatch.starting import (
    StartableFanOut,
    StartableRun,
    Started,
    start_recipient_run,
    start_workflow_run,
)
from dispatch.temporal import Temporal
from dispatch.tracing.spans import note, spanning
from dispatch.waking import wake_for_recipients
from models.database import Connection, Database
from models.ids import new_ksuid, new_uuid
from models.parts import Part
from models.tables.oversize import log_oversize, oversize_part
from models.tables.queued_runs import run_part
from models.tables.recipient_runs import RecipientRun
from models.tables.recipients import Identification
from models.tables.triggers import (
    Trigger,
    find_ground,
    find_trigger,
    forget_idempotency,
    insert_trigger,
    mark_answered,
)
from models.values.given import GivenRecipient, GivenTenant
from models.values.kinds import TriggerSource
from models.values.refs import RecipientRef
from workflows_engine import names

IDEMPOTENCY_WINDOW = timedelta(hours=24)
"""E-TRIGGER-26."""


@dataclass(frozen=True)
class Idempotency:
    """A caller's key and the hash of what it asked for."""

    key: str
    request_hash: bytes


@dataclass(frozen=True)
class Origin:
    """Where a trigger comes from (E-TRIGGER-29).

    `trigger_id` is given where it is deterministic (D16): triggering twice under it is triggering once.
    `depth` counts the triggers by steps above it (E-TRIGGERWF-9). A trigger that does not expand runs for
    the objects it names and not for their subscribers (E-SCHED-8). `version_id` is what a rehearsal runs
    instead of what is published (E-TRIGGER-33).
    """

    source: TriggerSource = TriggerSource.API
    trigger_id: UUID | None = None
    version_id: UUID | None = None
    depth: int = 0
    schedule_id: UUID | None = None
    expands: bool = True


@dataclass(frozen=True)
class TriggerRequest:
    """A parsed call of `POST /v1/workflows/{key}/trigger`, or what a step or a schedule asks for."""

    workflow_key: str
    recipients: list[GivenRecipient]
    request_id: str
    actor: GivenRecipient | None = None
    tenant: GivenTenant | None = None
    data: dict[str, Any] | None = None
    cancellation_key: str | None = None
    settings: dict[str, Any] | None = None
    idempotency: Idempotency | None = None
    origin: Origin = Origin()
    accepted_at: datetime | None = None
    """When it counts as accepted, where that is not now by our clock: effects know the time (D17)."""
    longest_wait: float | None = None
    """Seconds: where runs of its tenant begin later than that it is refused; None accepts it all the same."""
    is_crowd: bool = False
    """Whether it is one of many that were asked for at a time, so that its runs leave room for others."""

    @property
    def only_user(self) -> GivenRecipient | None:
        """The one user of a trigger that names nobody else; it needs no fan-out (D6)."""
        if len(self.recipients) == 1 and self.recipients[0].ref.is_user:
            return self.recipients[0]
        return None


@dataclass(frozen=True)
class Accepted:
    """A trigger that cannot be lost any more. `replay_of` is the request id of the first such call."""

    workflow_run_id: UUID
    run_url: str | None
    replay_of: str | None = None


@dataclass(frozen=True)
class Place:
    """The environment a call belongs to, and the branch whose content it means, if any (E-VERSION-8)."""

    environment_id: UUID
    slug: str
    branch_id: UUID | None = None

    @property
    def content_id(self) -> UUID:
        return self.branch_id or self.environment_id


async def accept(database: Database, temporal: Temporal, place: Place, request: TriggerRequest) -> Accepted:
    """Accept a trigger whole or refuse it whole (E-TRIGGER-6); raises NotAccepted or Replayed.

    What was written before under the same key is answered or started, backlog or not.
    """
    with spanning("accept trigger", source=request.origin.source.value):
        return await _accept(database, temporal, place, request)


async def _accept(database: Database, temporal: Temporal, place: Place, request: TriggerRequest) -> Accepted:
    async with database.connection() as connection:
        trigger_id = await _write(connection, place, request)
    tell(workflow_run_id=str(trigger_id))
    note(environment=place.slug, workflow_key=request.workflow_key, workflow_run_id=trigger_id)
    with reaching_temporal():
        started = await _start(temporal, place, request, trigger_id)
    async with database.connection() as connection:
        now, changed = datetime.now(UTC), _changed(request)
        answered = await mark_answered(connection, place.environment_id, trigger_id, now, changed)
    if answered is None:
        raise Unavailable("the request took too long and was withdrawn; try again", reason="withdrawn")
    if answered["is_awaited"]:
        await wake_for_recipients(database, temporal, place.environment_id, changed)
    url = temporal.url_of(started.workflow_id, started.run_id)
    return Accepted(workflow_run_id=trigger_id, run_url=url)


def _changed(request: TriggerRequest) -> list[RecipientRef]:
    """Whoever is written with the trigger and may have changed by it."""
    return list(_inline(request))


def _inline(request: TriggerRequest) -> dict[RecipientRef, Identification]:
    """Whoever is identified inline, in the order of global ids, in which everyone locks people.

    The same one may be named twice, and is written once.
    """
    inline: dict[RecipientRef, Identification] = {}
    for given in (request.actor, *request.recipients, request.tenant):
        identification = Identification.of(given)
        if identification is not None:
            known = inline.get(identification.ref)
            inline[identification.ref] = known.joined_by(identification) if known else identification
    return dict(sorted(inline.items(), key=lambda one: one[0].gid))


class Replayed(Exception):
    """The same call was accepted before; carries what was answered."""

    def __init__(self, accepted: Accepted) -> None:
        super().__init__("replayed")
        self.accepted = accepted


# Two callers who identify the same people may still meet head-on; whom Postgres turns away did nothing yet.
@retry(
    retry=retry_if_exception_type(DeadlockDetected),
    stop=stop_after_attempt(5),
    wait=wait_random(0, 0.05),
    reraise=True,
)
async def _write(connection: Connection, place: Place, request: TriggerRequest) -> UUID:
    """The id of the trigger, written now or by an earlier try that was never answered."""
    given = request.origin.trigger_id
    while True:
        if given is not None and await find_trigger(connection, place.environment_id, given) is not None:
            return given
        key = request.idempotency.key if request.idempotency else None
        actor = request.actor.ref if request.actor else None
        ground = await find_ground(
            connection,
            place.environment_id,
            (place.content_id, request.workflow_key),
            actor,
            key,
            request.tenant.id if request.tenant else None,
        )
        assert ground is not None  # its one row is there whatever it joins
        known = _known(ground, request)
        if known is not None:
            return known
        if ground["known_id"] is not None:
            await forget_idempotency(connection, place.environment_id, ground["known_id"])
        version_id = _runnable(ground, request)
        if request.longest_wait is not None and (ground["waited_seconds"] or 0) > request.longest_wait:
            raise Backlogged(ground["waited_seconds"])
        await check_data(connection, place.environment_id, version_id, request.data or {})
        trigger = _trigger(place, request, version_id)
        if await _insert(connection, request, trigger):
            return trigger.id
        # A twin with the same key was faster: look at what it wrote.


def _known(ground: DictRow, request: TriggerRequest) -> UUID | None:
    """The trigger of an earlier try that was never answered; raises Replayed for one that was."""
    if request.idempotency is None or ground["known_id"] is None:
        return None
    if ground["retired_at"] is not None or datetime.now(UTC) - ground["inserted_at"] > IDEMPOTENCY_WINDOW:
        return None
    if ground["request_hash"] != request.idempotency.request_hash:
        raise IdempotencyMismatch
    known_id = UUID(str(ground["known_id"]))
    if ground["answered_at"] is not None:
        raise Replayed(Accepted(workflow_run_id=known_id, run_url=None, replay_of=ground["request_id"]))
    return known_id


def _runnable(ground: DictRow, request: TriggerRequest) -> UUID:
    """The version to run. A bare actor id must have been identified (E-TRIGGER-5)."""
    version_id = request.origin.version_id or ground["current_version_id"]
    if version_id is None or ground["active"] is None:
        raise WorkflowMissing(request.workflow_key)
    if not ground["active"]:
        raise WorkflowInactive(request.workflow_key)
    actor = request.actor
    if actor is not None and actor.properties is None and not ground["actor_is_known"]:
        raise ActorMissing(actor.ref.id)
    return UUID(str(version_id))


async def _insert(connection: Connection, request: TriggerRequest, trigger: Trigger) -> bool:
    """With whoever is identified inline: what is asked or triggered after the answer finds them.

    False when a twin holds the same idempotency key; then nothing was written.
    """
    inline = _inline(request)
    if request.only_user is not None:
        beside = _beside(request.only_user, trigger, inline)
        return await insert_trigger(connection, trigger, beside) is not None
    async with connection.transaction():
        if await insert_trigger(connection, trigger) is None:
            return False
        named = {given.ref for given in request.recipients}
        async with connection.pipeline():
            for ref, identification in inline.items():
                if ref in named:
                    run_id = names.recipient_run_id(trigger.id, ref)
                    await log_oversize(
                        connection, trigger.environment_id, run_id, identification, trigger.inserted_at
                    )
                await identification.write(connection, trigger.environment_id, trigger.inserted_at)
    return True


def _beside(only: GivenRecipient, trigger: Trigger, inline: dict[RecipientRef, Identification]) -> list[Part]:
    """What is written in the trigger's own statement, the single user's run included (D6)."""
    place_and_time = (trigger.environment_id, trigger.inserted_at)
    # Postgres carries the parts out from the last to the first.
    parts = [
        part
        for index, one in enumerate(reversed(inline.values()))
        for part in one.parts(f"identified_{index}", *place_and_time)
    ]
    run = run_of(trigger, 0, only)
    if only.ref in inline and only.properties:
        parts.append(oversize_part(place_and_time[0], run.id, inline[only.ref], trigger.inserted_at))
    return [*parts, run_part(run)]


def run_of(
    trigger: Trigger,
    acceptance: int,
    recipient: GivenRecipient,
    subscription: dict[str, Any] | None = None,
) -> RecipientRun:
    """The queued run of one recipient of a trigger, and the subscription that led to it, if one did."""
    return RecipientRun(
        id=names.recipient_run_id(trigger.id, recipient.ref),
        environment_id=trigger.environment_id,
        workflow_run_id=trigger.id,
        workflow_key=trigger.workflow_key,
        workflow_version_id=trigger.workflow_version_id,
        recipient_collection=recipient.ref.collection,
        recipient_id=recipient.ref.id,
        actor_collection=trigger.actor_collection,
        actor_id=trigger.actor_id,
        tenant_id=trigger.tenant_id,
        cancellation_key=trigger.cancellation_key,
        acceptance=acceptance,
        trigger_source=trigger.source,
        trigger_data=recipient.trigger_data,
        subscription=subscription,
        activity_id=new_ksuid(),
        status="queued",
        inserted_at=trigger.inserted_at,
        updated_at=trigger.inserted_at,
    )


def _trigger(place: Place, request: TriggerRequest, version_id: UUID) -> Trigger:
    return Trigger(
        id=request.origin.trigger_id or new_uuid(),
        environment_id=place.environment_id,
        workflow_key=request.workflow_key,
        workflow_version_id=version_id,
        acceptance=0,
        source=request.origin.source.value,
        data=request.data or {},
        recipients=[given.unidentified.model_dump(mode="json") for given in request.recipients],
        actor_collection=request.actor.ref.collection if request.actor else None,
        actor_id=request.actor.ref.id if request.actor else None,
        tenant_id=request.tenant.id if request.tenant else None,
        cancellation_key=request.cancellation_key,
        settings=request.settings or {},
        fan_out=None if request.only_user else "pending",
        depth=request.origin.depth,
        schedule_id=request.origin.schedule_id,
        expands=request.origin.expands,
        idempotency_key=request.idempotency.key if request.idempotency else None,
        request_hash=request.idempotency.request_hash if request.idempotency else None,
        request_id=request.request_id,
        inserted_at=request.accepted_at or datetime.now(UTC),
    )


async def _start(temporal: Temporal, place: Place, request: TriggerRequest, trigger_id: UUID) -> Started:
    only = request.only_user
    if only is None:
        tenant_id = request.tenant.id if request.tenant else None
        key = request.workflow_key
        fan_out = StartableFanOut(
            place.environment_id, place.slug, key, trigger_id, tenant_id, request.is_crowd
        )
        return await start_workflow_run(temporal, fan_out)
    return await start_recipient_run(
        temporal,
        StartableRun(
            environment_id=place.environment_id,
            environment=place.slug,
            workflow_key=request.workflow_key,
            workflow_run_id=trigger_id,
            recipient_run_id=names.recipient_run_id(trigger_id, only.ref),
            recipient=only.ref,
            tenant_id=request.tenant.id if request.tenant else None,
            cancellation_key=request.cancellation_key,
            is_crowd=request.is_crowd,
        ),
    )
