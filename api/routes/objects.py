"""Objects of any collection: list, set, read and delete. Tenants are objects of `$tenants` (E-TENANT-1)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.dependencies import Caller, Db, QueryString, TemporalClient
from api.errors import NotFound
from api.identifying import ServerIdentifier, read_identification
from api.recipient_pages import list_page
from api.schemas.recipients import Recipient, RecipientPage, show_object
from dispatch.leaving import tell_of_removal
from models.tables.recipient_removal import remove_recipients
from models.tables.recipients import find_recipient
from models.values.given import GivenRecipient, checked_collection
from models.values.refs import RecipientRef

router = APIRouter(prefix="/v1/objects", tags=["Objects"])


@router.get("/{collection:id}")
async def list_objects(collection: str, caller: Caller, database: Db, query: QueryString) -> RecipientPage:
    """The latest first; `include[]=preferences` adds every preference set."""
    async with database.connection() as connection:
        wanted = checked_collection(collection)
        return await list_page(connection, caller.environment_id, wanted, query, as_objects=True)


@router.get("/{collection:id}/{object_id:id}")
async def get_object(collection: str, object_id: str, caller: Caller, database: Db) -> Recipient:
    ref = RecipientRef(collection=collection, id=object_id)
    async with database.connection() as connection:
        row = await find_recipient(connection, caller.environment_id, ref)
    if row is None:
        raise _missing(ref)
    return show_object(ref, row["properties"], row["updated_at"])


@router.put("/{collection:id}/{object_id:id}")
async def set_object(
    collection: str, object_id: str, identifier: ServerIdentifier, body: dict[str, Any] | None = None
) -> Recipient:
    """Create the object, and its collection with it, or merge into its properties, deeply."""
    ref = GivenRecipient.read({"collection": collection, "id": object_id}).ref
    row = await identifier.identified(read_identification(ref, body))
    return show_object(ref, row["properties"], row["updated_at"])


@router.delete("/{collection:id}/{object_id:id}", status_code=204)
async def delete_object(
    collection: str, object_id: str, caller: Caller, database: Db, temporal: TemporalClient
) -> None:
    """Delete it with everything kept of it, subscriptions to it included; its runs end."""
    async with database.transaction() as connection:
        removed = await remove_recipients(
            connection, caller.environment_id, collection, [object_id], datetime.now(UTC)
        )
    if not removed.ids:
        raise _missing(RecipientRef(collection=collection, id=object_id))
    await tell_of_removal(temporal, removed)


def _missing(ref: RecipientRef) -> NotFound:
    return NotFound(f'There is no object "{ref.id}" in the collection "{ref.collection}".')
