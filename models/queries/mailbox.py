"""What the development mailbox shows beside its mails: messages that end in our own rows."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.rows import DictRow

from models.database import Connection
from models.values.development import ENVIRONMENT
from models.values.kinds import ChannelType
from models.values.providers import SINK_IDS

IN_APP = [ChannelType.IN_APP, ChannelType.IN_APP_FEED, ChannelType.IN_APP_GUIDE]

_KEPT: LiteralString = """
    SELECT m.id, m.content, m.sending, m.status, m.recipient_id, m.recipient_collection, m.tenant_id,
           m.workflow_key, m.step_ref, m.inserted_at, c.type AS channel_type, c.key AS channel_key
    FROM messages m JOIN channels c ON c.id = m.channel_id
    WHERE m.environment_id = %(environment_id)s
      AND (c.provider = ANY(%(sinks)s) OR c.type = ANY(%(in_app)s))
"""
_VALUES = {"sinks": SINK_IDS, "in_app": IN_APP}


async def find_development(connection: Connection) -> UUID | None:
    """The environment whose messages the mailbox shows."""
    cursor = await connection.execute(
        "SELECT id FROM environments WHERE slug = %s AND branch_of IS NULL AND deleted_at IS NULL",
        (ENVIRONMENT,),
    )
    row = await cursor.fetchone()
    return None if row is None else row["id"]


async def list_kept(
    connection: Connection,
    environment_id: UUID,
    limit: int,
    channel_type: str | None,
    after: datetime | None,
) -> list[DictRow]:
    """Messages to sinks and in-app channels, newest first; only those after a moment."""
    cursor = await connection.execute(
        f"""{_KEPT}
        AND (%(type)s::text IS NULL OR c.type = %(type)s)
        AND (%(after)s::timestamptz IS NULL OR m.inserted_at > %(after)s)
        ORDER BY m.inserted_at DESC, m.id DESC LIMIT %(limit)s
        """,
        {**_VALUES, "environment_id": environment_id, "limit": limit, "type": channel_type, "after": after},
    )
    return await cursor.fetchall()


async def find_kept(connection: Connection, environment_id: UUID, message_id: str) -> DictRow | None:
    """One of them."""
    cursor = await connection.execute(
        f"{_KEPT} AND m.id = %(id)s", {**_VALUES, "environment_id": environment_id, "id": message_id}
    )
    return await cursor.fetchone()
