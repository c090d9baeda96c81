"""What every answer has in common."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.values.refs import RecipientRef

Reference = str | dict[str, str]
"""A recipient as Knock refers to it: a user's id, or `{id, collection}`."""


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]
"""Written as ISO 8601 in UTC with a Z, whatever zone the database speaks in."""


class Resource(BaseModel):
    """Fields that start with underscores on the wire have plain names here."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)


class Listed(Resource):
    """An element of a list that is read page by page."""

    cursor: str = Field(alias="__cursor")


def reference(row: Any, role: str) -> Any:
    """The reference in a row's `<role>_collection` and `<role>_id`; None without an id."""
    if row[f"{role}_id"] is None:
        return None
    return ref_of(row, role).to_api()


def ref_of(row: Any, role: str) -> RecipientRef:
    """As `reference`, for a row that has one."""
    return RecipientRef(collection=row[f"{role}_collection"], id=row[f"{role}_id"])
