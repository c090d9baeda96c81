"""Tells runs that wait for an event to look for it; their rows say what happened (D31)."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg.rows import DictRow
from temporalio.service import RPCError

from dispatch.cancels import workflow_id_of
from dispatch.signals import tell_look
from dispatch.temporal import Temporal
from models.database import Database
from models.tables.waits import find_waiting
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
                await tell_look(temporal.client, workflow_id_of(run))
            except RPCError as error:
                log.warning("run %s was not told to look for its event: %s", run["id"], error)

    await asyncio.gather(*map(tell, waiting))


async def wake_waiting(
    database: Database,
    temporal: Temporal,
    environment_id: UUID,
    recipient: RecipientRef,
    topics: Sequence[str],
) -> None:
    """Tell whoever waits for such events about this recipient, once they are committed."""
    async with database.connection() as connection:
        waiting = await find_waiting(connection, environment_id, recipient.gid, topics)
    await wake(temporal, waiting)
