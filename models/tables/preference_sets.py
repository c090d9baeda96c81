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
# A set may say itself how it is to be kept; else the caller of this does. In the order of their keys, so that
# two writers of the same rows never deadlock.
BECOMES = """
    CASE coalesce(%(given)s::jsonb -> p.set_id ->> '__persistence_strategy__', %(strategy)s::text)
    WHEN 'replace' THEN excluded.preference_set
    ELSE deep_merge(p.preference_set, excluded.preference_set) END
"""
PUT = f"""
    INSERT INTO preference_sets AS p
        (environment_id, collection, recipient_id, set_id, preference_set, inserted_at, updated_at)
    SELECT %(environment_id)s, %(collection)s, %(id)s, given.key, given.value - '__persistence_strategy__',
           %(now)s, %(now)s
    FROM jsonb_each(%(given)s::jsonb) AS given {{beside}}
    ORDER BY given.key
    ON CONFLICT (environment_id, collection, recipient_id, set_id) DO UPDATE
    SET preference_set = {BECOMES}, updated_at = excluded.updated_at
    WHERE p.preference_set <> {BECOMES}
"""


def _values(
    environment_id: UUID, ref: RecipientRef, given: dict[str, dict[str, Any]], now: datetime, *, merge: bool
) -> dict[str, Any]:
    return {
        "environment_id": environment_id,
        "collection": ref.collection,
        "id": ref.id,
        "given": Jsonb(given),
        "strategy": "merge" if merge else "replace",
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

    A set's own `__persistence_strategy__` wins over `merge`. The recipient itself is not created by it.
    """
    if not given:
        return False
    cursor = await connection.execute(
        PUT.format(beside=""), _values(environment_id, ref, given, now, merge=merge)
    )
    return cursor.rowcount > 0


def preference_sets_part(
    name: str, environment_id: UUID, ref: RecipientRef, given: dict[str, dict[str, Any]], now: datetime
) -> Part:
    """Merging into several sets, as part of a statement (E-TRIGGER-12)."""
    values = _values(environment_id, ref, given, now, merge=True)
    return Part(name, PUT.format(beside="CROSS JOIN claimed"), values)


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
