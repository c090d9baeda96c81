"""Channel groups: one step through several channels, chosen by rules (E-CHANNEL-9)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

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
