"""Messages for operators: sending again what was given up (E-MSG-9)."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.dependencies import Db, OperatingCaller, TemporalClient
from api.errors import Conflict, NotFound
from api.schemas import messages as schemas
from dispatch.resending import resend
from models.queries.messages import find_message

router = APIRouter(prefix="/v1/tocsin/messages", tags=["Messages"])


@router.post("/{message_id:id}/retry")
async def retry_message(
    message_id: str, caller: OperatingCaller, database: Db, temporal: TemporalClient
) -> schemas.Message:
    """Queue an undelivered message again, for eight more attempts; any other is refused."""
    is_queued = await resend(database, temporal, caller.environment_id, message_id, datetime.now(UTC))
    async with database.connection() as connection:
        row = await find_message(connection, caller.environment_id, message_id)
    if row is None:
        raise NotFound(f'There is no message "{message_id}" in this environment.')
    if not is_queued:
        raise Conflict(f"Only undelivered messages can be sent again; this one is {row['status']}.")
    return schemas.message(row)
