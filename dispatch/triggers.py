"""Accepting a trigger: write it down, start its workflow, mark it answered (D5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from temporalio.service import RPCError

from dispatch.errors import (
    ActorMissing,
    IdempotencyMismatch,
    Unavailable,
    WorkflowInactive,
    WorkflowMissing,
)
from dispatch.starting import StartableRun, Started, start_recipient_run, start_workflow_run
from dispatch.temporal import Temporal
from models.database import Connection, Database
from models.ids import new_ksuid, new_uuid
from models.tables.recipient_runs import RecipientRun, insert_run
from models.tables.recipients import find_recipient, identify
from models.tables.triggers import (
    Trigger,
    find_idempotent,
    forget_idempotency,
    insert_trigger,
    mark_answered,
)
from models.tables.workflows import find_current
from models.values.given import GivenRecipient, GivenTenant
from models.values.kinds import TriggerSource
from workflows_engine import names

IDEMPOTENCY_WINDOW = timedelta(hours=24)
"""E-TRIGGER-26."""


@dataclass(frozen=True)
class Idempotency:
    """A caller's key and the hash of what it asked for."""

    key: str
    request_hash: bytes


@dataclass(frozen=True)
class TriggerRequest:
    """A parsed call of `POST /v1/workflows/{key}/trigger`."""

    workflow_key: str
    recipients: list[GivenRecipient]
    request_id: str
    actor: GivenRecipient | None = None
    tenant: GivenTenant | None = None
    data: dict[str, Any] | None = None
    cancellation_key: str | None = None
    settings: dict[str, Any] | None = None
    idempotency: Idempotency | None = None

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
    """The environment a call belongs to."""

    environment_id: UUID
    slug: str


async def accept(database: Database, temporal: Temporal, place: Place, request: TriggerRequest) -> Accepted:
    """Accept a trigger whole or refuse it whole (E-TRIGGER-6); raises NotAccepted."""
    async with database.connection() as connection:
        known = await _known(connection, place, request)
        trigger_id = known or await _write(connection, place, request)
    try:
        started = await _start(temporal, place, request, trigger_id)
    except RPCError as error:
        raise Unavailable(f"Temporal does not answer ({error.status.name}); try again") from error
    async with database.connection() as connection:
        now = datetime.now(UTC)
        if not await mark_answered(connection, place.environment_id, trigger_id, now):
            raise Unavailable("the request took too long and was withdrawn; try again")
    url = temporal.url_of(started.workflow_id, started.run_id)
    return Accepted(workflow_run_id=trigger_id, run_url=url)


class Replayed(Exception):
    """The same call was accepted before; carries what was answered."""

    def __init__(self, accepted: Accepted) -> None:
        super().__init__("replayed")
        self.accepted = accepted


async def _known(connection: Connection, place: Place, request: TriggerRequest) -> UUID | None:
    """The trigger of an earlier try that was never answered; raises Replayed for one that was."""
    if request.idempotency is None:
        return None
    row = await find_idempotent(connection, place.environment_id, request.idempotency.key)
    if row is None:
        return None
    if row["retired_at"] is not None or datetime.now(UTC) - row["inserted_at"] > IDEMPOTENCY_WINDOW:
        await forget_idempotency(connection, place.environment_id, row["id"])
        return None
    if row["request_hash"] != request.idempotency.request_hash:
        raise IdempotencyMismatch
    if row["answered_at"] is not None:
        raise Replayed(Accepted(workflow_run_id=row["id"], run_url=None, replay_of=row["request_id"]))
    return UUID(str(row["id"]))


async def _write(connection: Connection, place: Place, request: TriggerRequest) -> UUID:
    """Write the trigger, and, for a single user, the run; a twin's row wins over ours."""
    current = await find_current(connection, place.environment_id, request.workflow_key)
    version_id = _runnable(current, request.workflow_key)
    await _require_actor(connection, place, request.actor)
    trigger = _trigger(place, request, version_id)
    async with connection.transaction():
        acceptance = await insert_trigger(connection, trigger)
        if acceptance is not None:
            await _write_recipients(connection, place, request, trigger, acceptance)
    if acceptance is None:
        return await _known(connection, place, request) or await _write(connection, place, request)
    return trigger.id


async def _write_recipients(
    connection: Connection, place: Place, request: TriggerRequest, trigger: Trigger, acceptance: int
) -> None:
    async with connection.pipeline():
        for given in (request.actor, request.only_user):
            if given is not None and given.properties is not None:
                await identify(
                    connection, place.environment_id, given.ref, given.properties, trigger.inserted_at
                )
        if request.tenant is not None:
            tenant = request.tenant
            await identify(
                connection, place.environment_id, tenant.ref, tenant.properties, trigger.inserted_at
            )
        if request.only_user is not None:
            await insert_run(connection, run_of(trigger, acceptance, request.only_user))


def run_of(trigger: Trigger, acceptance: int, recipient: GivenRecipient) -> RecipientRun:
    """The queued run of one recipient of a trigger."""
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
        activity_id=new_ksuid(),
        status="queued",
        inserted_at=trigger.inserted_at,
        updated_at=trigger.inserted_at,
    )


def _runnable(current: DictRow | None, workflow_key: str) -> UUID:
    if current is None or current["current_version_id"] is None:
        raise WorkflowMissing(workflow_key)
    if not current["active"]:
        raise WorkflowInactive(workflow_key)
    return UUID(str(current["current_version_id"]))


async def _require_actor(connection: Connection, place: Place, actor: GivenRecipient | None) -> None:
    """A bare actor id must have been identified (E-TRIGGER-5); an inline one is created."""
    if actor is None or actor.properties is not None:
        return
    if await find_recipient(connection, place.environment_id, actor.ref) is None:
        raise ActorMissing(actor.ref.id)


def _trigger(place: Place, request: TriggerRequest, version_id: UUID) -> Trigger:
    return Trigger(
        id=new_uuid(),
        environment_id=place.environment_id,
        workflow_key=request.workflow_key,
        workflow_version_id=version_id,
        acceptance=0,
        source=TriggerSource.API.value,
        data=request.data or {},
        recipients=[given.model_dump(mode="json") for given in request.recipients],
        actor_collection=request.actor.ref.collection if request.actor else None,
        actor_id=request.actor.ref.id if request.actor else None,
        tenant_id=request.tenant.id if request.tenant else None,
        cancellation_key=request.cancellation_key,
        settings=request.settings or {},
        fan_out=None if request.only_user else "pending",
        idempotency_key=request.idempotency.key if request.idempotency else None,
        request_hash=request.idempotency.request_hash if request.idempotency else None,
        request_id=request.request_id,
        inserted_at=datetime.now(UTC),
    )


async def _start(temporal: Temporal, place: Place, request: TriggerRequest, trigger_id: UUID) -> Started:
    only = request.only_user
    if only is None:
        return await start_workflow_run(
            temporal, place.environment_id, place.slug, request.workflow_key, trigger_id
        )
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
        ),
    )
