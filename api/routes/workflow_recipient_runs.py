"""Recipient runs, for people who debug (E-DEBUG-1)."""

from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends

from api.dependencies import Caller, Db, QueryString
from api.errors import InvalidParams, NotFound
from api.message_lists import kept_since
from api.pagination import BY_TIME, read_page, slice_of
from api.query import Query
from api.schemas import recipient_runs as schemas
from models.queries import recipient_runs as queries
from models.queries.recipient_runs import RunFilter

MOMENT = "a moment as ISO 8601 writes it"
T = TypeVar("T")

router = APIRouter(prefix="/v1/workflow_recipient_runs", tags=["Workflow recipient runs"])


async def _filter(query: QueryString) -> RunFilter:
    return RunFilter(
        since=kept_since(),
        workflow_key=query.text("workflow"),
        statuses=query.texts("status"),
        tenant=query.text("tenant"),
        has_errors=_readable(query, "has_errors", query.flag("has_errors"), "true or false"),
        recipient=query.reference("recipient"),
        starting_at=_readable(query, "starting_at", query.moment("starting_at"), MOMENT),
        ending_at=_readable(query, "ending_at", query.moment("ending_at"), MOMENT),
    )


def _readable(query: Query, name: str, read: T, wanted: str) -> T:
    """Whoever debugs must not take all runs for those that they asked for; raises InvalidParams."""
    if read is None and query.values.get(name, "") != "":
        raise InvalidParams.of(name, f"must be {wanted}")
    return read


@router.get("")
async def list_runs(
    caller: Caller, database: Db, query: QueryString, wanted: Annotated[RunFilter, Depends(_filter)]
) -> schemas.ListWorkflowRecipientRunsResponse:
    """Newest first."""
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await queries.list_runs(connection, caller.environment_id, wanted, page)
    found = slice_of(rows, page, schemas.position)
    items = [schemas.recipient_run(row) for row in found.rows]
    return schemas.ListWorkflowRecipientRunsResponse(items=items, page_info=found.info)


@router.get("/{recipient_run_id:id}")
async def get_run(recipient_run_id: str, caller: Caller, database: Db) -> schemas.WorkflowRecipientRunDetail:
    """With its log, as it happened."""
    run_id = _run_id(recipient_run_id)
    async with database.connection() as connection:
        row = await queries.find_run(connection, caller.environment_id, run_id, since=kept_since())
        if row is None:
            raise _no_run(recipient_run_id)
        events = await queries.list_run_events(connection, caller.environment_id, run_id)
    return schemas.recipient_run_detail(row, events)


def _run_id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise _no_run(given) from None


def _no_run(recipient_run_id: str) -> NotFound:
    return NotFound(f'There is no recipient run "{recipient_run_id}" in this environment.')
