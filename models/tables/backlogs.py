"""Backlogs: how long a tenant's single triggers wait for a worker. Workers tell, who accepts more reads."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sqlmodel import Field, SQLModel

from models.database import Connection
from models.tables.columns import moment

FRESH_SECONDS = 3
"""What no worker has repeated for so long is over, or nobody works on it: then nothing is known."""


class Backlog(SQLModel, table=True):
    """One row for each tenant that ever had to wait; `tenant_id` is empty for triggers without one.

    `waited_seconds` is what the newest of its runs to begin had waited. `seen_at` is by Postgres' clock.
    """

    __tablename__ = "backlogs"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    tenant_id: str = Field(primary_key=True)
    waited_seconds: float
    seen_at: datetime = moment()


async def tell_waited(
    connection: Connection, environment_id: UUID, tenant_id: str | None, waited_seconds: float
) -> None:
    """Keep what a run that begins has waited."""
    await connection.execute(
        """
        INSERT INTO backlogs (environment_id, tenant_id, waited_seconds, seen_at)
        VALUES (%s, %s, %s, clock_timestamp())
        ON CONFLICT (environment_id, tenant_id)
        DO UPDATE SET waited_seconds = excluded.waited_seconds, seen_at = excluded.seen_at
        """,
        (environment_id, tenant_id or "", waited_seconds),
    )


WAITED: LiteralString = f"""
    SELECT waited_seconds FROM backlogs
    WHERE environment_id = %(environment_id)s AND tenant_id = coalesce(%(tenant_id)s::text, '')
      AND seen_at > clock_timestamp() - interval '{FRESH_SECONDS} seconds'
"""
"""What a run of the tenant that began just now had waited, in seconds; nothing where none did."""
