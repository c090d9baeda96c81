"""Tells runs that wait for an event to look for it; their rows say what happened (D31)."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg.rows import DictRow

from dispatch.carrying import workflow_id_of
from dispatch.errors import Unavailable
from dispatch.reaching import reaching_temporal
from dispatch.signals import tell_look
from dispatch.temporal import Temporal
from models.database import Database
from models.queries.awaited_events import keep_update
from models.tables.waits import (
    RunEventKey,
    find_waiting_for_messages,
    find_waiting_for_run,
    find_waiting_for_update,
)
from models.values.refs import RecipientRef

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Signals in flight: more only add latency at the server."""


async def wake(temporal: Temporal, waiting: Iterable[DictRow]) -> None:
    """Tell these runs, after what they wait for was committed.

    One that cannot be told now is told by the reconciler: whoever made the event happen did its part.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def tell(run: DictRow) -> None:
        async with slots:
            try:
                with reaching_temporal():
                    await tell_look(temporal.client, workflow_id_of(run))
            except Unavailable as error:
                log.warning("run %s was not told to look for its event: %s", run["id"], error)

    await asyncio.gather(*map(tell, waiting))


async def wake_for_messages(
    database: Database, temporal: Temporal, environment_id: UUID, message_ids: Sequence[str]
) -> None:
    """Tell whoever waits for something to happen to messages of their recipients, once it is committed."""
    async with database.connection() as connection:
        waiting = await find_waiting_for_messages(connection, environment_id, message_ids)
    await wake(temporal, waiting)


async def wake_for_run(
    database: Database, temporal: Temporal, environment_id: UUID, run_id: UUID, event_key: RunEventKey
) -> None:
    """Tell whoever waits for this run to start or to complete, once it is committed."""
    async with database.connection() as connection:
        waiting = await find_waiting_for_run(connection, environment_id, run_id, event_key)
    await wake(temporal, waiting)


async def wake_for_recipients(
    database: Database, temporal: Temporal, environment_id: UUID, refs: Iterable[RecipientRef]
) -> None:
    """Tell whoever waits for these recipients to change, once it is committed; how they stand is kept."""
    async with database.connection() as connection:
        waiting = await find_waiting_for_update(connection, environment_id, list(refs))
        for ref in {reference_of(run) for run in waiting}:
            await keep_update(connection, environment_id, ref)
    await wake(temporal, waiting)


def reference_of(run: DictRow) -> RecipientRef:
    """Recipients wait for themselves only (E-WAITEVENT-8)."""
    return RecipientRef(collection=run["recipient_collection"], id=run["recipient_id"])
