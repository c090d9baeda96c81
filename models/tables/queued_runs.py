"""Writing down queued runs, before their workflows start."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from models.database import Connection
from models.parts import Part
from models.tables.recipient_runs import RecipientRun

INSERT_RUN = """
    INSERT INTO recipient_runs (
        id, environment_id, workflow_run_id, workflow_key, workflow_version_id, recipient_collection,
        recipient_id, actor_collection, actor_id, tenant_id, cancellation_key, acceptance, trigger_source,
        trigger_data, subscription, activity_id, status, error_count, incarnation, inserted_at, updated_at)
    SELECT %(id)s, %(environment_id)s, %(workflow_run_id)s, %(workflow_key)s, %(workflow_version_id)s,
           %(recipient_collection)s, %(recipient_id)s, %(actor_collection)s, %(actor_id)s, %(tenant_id)s,
           %(cancellation_key)s, {acceptance}, %(trigger_source)s, %(trigger_data)s::json,
           %(subscription)s::jsonb, %(activity_id)s, 'queued', 0, 0, %(inserted_at)s, %(inserted_at)s {source}
    ON CONFLICT (id) DO NOTHING
"""
_RUN = (
    "id",
    "environment_id",
    "workflow_run_id",
    "workflow_key",
    "workflow_version_id",
    "recipient_collection",
    "recipient_id",
    "actor_collection",
    "actor_id",
    "tenant_id",
    "cancellation_key",
    "trigger_source",
    "activity_id",
    "inserted_at",
)


def _run_values(run: RecipientRun) -> dict[str, Any]:
    values = {name: getattr(run, name) for name in _RUN}
    values["trigger_data"] = None if run.trigger_data is None else Json(run.trigger_data)
    values["subscription"] = None if run.subscription is None else Jsonb(run.subscription)
    return values


async def insert_run(connection: Connection, run: RecipientRun) -> None:
    """Write a queued run down before its workflow starts; one already there is left as it is."""
    sql = INSERT_RUN.format(acceptance="%(acceptance)s::bigint", source="")
    await connection.execute(sql, _run_values(run) | {"acceptance": run.acceptance})


def run_part(run: RecipientRun) -> Part:
    """Writing a queued run beside its trigger, whose acceptance number it takes."""
    sql = INSERT_RUN.format(acceptance="claimed.acceptance", source="FROM claimed")
    return Part("queued", sql, _run_values(run))


async def find_queued(connection: Connection, environment_id: UUID, run_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the runs that have not begun."""
    cursor = await connection.execute(
        """
        SELECT id FROM recipient_runs
        WHERE environment_id = %s AND id = ANY(%s) AND status = 'queued' AND finished_at IS NULL
        """,
        (environment_id, list(run_ids)),
    )
    return {row["id"] for row in await cursor.fetchall()}


async def count_runs(connection: Connection, environment_id: UUID, trigger_id: UUID) -> int:
    """How many recipients a trigger has reached."""
    cursor = await connection.execute(
        "SELECT count(*) AS runs FROM recipient_runs WHERE environment_id = %s AND workflow_run_id = %s",
        (environment_id, trigger_id),
    )
    row = await cursor.fetchone()
    assert row is not None  # a count is one row
    return int(row["runs"])
