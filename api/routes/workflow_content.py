"""Workflows as content: the management API's routes for them (spec/api.md §6)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.content import Shelf, found, shown
from api.content_database import ContentDb
from api.dependencies import ContentCaller, Db, QueryString, RequestId, TemporalClient
from api.errors import InvalidParams
from api.given import bounded, given_recipient, given_recipients, given_tenant
from api.schemas.workflows import TriggerSettings
from dispatch.triggers import Origin, TriggerRequest, accept
from models.queries.resources import Activation, set_active
from models.values.content import ContentType, Name
from models.values.kinds import TriggerSource
from publishing.rehearsing import rehearsal_of

router = APIRouter(prefix="/v1/workflows", tags=["Management: workflows"])
SHELF = Shelf(ContentType.WORKFLOW)


class RunWorkflowRequest(BaseModel):
    """As a trigger, by hand; see `POST /v1/workflows/{key}/trigger`."""

    recipients: list[Any] = Field(min_length=1, max_length=1000)
    actor: Any = None
    tenant: Any = None
    data: dict[str, Any] | None = None
    cancellation_key: str | None = Field(default=None, min_length=1, max_length=256)
    settings: TriggerSettings | None = None


@router.get("")
async def list_workflow_content(
    caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.list(database, caller, query)


@router.get("/{key:id}")
async def get_workflow_content(
    key: str, caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.get(database, caller, query, key)


@router.put("/{key:id}/validate")
async def validate_workflow_content(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.validate(database, caller, query, key, body)


@router.put("/{key:id}/activate")
async def activate_workflow(
    key: str,
    caller: ContentCaller,
    database: ContentDb,
    query: QueryString,
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Switch it on or off, in this environment, at once; it is never promoted."""
    status = (body or {}).get("status", query.flag("status"))
    if not isinstance(status, bool):
        raise InvalidParams.of("status", "must be true or false")
    name = Name(ContentType.WORKFLOW, key)
    async with database.transaction() as connection:
        row = await found(connection, caller.space, name)
        await set_active(connection, caller.space.id, name, Activation(status), datetime.now(UTC))
    return {"workflow": shown({**row, "active": status}, caller.space, query)}


@dataclass(frozen=True)
class Rehearsal:
    """A call of the test runner, and where its trigger comes from."""

    request_id: str
    origin: Origin


async def _rehearsal(
    key: str, caller: ContentCaller, database: ContentDb, request_id: RequestId
) -> Rehearsal:
    async with database.transaction() as connection:
        version_id = await rehearsal_of(connection, caller.space, Name(ContentType.WORKFLOW, key))
    return Rehearsal(request_id, Origin(source=TriggerSource.REHEARSAL, version_id=version_id))


@router.put("/{key:id}/run")
async def run_workflow(
    key: str,
    body: RunWorkflowRequest,
    caller: ContentCaller,
    database: Db,
    temporal: TemporalClient,
    rehearsal: Annotated[Rehearsal, Depends(_rehearsal)],
) -> dict[str, Any]:
    """The test runner: runs what is saved, or, with nothing saved, what is committed (E-TRIGGER-33).

    No frequency holds it back.
    """
    request = TriggerRequest(
        workflow_key=key,
        recipients=given_recipients(body.recipients),
        actor=None if body.actor is None else given_recipient(body.actor, "actor"),
        tenant=None if body.tenant is None else given_tenant(body.tenant),
        data=bounded(body.data),
        cancellation_key=body.cancellation_key,
        settings=body.settings.model_dump(exclude_none=True) if body.settings else None,
        request_id=rehearsal.request_id,
        origin=rehearsal.origin,
    )
    accepted = await accept(database, temporal, caller.credential.place, request)
    return {"workflow_run_id": str(accepted.workflow_run_id)}


@router.put("/{key:id}")
async def upsert_workflow_content(
    key: str, body: dict[str, Any], caller: ContentCaller, database: ContentDb, query: QueryString
) -> dict[str, Any]:
    return await SHELF.upsert(database, caller, query, key, body)
