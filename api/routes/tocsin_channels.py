"""Channels: configured here, since Knock's management API cannot (E-CHANNEL-2)."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.dependencies import Credential, Db, Secrets, ServiceCaller
from api.errors import InvalidParams, NotFound
from api.schemas import tocsin_channels as schemas
from models.database import Connection
from models.ids import new_uuid
from models.queries import channels as queries
from models.queries.channels import ChannelToWrite
from models.sealing import Sealer
from models.tables.channels import seal_purpose
from models.values.providers import exposed

router = APIRouter(prefix="/v1/tocsin/channels", tags=["Channels"])


@router.get("")
async def list_channels(caller: ServiceCaller, database: Db, sealer: Secrets) -> schemas.ListChannelsResponse:
    async with database.connection() as connection:
        rows = await queries.list_channels(connection, caller.environment_id)
    entries = [schemas.channel(row, caller.environment_id, sealer) for row in rows]
    return schemas.ListChannelsResponse(entries=entries)


@router.get("/{key:id}")
async def get_channel(key: str, caller: ServiceCaller, database: Db, sealer: Secrets) -> schemas.Channel:
    async with database.connection() as connection:
        row = await queries.find_channel(connection, caller.environment_id, key)
    if row is None:
        raise NotFound(f'There is no channel "{key}".')
    return schemas.channel(row, caller.environment_id, sealer)


@router.put("/{key:id}")
async def put_channel(
    key: str, body: schemas.ChannelRequest, caller: ServiceCaller, database: Db, sealer: Secrets
) -> schemas.Channel:
    """Create or change a channel, and its settings in one environment; effective at once."""
    schemas.checked_key(key)
    channel_settings = schemas.checked_channel_settings(body)
    async with database.transaction() as connection:
        await queries.lock_channels(connection)
        known = await _known(connection, key, body)
        channel_id = known["id"] if known else body.id or new_uuid()
        channel = ChannelToWrite(
            id=channel_id,
            key=key,
            name=body.name,
            type=body.type.value,
            provider=body.provider,
            environment_id=caller.environment_id,
            is_sandbox=body.is_sandbox,
            conditions=body.conditions.model_dump(mode="json", exclude_none=True)
            if body.conditions
            else None,
            channel_settings=channel_settings,
            provider_settings=await _sealed(connection, caller, body, known, channel_id, sealer),
        )
        await queries.upsert_channel(connection, channel, datetime.now(UTC))
        row = await queries.find_channel(connection, caller.environment_id, key)
        assert row is not None  # written in this very transaction
    return schemas.channel(row, caller.environment_id, sealer)


async def _known(connection: Connection, key: str, body: schemas.ChannelRequest) -> DictRow | None:
    """The channel of this key, if there is one; its id and type are for good."""
    namesakes = await queries.find_namesakes(connection, key, body.id)
    taken = next((row for row in namesakes if row["key"] != key), None)
    if taken is not None:
        raise InvalidParams.of("id", f'is that of the channel "{taken["key"]}"; choose another')
    known = namesakes[0] if namesakes else None
    if known is not None and body.id not in (None, known["id"]):
        raise InvalidParams.of("id", f"of a channel cannot be changed; it is {known['id']}")
    if known is not None and known["type"] != body.type:
        raise InvalidParams.of("type", f"of a channel cannot be changed; it is {known['type']}")
    return known


async def _sealed(
    connection: Connection,
    caller: Credential,
    body: schemas.ChannelRequest,
    known: DictRow | None,
    channel_id: UUID,
    sealer: Sealer,
) -> bytes | None:
    """The provider settings to keep: those given, else those there are."""
    if not schemas.needs_settings(body.provider):
        schemas.checked_provider_settings(body)
        return None
    if body.provider_settings is None and known is not None and known["provider"] == body.provider:
        return await queries.find_sealed(connection, caller.environment_id, channel_id)
    settings = schemas.checked_provider_settings(body)
    return sealer.seal(exposed(settings), seal_purpose(channel_id, caller.environment_id))
