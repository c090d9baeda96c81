"""Sleeping runs for operators: which there are, when they are due, and how to wake one."""

from uuid import UUID

from fastapi import APIRouter

from api.dependencies import Db, OperatingCaller, QueryString, TemporalClient
from api.errors import InvalidParams, NotFound
from api.pagination import BY_TIME, read_page, slice_of
from api.schemas import tocsin_pauses as schemas
from dispatch.wishes import wish
from models.queries import pauses as queries

router = APIRouter(prefix="/v1/tocsin/pauses", tags=["Pauses"])


@router.get("")
async def list_pauses(caller: OperatingCaller, database: Db, query: QueryString) -> schemas.ListPauses:
    """Runs that wait in a delay, a batch, a wait or before another try; the next due first."""
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await queries.list_pauses(connection, caller.environment_id, query.text("workflow"), page)
    found = slice_of(rows, page, schemas.pause_position)
    return schemas.ListPauses(items=[schemas.pause(row) for row in found.rows], page_info=found.info)


@router.post("/{recipient_run_id:id}/wake", status_code=204)
async def wake_run(
    recipient_run_id: str,
    caller: OperatingCaller,
    database: Db,
    temporal: TemporalClient,
    body: schemas.WakeRequest | None = None,
) -> None:
    """End a run's pause now, or at `until` instead; the answer says that this cannot be missed any more."""
    until = body.until if body is not None else None
    if until is not None and until.tzinfo is None:
        raise InvalidParams.of("until", 'needs its offset from UTC, for example "2026-01-31T09:00:00Z"')
    try:
        run_id = UUID(recipient_run_id)
        told = await wish(database, temporal, caller.environment_id, run_id, until)
    except ValueError:
        told = False
    if not told:
        raise NotFound(f'No run "{recipient_run_id}" is paused in this environment.')
