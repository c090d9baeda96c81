"""Tenants: list, set, read and delete (E-TENANT)."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Caller, Db, QueryString, TemporalClient
from api.errors import NotFound
from api.identifying import ServerIdentifier, read_identification
from api.query import Query
from api.recipient_pages import list_page
from api.schemas.recipients import Recipient, RecipientPage, show
from dispatch.leaving import tell_of_removal
from models.database import Connection
from models.queries.account import find_preference_defaults
from models.tables.recipient_removal import remove_recipients
from models.tables.recipients import find_recipient
from models.values.given import checked_tenant_id
from models.values.refs import TENANTS, RecipientRef
from workflows_engine.preferences import layered

router = APIRouter(prefix="/v1/tenants", tags=["Tenants"])


@router.get("")
async def list_tenants(caller: Caller, database: Db, query: QueryString) -> RecipientPage:
    """The latest first; `tenant_id` and `name` find those that are exactly so."""
    async with database.connection() as connection:
        return await list_page(connection, caller.environment_id, TENANTS, query)


@router.get("/{tenant_id:id}")
async def get_tenant(tenant_id: str, caller: Caller, database: Db, query: QueryString) -> Recipient:
    """With `resolve_full_preference_settings`, its preference set lies over the environment's defaults."""
    ref = RecipientRef(collection=TENANTS, id=tenant_id)
    async with database.connection() as connection:
        row = await find_recipient(connection, caller.environment_id, ref)
        if row is None:
            raise _missing(tenant_id)
        return await _shown(connection, row, query)


@router.put("/{tenant_id:id}")
async def set_tenant(
    tenant_id: str,
    identifier: ServerIdentifier,
    database: Db,
    query: QueryString,
    body: dict[str, Any] | None = None,
) -> Recipient:
    """Create the tenant or merge into it, deeply: its settings too (E-TENANT-3)."""
    ref = RecipientRef(collection=TENANTS, id=checked_tenant_id(tenant_id))
    row = await identifier.identified(read_identification(ref, body))
    async with database.connection() as connection:
        return await _shown(connection, row, query)


@router.delete("/{tenant_id:id}", status_code=204)
async def delete_tenant(tenant_id: str, caller: Caller, database: Db, temporal: TemporalClient) -> None:
    """Delete it; messages and runs that were made for it keep its id."""
    async with database.transaction() as connection:
        removed = await remove_recipients(
            connection, caller.environment_id, TENANTS, [tenant_id], datetime.now(UTC)
        )
    if not removed.ids:
        raise _missing(tenant_id)
    await tell_of_removal(temporal, removed)


async def _shown(connection: Connection, row: DictRow, query: Query) -> Recipient:
    ref = RecipientRef(collection=TENANTS, id=row["id"])
    if query.flag("resolve_full_preference_settings"):
        settings = row["properties"].get("settings") or {}
        defaults = await find_preference_defaults(connection, row["environment_id"])
        resolved = layered(defaults, settings.get("preference_set") or {})
        properties = {**row["properties"], "settings": {**settings, "preference_set": resolved}}
        row = {**row, "properties": properties}
    return show(ref, row, row["updated_at"])


def _missing(tenant_id: str) -> NotFound:
    return NotFound(f'There is no tenant "{tenant_id}" in this environment.')
