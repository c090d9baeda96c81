"""Many messages of one channel at once: which, and deleting them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from models.database import Connection
from models.queries.messages import ENGAGEMENT
from models.queries.where import Where
from models.values.kinds import ChannelType
from models.values.refs import USERS

IN_APP = [ChannelType.IN_APP, ChannelType.IN_APP_FEED, ChannelType.IN_APP_GUIDE]
"""Channels whose messages can be changed as long as they exist."""

IS_USER: LiteralString = "m.recipient_collection = %(users)s"


@dataclass(frozen=True)
class ChannelMessageFilter:
    """Which messages; what is absent does not narrow, and of an empty list nothing is meant.

    `user_ids` are recipients that are users, never objects.

    Outside of in-app channels nothing older than `kept_since` is meant. `user_id` is the only user whose
    messages the caller may reach, if any is said.
    """

    channel_id: UUID
    kept_since: datetime
    user_id: str | None = None
    user_ids: list[str] | None = None
    tenants: list[str] | None = None
    has_tenant: bool | None = None
    workflows: list[str] | None = None
    older_than: datetime | None = None
    newer_than: datetime | None = None
    delivery_status: str | None = None
    engagement_status: str | None = None
    archived: str = "include"
    trigger_data: dict[str, Any] | None = None


async def list_ids(connection: Connection, environment_id: UUID, wanted: ChannelMessageFilter) -> list[str]:
    """The ids of the messages meant, in their order."""
    where = _where(environment_id, wanted)
    cursor = await connection.execute(
        f"""
        SELECT m.id FROM messages m JOIN channels c ON c.id = m.channel_id
        WHERE {where.sql} ORDER BY m.id
        """,
        where.values,
    )
    return [row["id"] for row in await cursor.fetchall()]


async def delete_messages(connection: Connection, environment_id: UUID, message_ids: list[str]) -> None:
    """Remove messages with all that tells of them; what is still to be sent is not sent any more."""
    values = {"environment_id": environment_id, "ids": message_ids}
    for table in ("feed_items", "message_events", "delivery_logs"):
        await connection.execute(
            f"DELETE FROM {table} WHERE environment_id = %(environment_id)s AND message_id = ANY(%(ids)s)",
            values,
        )
    await connection.execute(
        """
        DELETE FROM delivery_attempts a USING messages m
        WHERE m.id = a.message_id AND m.environment_id = %(environment_id)s AND m.id = ANY(%(ids)s)
        """,
        values,
    )
    await connection.execute(
        "DELETE FROM messages WHERE environment_id = %(environment_id)s AND id = ANY(%(ids)s)", values
    )


def _where(environment_id: UUID, wanted: ChannelMessageFilter) -> Where:
    where = Where(
        "m.environment_id = %(environment_id)s AND m.channel_id = %(channel_id)s "
        "AND (m.inserted_at >= %(kept_since)s OR c.type = ANY(%(in_app)s))",
        environment_id=environment_id,
        channel_id=wanted.channel_id,
        kept_since=wanted.kept_since,
        in_app=IN_APP,
    )
    if wanted.user_id is not None:
        where.add(f"{IS_USER} AND m.recipient_id = %(user_id)s", users=USERS, user_id=wanted.user_id)
    # Not `add_if`, which takes an empty list for one that is absent.
    if wanted.user_ids is not None:
        where.add(f"{IS_USER} AND m.recipient_id = ANY(%(user_ids)s)", users=USERS, user_ids=wanted.user_ids)
    if wanted.tenants is not None:
        where.add("m.tenant_id = ANY(%(tenants)s)", tenants=wanted.tenants)
    if wanted.workflows is not None:
        where.add("m.workflow_key = ANY(%(workflows)s)", workflows=wanted.workflows)
    where.add_if("(m.tenant_id IS NOT NULL) = %(has_tenant)s", has_tenant=wanted.has_tenant)
    where.add_if("m.inserted_at < %(older_than)s", older_than=wanted.older_than)
    where.add_if("m.inserted_at > %(newer_than)s", newer_than=wanted.newer_than)
    where.add_if("m.status = %(delivery_status)s", delivery_status=wanted.delivery_status)
    if wanted.engagement_status is not None:
        where.add(ENGAGEMENT[wanted.engagement_status])
    if wanted.archived != "include":
        where.add(ENGAGEMENT["archived" if wanted.archived == "only" else "unarchived"])
    where.add_data("m.data", wanted.trigger_data)
    return where
