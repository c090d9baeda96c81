"""Schedules: `/v1/schedules`, and the lists below users and objects (E-SCHED)."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from api.dependencies import Caller, Credential, Db, QueryString, TemporalClient
from api.errors import InvalidParams, NotFound
from api.given import bounded, given_recipient, given_tenant
from api.identifying_in_bulk import error_item
from api.pagination import BY_TIME, by_time, encode, read_page, slice_of
from api.query import Query
from api.schemas import schedules as schemas
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from dispatch import schedules as accepting
from dispatch.schedules import NewSchedule, ScheduleChanges
from models.database import Connection, Database
from models.queries.recipients import find_recipients
from models.queries.schedules import ScheduleFilter, find_schedules, page_schedules
from models.tables.bulk_operations import Tally, record_completed
from models.tables.schedules import delete_schedules as delete_rows
from models.values.given import GivenRecipient, GivenTenant
from models.values.refs import RecipientRef

router = APIRouter(prefix="/v1", tags=["Schedules"])


@router.get("/schedules")
async def list_schedules(caller: Caller, database: Db, query: QueryString) -> schemas.ListSchedulesResponse:
    """Newest first, of one workflow."""
    if query.text("workflow") is None:
        raise InvalidParams.of("workflow", "is missing: name the workflow whose schedules are meant")
    return await _listed(database, caller, query, query.references("recipients"))


@router.get("/users/{user_id:id}/schedules")
async def list_user_schedules(
    user_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListSchedulesResponse:
    """Newest first."""
    return await _listed(database, caller, query, [RecipientRef(id=user_id)])


@router.get("/objects/{collection:id}/{object_id:id}/schedules")
async def list_object_schedules(
    collection: str, object_id: str, caller: Caller, database: Db, query: QueryString
) -> schemas.ListSchedulesResponse:
    """Newest first."""
    return await _listed(database, caller, query, [RecipientRef(collection=collection, id=object_id)])


@router.post("/schedules")
async def create_schedules(
    body: schemas.CreateSchedulesRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> list[schemas.Schedule]:
    """One schedule for each recipient, all or none; whoever is given with properties is identified."""
    wanted = [
        _new(body.workflow, raw, "", f"recipients[{index}]", body)
        for index, raw in enumerate(body.recipients)
    ]
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        await accepting.check_ground(connection, caller.place, wanted)
        made = await accepting.insert_schedules(connection, caller.place, wanted, now)
        shown = await _shown(connection, caller, made)
    await accepting.rouse(temporal, caller.environment_id, made)
    return shown


@router.post("/schedules/bulk/create")
async def bulk_create_schedules(
    body: schemas.BulkCreateSchedulesRequest,
    caller: Caller,
    database: Db,
    temporal: TemporalClient,
    progress: BulkProgress,
) -> BulkOperation:
    """Carried out before the answer; a refused workflow, actor or data is an error (E-SCHED-13)."""
    wanted = [
        _new(row.workflow, row.recipient, f"schedules[{index}]", "recipient", row)
        for index, row in enumerate(body.schedules)
    ]
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        refusals = await accepting.why_groundless(connection, caller.place, wanted)
        able = [one for one, refusal in zip(wanted, refusals, strict=True) if refusal is None]
        made = await accepting.insert_schedules(connection, caller.place, able, now)
        refused = [one for one, refusal in zip(wanted, refusals, strict=True) if refusal is not None]
        errors = [error_item(one.recipient.ref) for one in refused]
        tally = Tally("schedules.create", len(wanted), errors)
        row = await record_completed(connection, caller.environment_id, tally, now)
    await accepting.rouse(temporal, caller.environment_id, made)
    return progress.shown(row)


@router.put("/schedules")
async def update_schedules(
    body: schemas.UpdateSchedulesRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> list[schemas.Schedule]:
    """The same values to all, to all of them or to none; an empty value removes what was set."""
    actor, tenant = _actor(body), _tenant(body)
    changes = ScheduleChanges(
        given=frozenset(body.model_fields_set - {"schedule_ids"}),
        actor=None if actor is None else actor.ref,
        tenant_id=None if tenant is None else tenant.id,
        data=bounded(body.data),
        repeats=tuple(body.repeats),
        scheduled_at=body.scheduled_at,
        ending_at=body.ending_at,
    )
    ids = list(dict.fromkeys(body.schedule_ids))
    now = datetime.now(UTC)
    try:
        async with database.transaction() as connection:
            await accepting.identify_named(connection, caller.environment_id, [actor, tenant], now)
            await accepting.change_schedules(connection, caller.environment_id, ids, changes, now)
            shown = await _shown(connection, caller, ids)
    except accepting.SchedulesMissing as missing:
        raise _missing(missing) from missing
    except accepting.Aimless as aimless:
        raise InvalidParams.of("repeats", _AIMLESS) from aimless
    await accepting.rouse(temporal, caller.environment_id, ids)
    return shown


@router.delete("/schedules")
async def delete_schedules(
    body: schemas.DeleteSchedulesRequest, caller: Caller, database: Db, temporal: TemporalClient
) -> list[schemas.Schedule]:
    """Their pending occurrences do not happen any more; runs that were started go on (E-SCHED-10)."""
    ids = list(dict.fromkeys(body.schedule_ids))
    try:
        async with database.transaction() as connection:
            await accepting.existing(connection, caller.environment_id, ids)
            shown = await _shown(connection, caller, ids)
            await delete_rows(connection, caller.environment_id, ids)
    except accepting.SchedulesMissing as missing:
        raise _missing(missing) from missing
    await accepting.dismiss(temporal, ids)
    return shown


_AIMLESS = "or scheduled_at must say when the schedule runs"


def _new(workflow: str, recipient: Any, within: str, field: str, timing: schemas.Timing) -> NewSchedule:
    """`within` is the part of the body that the fields stand in, where it is not the body itself."""
    head = f"{within}." if within else ""
    if not timing.repeats and timing.scheduled_at is None:
        raise InvalidParams.of(f"{head}repeats", _AIMLESS)
    return NewSchedule(
        workflow_key=workflow,
        recipient=given_recipient(recipient, head + field),
        actor=_actor(timing),
        tenant=_tenant(timing),
        data=bounded(timing.data) or {},
        repeats=tuple(timing.repeats),
        scheduled_at=timing.scheduled_at,
        ending_at=timing.ending_at,
    )


def _actor(timing: schemas.Timing) -> GivenRecipient | None:
    return None if timing.actor is None else given_recipient(timing.actor, "actor")


def _tenant(timing: schemas.Timing) -> GivenTenant | None:
    return None if timing.tenant is None else given_tenant(timing.tenant)


def _missing(missing: accepting.SchedulesMissing) -> NotFound:
    return NotFound(f"Nothing was changed: there is no schedule {missing} in this environment.")


async def _shown(connection: Connection, caller: Credential, ids: list[UUID]) -> list[schemas.Schedule]:
    rows = await find_schedules(connection, caller.environment_id, ids)
    refs = [ref for row in rows for ref in schemas.refs_of(row)]
    people = await find_recipients(connection, caller.environment_id, refs)
    return [schemas.schedule(row, people) for row in rows]


async def _listed(
    database: Database, caller: Credential, query: Query, recipients: list[RecipientRef]
) -> schemas.ListSchedulesResponse:
    wanted = ScheduleFilter(query.text("workflow"), tuple(recipients) or None, query.text("tenant"))
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await page_schedules(connection, caller.environment_id, wanted, page)
        found = slice_of(rows, page, lambda row: by_time(row["inserted_at"], row["id"]))
        refs = [ref for row in found.rows for ref in schemas.refs_of(row)]
        people = await find_recipients(connection, caller.environment_id, refs)
    return schemas.ListSchedulesResponse(
        entries=[
            schemas.schedule(row, people, encode(by_time(row["inserted_at"], row["id"])))
            for row in found.rows
        ],
        page_info=found.info,
    )
