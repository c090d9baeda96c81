"""Open batches for operators: look at them, close one now, take an item out."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, OperatingCaller, QueryString, TemporalClient
from api.errors import NotFound
from api.pagination import BY_TIME, read_page, slice_of
from api.schemas import tocsin_pauses as schemas
from dispatch.wishes import wish
from models.database import Database
from models.queries import pauses as queries
from models.tables.run_events import LogLine, log

router = APIRouter(prefix="/v1/tocsin/batches", tags=["Batches"])


@router.get("")
async def list_batches(caller: OperatingCaller, database: Db, query: QueryString) -> schemas.ListBatches:
    """Open ones, the next to close first; `workflow` narrows to one."""
    page = read_page(query, BY_TIME)
    async with database.connection() as connection:
        rows = await queries.list_windows(connection, caller.environment_id, query.text("workflow"), page)
    found = slice_of(rows, page, schemas.batch_position)
    return schemas.ListBatches(items=[schemas.batch(row) for row in found.rows], page_info=found.info)


@router.get("/{batch_id:id}")
async def get_batch(batch_id: str, caller: OperatingCaller, database: Db) -> schemas.Batch:
    return schemas.batch(await _found(database, caller, batch_id))


@router.get("/{batch_id:id}/items")
async def list_items(
    batch_id: str, caller: OperatingCaller, database: Db, query: QueryString
) -> schemas.ListBatchItems:
    """In the order in which their triggers were accepted."""
    window = await _found(database, caller, batch_id)
    page = read_page(query, (int, str))
    async with database.connection() as connection:
        rows = await queries.list_items(connection, caller.environment_id, window["id"], page)
    found = slice_of(rows, page, schemas.item_position)
    return schemas.ListBatchItems(items=[schemas.batch_item(row) for row in found.rows], page_info=found.info)


@router.post("/{batch_id:id}/close", status_code=204)
async def close_batch(batch_id: str, caller: OperatingCaller, database: Db, temporal: TemporalClient) -> None:
    """What was gathered so far goes on now; the answer says that this cannot be missed any more."""
    window = await _found(database, caller, batch_id)
    run_id, is_open = window["owner_run_id"], window["closed_at"] is None
    if not is_open or not await wish(database, temporal, caller.environment_id, run_id, None):
        raise NotFound(f'The batch "{batch_id}" is not open any more.')


@router.delete("/{batch_id:id}/items/{recipient_run_id:id}", status_code=204)
async def remove_item(batch_id: str, recipient_run_id: str, caller: OperatingCaller, database: Db) -> None:
    """Take one item out of an open batch, as a cancel of it would; the window stays as it is (E-CANCEL-6)."""
    window = await _found(database, caller, batch_id)
    run_id, now = _uuid(recipient_run_id), datetime.now(UTC)
    async with database.transaction() as connection:
        removed = run_id is not None and await queries.remove_item(
            connection, caller.environment_id, window["id"], run_id, now
        )
        if run_id is None or not removed:
            raise NotFound(f'The open batch "{batch_id}" holds no item of run "{recipient_run_id}".')
        data = {"window_id": str(window["id"]), "key_id": str(caller.key_id)}
        line = LogLine(event="batch_item_removed", step_ref=window["step_ref"], step_type="batch", data=data)
        await log(connection, caller.environment_id, run_id, line, now)


async def _found(database: Database, caller: Credential, batch_id: str) -> DictRow:
    window_id = _uuid(batch_id)
    if window_id is not None:
        async with database.connection() as connection:
            window = await queries.find_window(connection, caller.environment_id, window_id)
        if window is not None:
            return window
    raise NotFound(f'There is no batch "{batch_id}" in this environment.')


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
