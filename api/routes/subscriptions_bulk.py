"""Subscriptions to many objects of a collection in one call."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from api.dependencies import Caller, Db, TemporalClient
from api.errors import InvalidParams
from api.schemas import subscriptions as schemas
from api.schemas.bulk_operations import BulkOperation, BulkProgress
from api.subscribing import identify_all, subscribed_object
from dispatch.waking import wake_for_recipients
from models.tables.bulk_operations import Tally, record_completed
from models.tables.subscriptions import subscribe, unsubscribe
from models.values.given import GivenMistake, GivenRecipient

router = APIRouter(prefix="/v1/objects", tags=["Subscriptions"])


@router.post("/{collection:id}/bulk/subscriptions/add")
async def bulk_add_subscriptions(
    collection: str,
    body: schemas.BulkUpsertSubscriptionsRequest,
    caller: Caller,
    database: Db,
    temporal: TemporalClient,
    progress: BulkProgress,
) -> BulkOperation:
    """Carried out before the answer; recipients that cannot be read count as errors of their object."""
    call = _Call(collection, body.subscriptions)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        named = [one for to, given, _ in call.rows for one in (to, *given)]
        identified = await identify_all(connection, caller.environment_id, named, now)
        for to, given, asked in call.rows:
            refs = list(dict.fromkeys(one.ref for one in given))
            properties = asked.properties if isinstance(asked, schemas.BulkUpsert) else None
            await subscribe(connection, caller.environment_id, to.ref, refs, properties, now)
        tally = call.tally("objects.subscriptions.add")
        row = await record_completed(connection, caller.environment_id, tally, now)
    await wake_for_recipients(database, temporal, caller.environment_id, identified)
    return progress.shown(row)


@router.post("/{collection:id}/bulk/subscriptions/delete")
async def bulk_delete_subscriptions(
    collection: str,
    body: schemas.BulkDeleteSubscriptionsRequest,
    caller: Caller,
    database: Db,
    progress: BulkProgress,
) -> BulkOperation:
    """Carried out before the answer; whoever does not subscribe is passed over."""
    call = _Call(collection, body.subscriptions)
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        for to, given, _ in call.rows:
            await unsubscribe(connection, caller.environment_id, to.ref, [one.ref for one in given])
        tally = call.tally("objects.subscriptions.delete")
        row = await record_completed(connection, caller.environment_id, tally, now)
    return progress.shown(row)


class _Call:
    """The rows of a bulk call, in the order of their objects, so that two calls never deadlock."""

    def __init__(
        self, collection: str, rows: Sequence[schemas.BulkUpsert] | Sequence[schemas.BulkDelete]
    ) -> None:
        self._total = sum(len(row.recipients) for row in rows)
        self._errors: list[dict[str, Any]] = []
        if self._total > schemas.MOST_IN_BULK:
            told = f"name {self._total} recipients altogether, more than the {schemas.MOST_IN_BULK} allowed"
            raise InvalidParams.of("subscriptions", told)
        read = [(subscribed_object(collection, row.id), self._readable(collection, row), row) for row in rows]
        self.rows = sorted(read, key=lambda row: row[0].ref.gid)

    def _readable(
        self, collection: str, row: schemas.BulkUpsert | schemas.BulkDelete
    ) -> list[GivenRecipient]:
        found = []
        for raw in row.recipients:
            try:
                found.append(GivenRecipient.read(raw))
            except GivenMistake:
                self._errors.append({"id": row.id, "collection": collection})
        return found

    def tally(self, name: str) -> Tally:
        return Tally(name, self._total, self._errors)
