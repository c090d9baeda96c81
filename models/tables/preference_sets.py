"""Preference sets of recipients: what somebody wants to hear of, and on which channels (E-PREF)."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from sqlmodel import Field, SQLModel

from models.database import Connection
from models.parts import Part
from models.tables.columns import document, moment
from models.values.refs import RecipientRef

DEFAULT_SET = "default"


class PreferenceSet(SQLModel, table=True):
    """One set of a recipient. Its id is `default`, or the id of the tenant it holds for."""

    __tablename__ = "preference_sets"

    environment_id: UUID = Field(primary_key=True, foreign_key="environments.id")
    collection: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    set_id: str = Field(primary_key=True)
    preference_set: dict[str, Any] = document()
    inserted_at: datetime = moment()
    updated_at: datetime = moment()


OWN_SET: LiteralString = """
    SELECT p.preference_set FROM preference_sets p
    WHERE p.environment_id = {run}.environment_id AND p.collection = {run}.recipient_collection
      AND p.recipient_id = {run}.recipient_id AND p.set_id = """
LAYERS: LiteralString = f"""
    SELECT jsonb_build_object(
        'environment', (SELECT d.preference_set FROM preference_defaults d
                        WHERE d.environment_id = {{run}}.environment_id),
        'tenant', tenant.properties #> '{{{{settings,preference_set}}}}',
        'recipient_default', ({OWN_SET} 'default'),
        'recipient_tenant', ({OWN_SET} {{run}}.tenant_id))
"""
"""The sets that may say what a run's recipient prefers (E-PREF-3, E-PREF-4), null where nobody set one.

`{run}` is the run's row; `tenant` is its tenant's row among recipients.
"""
REPLACED = "excluded.preference_set"
MERGED = "deep_merge(p.preference_set, excluded.preference_set)"
# In the order of their keys, so that two writers of the same rows never deadlock.
PUT = """
    INSERT INTO preference_sets AS p
        (environment_id, collection, recipient_id, set_id, preference_set, inserted_at, updated_at)
    SELECT %(environment_id)s, %(collection)s, %(id)s, given.key, given.value, %(now)s, %(now)s
    FROM jsonb_each(%(given)s::jsonb) AS given {beside}
    ORDER BY given.key
    ON CONFLICT (environment_id, collection, recipient_id, set_id) DO UPDATE
    SET preference_set = {becomes}, updated_at = excluded.updated_at
    WHERE p.preference_set <> {becomes}
"""


def _values(
    environment_id: UUID, ref: RecipientRef, given: dict[str, dict[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "environment_id": environment_id,
        "collection": ref.collection,
        "id": ref.id,
        "given": Jsonb(given),
        "now": now,
    }


async def put_preference_sets(
    connection: Connection,
    environment_id: UUID,
    ref: RecipientRef,
    given: dict[str, dict[str, Any]],
    now: datetime,
    *,
    merge: bool,
) -> bool:
    """Merge deeply into each set given, or replace it, and leave the others; whether anything changed.

    The recipient itself is not created by it; `identify_whole` does both.
    """
    if not given:
        return False
    sql = PUT.format(beside="", becomes=MERGED if merge else REPLACED)
    cursor = await connection.execute(sql, _values(environment_id, ref, given, now))
    return cursor.rowcount > 0


def preference_sets_part(
    name: str, environment_id: UUID, ref: RecipientRef, given: dict[str, dict[str, Any]], now: datetime
) -> Part:
    """Merging into several sets, as part of a statement (E-TRIGGER-12)."""
    sql = PUT.format(beside="CROSS JOIN claimed", becomes=MERGED)
    return Part(name, sql, _values(environment_id, ref, given, now))


async def find_preference_sets(
    connection: Connection, environment_id: UUID, ref: RecipientRef
) -> dict[str, dict[str, Any]]:
    """Every stored set of the recipient, by its id."""
    cursor = await connection.execute(
        """
        SELECT set_id, preference_set FROM preference_sets
        WHERE environment_id = %s AND collection = %s AND recipient_id = %s ORDER BY set_id
        """,
        (environment_id, ref.collection, ref.id),
    )
    return {row["set_id"]: row["preference_set"] for row in await cursor.fetchall()}


async def delete_preference_set(
    connection: Connection, environment_id: UUID, ref: RecipientRef, set_id: str
) -> DictRow | None:
    """Forget it; the row that went, or None if there was none."""
    cursor = await connection.execute(
        """
        DELETE FROM preference_sets
        WHERE environment_id = %s AND collection = %s AND recipient_id = %s AND set_id = %s RETURNING *
        """,
        (environment_id, ref.collection, ref.id, set_id),
    )
    return await cursor.fetchone()
