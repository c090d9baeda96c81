"""Channels: configured here, since Knock's management API cannot (E-CHANNEL-2)."""

from datetime import UTC, datetime

from fastapi import APIRouter

from api.channel_setup import Place, copy_settings, set_up
from api.dependencies import DEFAULT_ENVIRONMENT, AccountCaller, Db, QueryString, Secrets
from api.errors import InvalidParams, NotFound
from api.schemas import tocsin_channels as schemas
from models.database import Connection
from models.queries import channels as queries
from models.sealing import Sealer
from models.values.providers import SINK_CHANNELS

router = APIRouter(prefix="/v1/tocsin/channels", tags=["Channels"])


@router.get("")
async def list_channels(
    _caller: AccountCaller, database: Db, sealer: Secrets, query: QueryString
) -> schemas.ListChannelsResponse:
    """All channels of the account, with the settings of `?environment=`."""
    async with database.connection() as connection:
        place = await _place(connection, query, sealer)
        rows = await queries.list_channels(connection, place.environment_id)
    entries = [schemas.channel(row, place.environment_id, sealer) for row in rows]
    return schemas.ListChannelsResponse(entries=entries)


@router.get("/{key:id}")
async def get_channel(
    key: str, _caller: AccountCaller, database: Db, sealer: Secrets, query: QueryString
) -> schemas.Channel:
    async with database.connection() as connection:
        place = await _place(connection, query, sealer)
        return await _shown(connection, key, place)


@router.put("/{key:id}")
async def put_channel(
    key: str,
    body: schemas.ChannelRequest,
    _caller: AccountCaller,
    database: Db,
    sealer: Secrets,
    query: QueryString,
) -> schemas.Channel:
    """Create or change a channel, and its settings in one environment; effective at once."""
    async with database.transaction() as connection:
        place = await _place(connection, query, sealer)
        await set_up(connection, key, body, place, datetime.now(UTC))
        return await _shown(connection, key, place)


@router.put("/{key:id}/validate")
async def validate_channel(
    key: str,
    body: schemas.ChannelRequest,
    _caller: AccountCaller,
    database: Db,
    sealer: Secrets,
    query: QueryString,
) -> schemas.Channel:
    """What would be refused is refused here too; nothing is kept. Answers the channel as it would be."""
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        place = await _place(connection, query, sealer)
        await set_up(connection, key, body, place, datetime.now(UTC))
        return await _shown(connection, key, place)


@router.put("/{key:id}/clone")
async def clone_channel(
    key: str, body: schemas.CloneRequest, _caller: AccountCaller, database: Db, sealer: Secrets
) -> schemas.Channel:
    """Copy a channel's settings, secrets included, from one environment to another; replaces those there."""
    async with database.transaction() as connection:
        await queries.lock_channels(connection)
        source = await _environment(connection, body.source, "from", sealer)
        to = await _environment(connection, body.to, "to", sealer)
        row = await queries.find_by_key(connection, key)
        if row is None:
            raise NotFound(f'There is no channel "{key}".')
        await copy_settings(connection, row, source, to)
        return await _shown(connection, key, to)


@router.delete("/{key:id}")
async def archive_channel(key: str, _caller: AccountCaller, database: Db) -> schemas.ArchiveChannelResponse:
    """In all environments, effective at once; the key may be used again, the id may not but by this key."""
    async with database.transaction() as connection:
        await queries.lock_channels(connection)
        row = await queries.find_by_key(connection, key)
        if row is None:
            raise NotFound(f'There is no channel "{key}".')
        if row["id"] in SINK_CHANNELS:
            raise InvalidParams.of("key", f'"{key}" is one of Tocsin\'s own sinks, which stay')
        await queries.archive_channel(connection, key, datetime.now(UTC))
    return schemas.ArchiveChannelResponse(result="success")


async def _place(connection: Connection, query: QueryString, sealer: Sealer) -> Place:
    """The environment that the query names; raises NotFound, or InvalidParams for a branch."""
    branch = query.text("branch")
    if branch is not None:
        raise InvalidParams.of("branch", _no_branch(branch))
    return await _environment(
        connection, query.text("environment") or DEFAULT_ENVIRONMENT, "environment", sealer
    )


async def _environment(connection: Connection, slug: str, field: str, sealer: Sealer) -> Place:
    found = await queries.find_environments(connection, slug)
    if not found:
        raise NotFound(f'There is no environment "{slug}".')
    if found[0]["is_branch"]:
        raise InvalidParams.of(field, _no_branch(slug))
    return Place(found[0]["id"], slug, sealer)


def _no_branch(slug: str) -> str:
    return f'"{slug}" is a branch, which holds content only; channels are set up in {DEFAULT_ENVIRONMENT}'


async def _shown(connection: Connection, key: str, place: Place) -> schemas.Channel:
    row = await queries.find_channel(connection, place.environment_id, key)
    if row is None:
        raise NotFound(f'There is no channel "{key}".')
    return schemas.channel(row, place.environment_id, place.sealer)
