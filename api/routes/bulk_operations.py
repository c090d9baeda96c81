"""What became of a bulk call."""

from uuid import UUID

from fastapi import APIRouter

from api.dependencies import Caller, Db
from api.errors import NotFound
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from models.tables.bulk_operations import find_bulk_operation

router = APIRouter(prefix="/v1/bulk_operations", tags=["Bulk operations"])


@router.get("/{operation_id:id}")
async def get_bulk_operation(
    operation_id: str, caller: Caller, database: Db, progress: BulkProgress
) -> BulkOperation:
    missing = NotFound(f'There is no bulk operation "{operation_id}" in this environment.')
    try:
        wanted = UUID(operation_id)
    except ValueError:
        raise missing from None
    async with database.connection() as connection:
        row = await find_bulk_operation(connection, caller.environment_id, wanted)
    if row is None:
        raise missing
    return progress.shown(row)
