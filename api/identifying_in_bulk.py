"""Writing many recipients by one call: each row whole or not at all, all of it before the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.errors import DeadlockDetected
from psycopg.rows import DictRow
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random

from api.errors import InvalidParams
from models.database import Database
from models.queries.recipients import list_outgrown
from models.tables.bulk_operations import Tally, record_completed
from models.tables.recipients import Identification
from models.values.given import GivenMistake, GivenRecipient
from models.values.refs import RecipientRef


@dataclass
class Batch:
    """What a bulk call asks for: whom to write, and the rows that cannot be obeyed."""

    total: int
    wanted: dict[RecipientRef, Identification] = field(default_factory=dict)
    refused: list[RecipientRef] = field(default_factory=list)


def read_batch(entries: Sequence[Any], collection: str, field_name: str) -> Batch:
    """Of the entries of a body. A row without a usable id is a mistake of the call: raises InvalidParams.

    A row that is wrong in another way is refused by itself; the same one named twice is written once.
    """
    batch = Batch(len(entries))
    for index, entry in enumerate(entries):
        row = {**entry, "collection": collection} if isinstance(entry, dict) else entry
        # A bare id stands for an empty row: bulk calls, unlike triggers, name nobody without writing them.
        row = {"id": entry, "collection": collection} if isinstance(entry, str) else row
        ref = _ref(row, f"{field_name}[{index}]")
        try:
            wanted = Identification.of(GivenRecipient.read(row))
        except GivenMistake:
            batch.refused.append(ref)
            continue
        assert wanted is not None  # only a bare id has no properties
        known = batch.wanted.get(ref)
        batch.wanted[ref] = known.joined_by(wanted) if known else wanted
    return batch


def _ref(row: Any, where: str) -> RecipientRef:
    try:
        named = {"id": row.get("id"), "collection": row.get("collection")} if isinstance(row, dict) else row
        return GivenRecipient.read(named).ref
    except GivenMistake as mistake:
        path = f"{where}.{mistake.field}" if mistake.field else where
        raise InvalidParams.of(path, mistake.message) from mistake


# Two calls that name the same people meet in the same order, but others may not.
@retry(
    retry=retry_if_exception_type(DeadlockDetected),
    stop=stop_after_attempt(5),
    wait=wait_random(0, 0.05),
    reraise=True,
)
async def write_batch(database: Database, environment_id: UUID, name: str, batch: Batch) -> DictRow:
    """The completed operation. Rows whose properties would grow too large are counted as errors."""
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        given = {ref: one.properties for ref, one in batch.wanted.items()}
        outgrown = set(await list_outgrown(connection, environment_id, given))
        async with connection.pipeline():
            for ref in sorted(set(batch.wanted) - outgrown, key=lambda one: one.gid):
                await batch.wanted[ref].write(connection, environment_id, now)
        refused = [*batch.refused, *sorted(outgrown, key=lambda one: one.gid)]
        tally = Tally(name, batch.total, [error_item(ref) for ref in refused])
        return await record_completed(connection, environment_id, tally, now)


def error_item(ref: RecipientRef) -> dict[str, Any]:
    """A row that failed, as bulk operations list it."""
    return {"id": ref.id} if ref.is_user else {"id": ref.id, "collection": ref.collection}
