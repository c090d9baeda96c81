"""Activities as the API shows them: one for each trigger that a message tells of."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import Field

from api.pagination import PageInfo, encode
from api.schemas.recipients import Recipient, show
from api.schemas.resource import Listed, Moment, Resource, ref_of
from models.queries.paging import Position
from models.values.refs import RecipientRef

BY_ACCEPTANCE = (int, str)
"""The shape of an activity's cursor."""


class Activity(Listed):
    """Recipient and actor stand in full."""

    typename: str = Field("Activity", alias="__typename")
    id: str
    actor: Recipient | None
    data: dict[str, Any] | None
    recipient: Recipient
    inserted_at: Moment
    updated_at: Moment


class ListActivitiesResponse(Resource):
    items: list[Activity]
    page_info: PageInfo


def position(row: DictRow) -> Position:
    return int(row["acceptance"]), str(UUID(str(row["recipient_run_id"])))


def refs_in(rows: Iterable[DictRow]) -> set[RecipientRef]:
    """Everyone whom these activities show."""
    return {
        ref_of(row, role) for row in rows for role in ("recipient", "actor") if row[f"{role}_id"] is not None
    }


def activity(row: DictRow, known: dict[RecipientRef, DictRow]) -> Activity:
    """Data is the trigger's, with the recipient's own over it (E-TRIGGER-13)."""
    recipient = ref_of(row, "recipient")
    actor = ref_of(row, "actor") if row["actor_id"] is not None else None
    return Activity(
        cursor=encode(position(row)),
        id=row["id"],
        actor=show(actor, known.get(actor), row["inserted_at"]) if actor else None,
        data={**row["data"], **(row["trigger_data"] or {})},
        recipient=show(recipient, known.get(recipient), row["inserted_at"]),
        inserted_at=row["inserted_at"],
        updated_at=row["inserted_at"],
    )
