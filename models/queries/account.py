"""What is asked about the account, and written; unversioned, effective at once (E-VERSION-2)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from models.database import Connection


async def find_account(connection: Connection) -> DictRow:
    """The account's one row."""
    cursor = await connection.execute("SELECT * FROM account")
    row = await cursor.fetchone()
    assert row is not None  # the migration made it
    return row


async def find_branding(connection: Connection) -> dict[str, Any]:
    """The branding that was set, keys that were not left out; E-TEMPLATE-4 has their defaults."""
    branding: dict[str, Any] = (await find_account(connection))["branding"]
    return branding


async def find_zone(connection: Connection) -> str:
    """The IANA name of the zone of recipients who have none."""
    return str((await find_account(connection))["timezone"])


async def find_locale(connection: Connection) -> str:
    """The locale of recipients who have none."""
    return str((await find_account(connection))["locale"])


async def lock_account(connection: Connection) -> DictRow:
    """The account's row, until the transaction ends nobody else's to write."""
    cursor = await connection.execute("SELECT * FROM account FOR UPDATE")
    row = await cursor.fetchone()
    assert row is not None  # the migration made it
    return row


async def write_account(connection: Connection, account: dict[str, Any], now: datetime) -> DictRow:
    """Set every column that can be set; take the row's lock first."""
    cursor = await connection.execute(
        """
        UPDATE account
        SET name = %(name)s, slug = %(slug)s, timezone = %(timezone)s, locale = %(locale)s,
            translations_enabled = %(translations_enabled)s, branding = %(branding)s, updated_at = %(now)s
        RETURNING *
        """,
        {**account, "branding": Jsonb(account["branding"]), "now": now},
    )
    row = await cursor.fetchone()
    assert row is not None  # the migration made it
    return row


async def find_preference_defaults(connection: Connection, environment_id: UUID) -> dict[str, Any]:
    """The environment's default preference set; empty where none was set."""
    cursor = await connection.execute(
        "SELECT preference_set FROM preference_defaults WHERE environment_id = %s", (environment_id,)
    )
    row = await cursor.fetchone()
    return {} if row is None else row["preference_set"]


async def write_preference_defaults(
    connection: Connection, environment_id: UUID, preference_set: dict[str, Any], now: datetime
) -> None:
    """Replace the environment's default preference set."""
    await connection.execute(
        """
        INSERT INTO preference_defaults (environment_id, preference_set, updated_at) VALUES (%s, %s, %s)
        ON CONFLICT (environment_id)
        DO UPDATE SET preference_set = excluded.preference_set, updated_at = excluded.updated_at
        """,
        (environment_id, Jsonb(preference_set), now),
    )
