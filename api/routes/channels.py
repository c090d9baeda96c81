"""Channels as Knock's management API lists them; they are set up under /v1/tocsin/channels."""

from uuid import UUID

from fastapi import APIRouter

from api.dependencies import AccountCaller, Db, QueryString, Secrets
from api.errors import InvalidParams, NotFound
from api.management_pages import management_slice, read_limited_page
from api.query import Query
from api.schemas import channels as schemas
from api.schemas.channels import ChannelEnvironmentSettings
from models.database import Connection
from models.queries import channels as queries
from models.sealing import Sealer

router = APIRouter(prefix="/v1/channels", tags=["Management: channels"])

BY_KEY = (str,)


@router.get("")
async def list_channels(
    _caller: AccountCaller, database: Db, sealer: Secrets, query: QueryString
) -> schemas.PaginatedChannelResponse:
    """The account's channels by key; `include[]=environment_settings` adds the settings."""
    page = read_limited_page(query, BY_KEY)
    wanted = _wanted_id(query)
    async with database.connection() as connection:
        found = await queries.page_channels(connection, page, wanted)
        rows, info = management_slice(found, page, lambda row: (row["key"],))
        settings = None
        if "environment_settings" in query.texts("include"):
            settings = await _settings(connection, [row["id"] for row in rows], sealer)
    entries = [schemas.channel(row, settings[row["id"]] if settings else None) for row in rows]
    return schemas.PaginatedChannelResponse(entries=entries, page_info=info)


@router.get("/{channel_key:id}")
async def get_channel(
    channel_key: str, _caller: AccountCaller, database: Db, sealer: Secrets
) -> schemas.Channel:
    """A channel with its settings in every environment."""
    async with database.connection() as connection:
        row = await queries.find_by_key(connection, channel_key)
        if row is None:
            raise NotFound(f'There is no channel "{channel_key}".')
        settings = await _settings(connection, [row["id"]], sealer)
    return schemas.channel(row, settings[row["id"]])


def _wanted_id(query: Query) -> UUID | None:
    given = query.text("id")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidParams.of("id", "must be a UUID") from None


async def _settings(
    connection: Connection, channel_ids: list[UUID], sealer: Sealer
) -> dict[UUID, dict[str, ChannelEnvironmentSettings]]:
    """By channel and environment."""
    by_channel: dict[UUID, dict[str, ChannelEnvironmentSettings]] = {one: {} for one in channel_ids}
    for row in await queries.list_settings(connection, channel_ids):
        settings = schemas.environment_settings(row, row["environment_id"], sealer)
        by_channel[row["id"]][row["environment"]] = settings
    return by_channel
