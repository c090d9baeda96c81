"""Many users, objects or tenants in one call: identify, set, delete."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.dependencies import Caller, Credential, Db, QueryString, TemporalClient
from api.errors import InvalidParams
from api.identifying_in_bulk import error_item, read_batch, write_batch
from api.schemas.bulk_operations import MOST_ROWS, BulkOperation, BulkProgress
from dispatch.leaving import tell_of_removal
from dispatch.temporal import Temporal
from dispatch.waking import wake_for_recipients
from models.database import Database
from models.tables.bulk_operations import Tally, record_completed
from models.tables.recipient_removal import remove_recipients
from models.values.given import checked_collection
from models.values.refs import TENANTS, USERS, RecipientRef

router = APIRouter(tags=["Bulk operations"])

Rows = Annotated[list[Any], Field(max_length=MOST_ROWS)]
Ids = Annotated[list[str], Field(max_length=MOST_ROWS)]


class BulkIdentifyUsersRequest(BaseModel):
    users: Rows


class BulkDeleteUsersRequest(BaseModel):
    user_ids: Ids


class BulkSetObjectsRequest(BaseModel):
    objects: Rows


class BulkDeleteObjectsRequest(BaseModel):
    object_ids: Ids


class BulkSetTenantsRequest(BaseModel):
    tenants: Rows


class Bulk:
    """Carries a bulk call out for its caller."""

    def __init__(
        self, caller: Caller, database: Db, temporal: TemporalClient, progress: BulkProgress
    ) -> None:
        self._caller: Credential = caller
        self._database: Database = database
        self._temporal: Temporal = temporal
        self._progress = progress

    async def write(self, name: str, collection: str, rows: list[Any]) -> BulkOperation:
        """Create or merge each row; `name` is the operation's, its last part the field of the rows."""
        batch = read_batch(rows, collection, name.split(".")[0])
        environment_id = self._caller.environment_id
        row = await write_batch(self._database, environment_id, name, batch)
        await wake_for_recipients(self._database, self._temporal, environment_id, batch.wanted)
        return self._progress.shown(row)

    async def remove(self, name: str, collection: str, ids: list[str]) -> BulkOperation:
        """Delete each one with everything kept of it; unknown ones are counted as errors."""
        now = datetime.now(UTC)
        environment_id = self._caller.environment_id
        async with self._database.transaction() as connection:
            removed = await remove_recipients(connection, environment_id, collection, ids, now)
            unknown = sorted(set(ids) - set(removed.ids))
            errors = [error_item(RecipientRef(collection=collection, id=one)) for one in unknown]
            tally = Tally(name, len(set(ids)), errors)
            row = await record_completed(connection, environment_id, tally, now)
        await tell_of_removal(self._temporal, removed)
        return self._progress.shown(row)


InBulk = Annotated[Bulk, Depends(Bulk)]


@router.post("/v1/users/bulk/identify")
async def bulk_identify_users(body: BulkIdentifyUsersRequest, bulk: InBulk) -> BulkOperation:
    return await bulk.write("users.identify", USERS, body.users)


@router.post("/v1/users/bulk/delete")
async def bulk_delete_users(body: BulkDeleteUsersRequest, bulk: InBulk) -> BulkOperation:
    return await bulk.remove("users.delete", USERS, body.user_ids)


@router.post("/v1/objects/{collection:id}/bulk/set")
async def bulk_set_objects(collection: str, body: BulkSetObjectsRequest, bulk: InBulk) -> BulkOperation:
    return await bulk.write("objects.set", checked_collection(collection), body.objects)


@router.post("/v1/objects/{collection:id}/bulk/delete")
async def bulk_delete_objects(collection: str, body: BulkDeleteObjectsRequest, bulk: InBulk) -> BulkOperation:
    return await bulk.remove("objects.delete", checked_collection(collection), body.object_ids)


@router.post("/v1/tenants/bulk/set")
async def bulk_set_tenants(body: BulkSetTenantsRequest, bulk: InBulk) -> BulkOperation:
    return await bulk.write("tenants.set", TENANTS, body.tenants)


@router.post("/v1/tenants/bulk/delete")
async def bulk_delete_tenants(bulk: InBulk, query: QueryString) -> BulkOperation:
    """The ids stand in the query: `tenant_ids[]=…`."""
    ids = query.texts("tenant_ids")
    if not 0 < len(ids) <= MOST_ROWS:
        raise InvalidParams.of("tenant_ids", f"must name 1 to {MOST_ROWS} tenants, in the query")
    return await bulk.remove("tenants.delete", TENANTS, ids)
