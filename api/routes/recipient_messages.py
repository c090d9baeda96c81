"""Messages below the user or the object they went to."""

from fastapi import APIRouter

from api.dependencies import Caller, Db, QueryString
from api.message_lists import message_page
from api.schemas.messages import ListMessagesResponse
from models.values.refs import RecipientRef

router = APIRouter(prefix="/v1", tags=["Messages"])


@router.get("/users/{user_id:id}/messages")
async def list_messages_for_user(
    user_id: str, caller: Caller, database: Db, query: QueryString
) -> ListMessagesResponse:
    """Newest first; none for a user nobody knows."""
    async with database.connection() as connection:
        return await message_page(connection, caller.environment_id, query, RecipientRef(id=user_id))


@router.get("/objects/{collection:id}/{object_id:id}/messages")
async def list_messages_for_object(
    collection: str, object_id: str, caller: Caller, database: Db, query: QueryString
) -> ListMessagesResponse:
    """Newest first; none for an object nobody knows."""
    ref = RecipientRef(collection=collection, id=object_id)
    async with database.connection() as connection:
        return await message_page(connection, caller.environment_id, query, ref)
