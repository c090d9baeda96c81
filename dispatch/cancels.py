"""Accepting a cancel: one row with its own number, then signals to the runs it concerns (D10)."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg.rows import DictRow

from dispatch.carrying import workflow_id_of
from dispatch.errors import WorkflowMissing
from dispatch.reaching import reaching_temporal
from dispatch.signals import tell_cancel
from dispatch.starting import start_cancel
from dispatch.temporal import Temporal
from dispatch.triggers import Place
from models.database import Database
from models.tables.cancels import NewCancel, find_cancellable, insert_cancel, lock_key
from models.tables.resources import has_workflow
from models.values.refs import RecipientRef

AT_ONCE = 20
"""Signals that the request itself sends; a workflow carries a cancel that concerns more."""


@dataclass(frozen=True)
class CancelRequest:
    """A parsed call of `POST /v1/workflows/{key}/cancel`; no recipients means all of them (E-CANCEL-2)."""

    workflow_key: str
    cancellation_key: str
    recipients: list[RecipientRef] | None = None
    api_key_id: UUID | None = None


async def accept_cancel(database: Database, temporal: Temporal, place: Place, request: CancelRequest) -> int:
    """The cancel's number, once it cannot be missed any more; raises NotAccepted."""
    gids = None if request.recipients is None else [ref.gid for ref in request.recipients]
    async with database.transaction() as connection:
        if not await has_workflow(connection, place.content_id, request.workflow_key):
            raise WorkflowMissing(request.workflow_key)
        await lock_key(
            connection, place.environment_id, request.workflow_key, request.cancellation_key, shared=False
        )
        cancel = NewCancel(
            environment_id=place.environment_id,
            workflow_key=request.workflow_key,
            cancellation_key=request.cancellation_key,
            gids=gids,
            api_key_id=request.api_key_id,
        )
        acceptance = await insert_cancel(connection, cancel, datetime.now(UTC))
        runs = await find_cancellable(connection, place.environment_id, acceptance, limit=AT_ONCE + 1)
    # When Temporal is away the row stands, and the reconciler signals again; repeating the call does no harm.
    with reaching_temporal():
        if len(runs) > AT_ONCE:
            await start_cancel(temporal, place.environment_id, place.slug, request.workflow_key, acceptance)
        else:
            await asyncio.gather(*(tell_run(temporal, run, acceptance) for run in runs))
    return acceptance


async def tell_run(temporal: Temporal, run: DictRow, acceptance: int) -> bool:
    """Signal one run, a row of `find_cancellable`; False when its workflow is gone."""
    return await tell_cancel(temporal.client, workflow_id_of(run), acceptance)
