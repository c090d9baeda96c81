"""Ending a run's pause early, or moving its end: what operators wish for (docs/operating.md)."""

from datetime import datetime
from uuid import UUID

from dispatch.carrying import workflow_id_of
from dispatch.reaching import reaching_temporal
from dispatch.signals import tell_wake
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.recipient_runs import find_carrier


async def wish(
    database: Database, temporal: Temporal, environment_id: UUID, run_id: UUID, until: datetime | None
) -> bool:
    """Whether there is a paused run that was told to end its pause, now or then; Temporal keeps the wish.

    A run that is not paused would keep the wish for its next pause: it is not told. Raises Unavailable.
    """
    async with database.connection() as connection:
        run = await find_carrier(connection, environment_id, run_id)
    if run is None or run["finished_at"] is not None or run["status"] != "paused":
        return False
    with reaching_temporal():
        return await tell_wake(temporal.client, workflow_id_of(run), until)
