"""Channel groups: account-wide, unversioned (E-CHANNEL-9)."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from psycopg.rows import DictRow

from api.channel_setup import EVERYWHERE, checked_key
from api.dependencies import AccountCaller, Db, QueryString
from api.errors import InvalidParams, NotFound
from api.management_pages import management_slice, read_limited_page
from api.schemas import channel_groups as schemas
from models.database import Connection
from models.ids import new_uuid
from models.queries import channel_groups as queries
from models.queries.channel_groups import GroupToWrite, RuleToWrite
from models.queries.channels import lock_channels

router = APIRouter(prefix="/v1/channel_groups", tags=["Management: channel groups"])

BY_KEY = (str,)


@router.get("")
async def list_channel_groups(
    _caller: AccountCaller, database: Db, query: QueryString
) -> schemas.PaginatedChannelGroupResponse:
    """The account's groups by key."""
    page = read_limited_page(query, BY_KEY)
    async with database.connection() as connection:
        found = await queries.page_groups(connection, page)
        rows, info = management_slice(found, page, lambda row: (row["key"],))
        rules = await queries.list_rules(connection, [row["id"] for row in rows])
    by_group: dict[UUID, list[DictRow]] = defaultdict(list)
    for rule in rules:
        by_group[rule["group_id"]].append(rule)
    entries = [schemas.group(row, by_group[row["id"]]) for row in rows]
    return schemas.PaginatedChannelGroupResponse(entries=entries, page_info=info)


@router.get("/{channel_group_key:id}")
async def get_channel_group(
    channel_group_key: str, _caller: AccountCaller, database: Db
) -> schemas.ChannelGroup:
    async with database.connection() as connection:
        return await _shown(connection, channel_group_key)


@router.put("/{channel_group_key:id}")
async def upsert_channel_group(
    channel_group_key: str,
    body: schemas.WrappedChannelGroupRequestRequest,
    _caller: AccountCaller,
    database: Db,
) -> schemas.WrappedChannelGroupResponse:
    """Create or change a group; effective at once, in all environments."""
    async with database.transaction() as connection:
        return await _written(connection, checked_key(channel_group_key), body.channel_group)


@router.put("/{channel_group_key:id}/validate")
async def validate_channel_group(
    channel_group_key: str,
    body: schemas.WrappedChannelGroupRequestRequest,
    _caller: AccountCaller,
    database: Db,
) -> schemas.WrappedChannelGroupResponse:
    """What PUT would answer; nothing is kept. Ours: Knock's contract has no such operation."""
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        return await _written(connection, checked_key(channel_group_key), body.channel_group)


@router.delete("/{channel_group_key:id}", status_code=204)
async def delete_channel_group(channel_group_key: str, _caller: AccountCaller, database: Db) -> None:
    """Archive a group; its key may be used again."""
    async with database.transaction() as connection:
        await lock_channels(connection)
        _require_users(await queries.find_group(connection, channel_group_key))
        if not await queries.archive_group(connection, channel_group_key, datetime.now(UTC)):
            raise NotFound(f'There is no channel group "{channel_group_key}".')


async def _written(
    connection: Connection, key: str, wanted: schemas.ChannelGroupRequest
) -> schemas.WrappedChannelGroupResponse:
    now = datetime.now(UTC)
    await lock_channels(connection)
    known = await queries.find_group(connection, key)
    _require_changeable(known, wanted)
    group = GroupToWrite(
        id=known["id"] if known else new_uuid(),
        key=key,
        name=wanted.name,
        channel_type=wanted.channel_type,
        operator=wanted.operator,
        visible_in=list(wanted.visible_in or (known["visible_in"] if known else EVERYWHERE)),
    )
    rules = await _rules(connection, wanted)
    await queries.upsert_group(connection, group, now)
    if wanted.channel_rules is not None:
        await queries.replace_rules(connection, group.id, rules, now)
    return schemas.WrappedChannelGroupResponse(channel_group=await _shown(connection, key))


def _require_changeable(known: DictRow | None, wanted: schemas.ChannelGroupRequest) -> None:
    _require_users(known)
    if known is not None and known["channel_type"] != wanted.channel_type:
        raise InvalidParams.of(
            "channel_group.channel_type", f"of a group cannot be changed; it is {known['channel_type']}"
        )


def _require_users(known: DictRow | None) -> None:
    if known is not None and known["source"] != "user":
        raise InvalidParams.of("channel_group", "was made by the system and cannot be changed")


async def _rules(connection: Connection, wanted: schemas.ChannelGroupRequest) -> list[RuleToWrite]:
    keys = [rule.channel_key for rule in wanted.channel_rules or []]
    known = await queries.find_channels(connection, keys)
    return [
        RuleToWrite(
            index=index,
            rule_type=rule.rule_type,
            channel_id=known[rule.channel_key]["id"],
            variable=rule.variable,
            operator=rule.operator,
            argument=rule.argument,
        )
        for index, rule in schemas.checked_rules(wanted, known)
    ]


async def _shown(connection: Connection, key: str) -> schemas.ChannelGroup:
    row = await queries.find_group(connection, key)
    if row is None:
        raise NotFound(f'There is no channel group "{key}".')
    return schemas.group(row, await queries.list_rules(connection, [row["id"]]))
