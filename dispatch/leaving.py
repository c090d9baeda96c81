"""Telling the runs and schedules of recipients who left; it only hastens what rows say already (D31)."""

import asyncio
import logging

from psycopg.rows import DictRow

from dispatch.carrying import workflow_id_of
from dispatch.errors import Unavailable
from dispatch.reaching import reaching_temporal
from dispatch.schedules import dismiss
from dispatch.signals import tell_wake
from dispatch.temporal import Temporal
from models.tables.recipient_removal import Removed

IN_FLIGHT = 20


async def tell_of_removal(temporal: Temporal, removed: Removed) -> None:
    """Let paused runs wake, find themselves ended and stop; schedules look for their rows and end.

    While Temporal is away nothing is lost: runs stop when they wake by themselves (E-RUN-13).
    """
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def wake(run: DictRow) -> None:
        async with slots:
            await tell_wake(temporal.client, workflow_id_of(run), None)

    try:
        with reaching_temporal():
            await asyncio.gather(*(wake(run) for run in removed.runs))
    except Unavailable as away:
        logging.getLogger(__name__).warning("recipients were deleted, their runs not told: %s", away)
    await dismiss(temporal, removed.schedules)
