"""Members of audiences as the API shows and takes them."""

from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.pagination import PageInfo
from api.schemas.recipients import Recipient, show
from models.values.refs import RecipientRef

MOST_MEMBERS = 1000
"""Members that one call may add or remove (E-AUD-2)."""


class AudienceMemberRequest(BaseModel):
    """A user, inline or by id, with the tenant that the membership is for, if any."""

    model_config = ConfigDict(extra="forbid")

    user: str | dict[str, Any]
    tenant: str | None = None


class AudienceMembersRequest(BaseModel):
    """Whom to add or to remove."""

    members: list[AudienceMemberRequest] = Field(min_length=1, max_length=MOST_MEMBERS)


class AudienceMember(BaseModel):
    """A membership; a user whom nobody identified is shown with nulls."""

    model_config = ConfigDict(serialize_by_alias=True)

    typename: str = Field("AudienceMember", alias="__typename")
    added_at: datetime
    tenant: str | None
    user: Recipient
    user_id: str


class ListAudienceMembersResponse(BaseModel):
    """One page, the newest members first."""

    entries: list[AudienceMember]
    page_info: PageInfo


def member(row: DictRow) -> AudienceMember:
    """From the membership with its user's columns, which are null for a missing one."""
    known = None if row["properties"] is None else row
    user = show(RecipientRef(id=row["user_id"]), known, row["inserted_at"])
    return AudienceMember(
        added_at=row["inserted_at"], tenant=row["tenant_id"], user=user, user_id=row["user_id"]
    )
