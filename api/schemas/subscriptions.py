"""Subscriptions as the API takes and shows them, named as in Knock's specification."""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel, Field

from api.pagination import PageInfo, by_time, encode
from api.schemas.recipients import Recipient, show
from api.schemas.resource import Listed, Moment, Resource, ref_of
from models.queries.paging import Position
from models.values.refs import RecipientRef

MOST_RECIPIENTS = 100
"""Subscribers of one call, or of one object of a bulk call (E-SUBS-2)."""
MOST_OBJECTS = 100
MOST_IN_BULK = 5_000
"""Subscriptions of a bulk call altogether."""

Sets = Mapping[RecipientRef, dict[str, Any]]
"""Preference sets by recipient, then by id."""


class UpsertSubscriptionsRequest(BaseModel):
    """Recipients are read by `models/values/given.py`; all of them get the same properties."""

    recipients: list[Any] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    properties: dict[str, Any] | None = None


class DeleteSubscriptionsRequest(BaseModel):
    recipients: list[Any] = Field(min_length=1, max_length=MOST_RECIPIENTS)


class BulkUpsert(UpsertSubscriptionsRequest):
    """The subscribers of one object of the collection."""

    id: str = Field(min_length=1)


class BulkUpsertSubscriptionsRequest(BaseModel):
    subscriptions: list[BulkUpsert] = Field(min_length=1, max_length=MOST_OBJECTS)


class BulkDelete(DeleteSubscriptionsRequest):
    """The former subscribers of one object of the collection."""

    id: str = Field(min_length=1)


class BulkDeleteSubscriptionsRequest(BaseModel):
    subscriptions: list[BulkDelete] = Field(min_length=1, max_length=MOST_OBJECTS)


class Subscription(Listed):
    """With its object and its recipient as they are now."""

    typename: str = Field("Subscription", alias="__typename")
    object: Recipient
    recipient: Recipient
    properties: dict[str, Any] | None
    inserted_at: Moment
    updated_at: Moment


class ListSubscriptionsResponse(Resource):
    entries: list[Subscription]
    page_info: PageInfo


def position(row: DictRow) -> Position:
    return by_time(row["inserted_at"], row["id"])


def refs_of(row: DictRow) -> tuple[RecipientRef, RecipientRef]:
    """The object, and who subscribes to it."""
    return ref_of(row, "object"), ref_of(row, "recipient")


def subscription(
    row: DictRow, people: Mapping[RecipientRef, DictRow], sets: Sets | None = None
) -> Subscription:
    """`people` are the rows of objects and recipients; `sets` are shown with recipients unless None."""
    to, subscriber = refs_of(row)
    recipient = show(subscriber, people.get(subscriber), row["inserted_at"])
    if sets is not None:
        recipient = recipient | {"preferences": sets.get(subscriber, {})}
    return Subscription(
        cursor=encode(position(row)),
        object=show(to, people.get(to), row["inserted_at"]),
        recipient=recipient,
        properties=row["properties"],
        inserted_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )
