"""Channel groups: one step through several channels, chosen by rules (E-CHANNEL-9)."""

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.channels import WORKS_HERE, channel_values
from models.tables.columns import moment, visibility


class ChannelGroup(SQLModel, table=True):
    """Account-wide and unversioned; the key of an archived one may be used again."""

    __tablename__ = "channel_groups"
    __table_args__ = (
        Index("channel_groups_by_key", "key", unique=True, postgresql_where=text("archived_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    key: str
    name: str
    channel_type: str
    operator: str
    source: str
    visible_in: list[str] = visibility()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()
    archived_at: datetime | None = moment(nullable=True)


class ChannelGroupRule(SQLModel, table=True):
    """When one channel of a group is used; an `always` rule has no condition."""

    __tablename__ = "channel_group_rules"

    group_id: UUID = Field(primary_key=True, foreign_key="channel_groups.id", ondelete="CASCADE")
    index: int = Field(primary_key=True)
    rule_type: str
    channel_id: UUID = Field(foreign_key="channels.id")
    variable: str | None = None
    operator: str | None = None
    argument: str | None = None
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


async def find_members(connection: Connection, environment_id: UUID, key: str) -> list[DictRow]:
    """A group's rules in order, each with its channel as `find_channel` answers it.

    `rule_type` is null in the one row of a group without rules; `is_configured` says whether this
    environment may use the channel. No row: there is no such group.
    """
    cursor = await connection.execute(
        f"""
        SELECT g.operator AS group_operator, g.channel_type AS group_type,
               r.rule_type, r.variable, r.operator, r.argument,
               c.id, c.key, c.name, c.type, c.provider, coalesce(s.is_sandbox, false) AS is_sandbox,
               s.conditions, coalesce(s.channel_settings, '{{}}') AS channel_settings,
               c.archived_at IS NULL AND {WORKS_HERE} AS is_configured
        FROM channel_groups g
        LEFT JOIN channel_group_rules r ON r.group_id = g.id
        LEFT JOIN channels c ON c.id = r.channel_id
        LEFT JOIN channel_settings s ON s.channel_id = c.id AND s.environment_id = %(environment_id)s
        WHERE g.key = %(key)s AND g.archived_at IS NULL
        ORDER BY r.index
        """,
        channel_values(environment_id, key=key),
    )
    return await cursor.fetchall()
