"""What the management API asks about channel groups, and writes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.queries.paging import Page, paged
from models.queries.where import Where


@dataclass(frozen=True)
class GroupToWrite:
    """A group without its rules."""

    id: UUID
    key: str
    name: str
    channel_type: str
    operator: str
    visible_in: list[str]


@dataclass(frozen=True)
class RuleToWrite:
    """When a group uses a channel."""

    index: int
    rule_type: str
    channel_id: UUID
    variable: str | None
    operator: str | None
    argument: str | None


async def page_groups(connection: Connection, page: Page) -> list[DictRow]:
    """The account's groups by key."""
    where = Where("archived_at IS NULL")
    order = paged(where, page, ("key",), is_descending=False)
    cursor = await connection.execute(f"SELECT * FROM channel_groups WHERE {where.sql} {order}", where.values)
    return await cursor.fetchall()


async def find_group(connection: Connection, key: str) -> DictRow | None:
    cursor = await connection.execute(
        "SELECT * FROM channel_groups WHERE key = %s AND archived_at IS NULL", (key,)
    )
    return await cursor.fetchone()


async def list_rules(connection: Connection, group_ids: list[UUID]) -> list[DictRow]:
    """Their rules in order, each with its channel as JSON in `channel`."""
    cursor = await connection.execute(
        """
        SELECT r.*, to_jsonb(c) AS channel
        FROM channel_group_rules r JOIN channels c ON c.id = r.channel_id
        WHERE r.group_id = ANY(%s) ORDER BY r.group_id, r.index
        """,
        (group_ids,),
    )
    return await cursor.fetchall()


async def find_channels(connection: Connection, keys: list[str]) -> dict[str, DictRow]:
    """The account's channels of these keys."""
    cursor = await connection.execute(
        "SELECT id, key, type FROM channels WHERE key = ANY(%s) AND archived_at IS NULL", (keys,)
    )
    return {row["key"]: row for row in await cursor.fetchall()}


async def upsert_group(connection: Connection, group: GroupToWrite, now: datetime) -> None:
    """Effective at once, in all environments."""
    await connection.execute(
        """
        INSERT INTO channel_groups (id, key, name, channel_type, operator, source, visible_in, inserted_at,
                                    updated_at)
        VALUES (%(id)s, %(key)s, %(name)s, %(channel_type)s, %(operator)s, 'user', %(visible_in)s, %(now)s,
                %(now)s)
        ON CONFLICT (id) DO UPDATE
        SET name = excluded.name, operator = excluded.operator, visible_in = excluded.visible_in,
            updated_at = excluded.updated_at
        """,
        {**vars(group), "now": now},
    )


async def replace_rules(
    connection: Connection, group_id: UUID, rules: list[RuleToWrite], now: datetime
) -> None:
    """A rule whose index stays keeps the moment it was made."""
    await connection.execute(
        'DELETE FROM channel_group_rules WHERE group_id = %s AND NOT "index" = ANY(%s)',
        (group_id, [rule.index for rule in rules]),
    )
    for rule in rules:
        await connection.execute(
            """
            INSERT INTO channel_group_rules (group_id, "index", rule_type, channel_id, variable, operator,
                                             argument, inserted_at, updated_at)
            VALUES (%(group_id)s, %(index)s, %(rule_type)s, %(channel_id)s, %(variable)s, %(operator)s,
                    %(argument)s, %(now)s, %(now)s)
            ON CONFLICT (group_id, "index") DO UPDATE
            SET rule_type = excluded.rule_type, channel_id = excluded.channel_id,
                variable = excluded.variable, operator = excluded.operator, argument = excluded.argument,
                updated_at = excluded.updated_at
            """,
            {**vars(rule), "group_id": group_id, "now": now},
        )


async def archive_group(connection: Connection, key: str, now: datetime) -> bool:
    """Whether there was one."""
    cursor = await connection.execute(
        """
        UPDATE channel_groups SET archived_at = %s, updated_at = %s
        WHERE key = %s AND archived_at IS NULL
        """,
        (now, now, key),
    )
    return cursor.rowcount > 0
