"""Closing batch windows: by their timer, by a member that fills them, by an operator (E-BATCH-22…25)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from activities.flattening import flattened
from activities.standing import Standing
from activities.versions import Version, Versions
from models.database import Connection
from models.queries.commits import list_versions
from models.tables import batches
from models.tables.cancels import lock_key
from models.tables.recipient_runs import Gathered, find_carrier, go_on_gathered, later_cancel
from workflows_engine.steps.batch import BatchStep

REMEMBERED_VERSIONS = 100
"""How many commits back a step that follows the latest version is looked for."""


async def shut(
    connection: Connection, environment_id: UUID, window: DictRow, reason: str, now: datetime
) -> DictRow:
    """Close an open window whose lock the transaction holds; answers its row.

    Until the transaction ends no cancel of the owner's key is accepted: one that came before took the
    owner's own activity out and is spent by that, one that comes after stops the run (E-CANCEL-8).
    """
    spent = await _cancel_of_owner(connection, environment_id, window["owner_run_id"])
    await batches.dismiss_cancelled(connection, window["id"], now)
    totals = await batches.count_members(connection, window["id"])
    told = reason if totals["activities"] else "empty"
    return await batches.close_window(connection, window["id"], batches.Closing(told, totals, spent, now))


async def _cancel_of_owner(connection: Connection, environment_id: UUID, owner: UUID | None) -> int | None:
    run = None if owner is None else await find_carrier(connection, environment_id, owner)
    if owner is None or run is None or run["cancellation_key"] is None:
        return None
    await lock_key(connection, environment_id, run["workflow_key"], run["cancellation_key"], shared=True)
    return await later_cancel(connection, environment_id, owner)


async def resuming_version(
    connection: Connection, versions: Versions, standing: Standing, step_ref: str
) -> Version:
    """The version that the run goes on with (E-BATCH-23).

    For a step that follows the latest: the newest published one that still has this step and follows the
    latest in it; the run's own version is one such.
    """
    own = standing.version
    if not own.definition.step(step_ref).settings.follows_latest:
        return own
    place = (standing.facts["content_environment_id"], "workflow", own.key)
    for version_id in await list_versions(connection, *place, limit=REMEMBERED_VERSIONS):
        if version_id == own.id:
            return own
        version = await versions.get(connection, standing.facts["environment_id"], version_id)
        steps = [step for _, step in version.definition.walk() if step.ref == step_ref]
        if any(isinstance(step, BatchStep) and step.settings.follows_latest for step in steps):
            return version
    return own


async def take_gathered(
    connection: Connection, standing: Standing, version: Version, window: DictRow, now: datetime
) -> None:
    """The run goes on with the window's activities and their merged data (E-BATCH-28…30)."""
    environment_id = standing.facts["environment_id"]
    settings = version.definition.step(window["step_ref"]).settings
    rows = await batches.find_gathered(
        connection,
        environment_id,
        window["id"],
        limit=settings.render_limit,
        newest=settings.order == "desc",
    )
    merged: dict[str, Any] = {}
    for row in rows:
        merged |= flattened({**row["shared_data"], **(row["trigger_data"] or {})})
    gathered = Gathered(window["id"], version.id, merged)
    await go_on_gathered(connection, environment_id, standing.facts["id"], gathered, now)
