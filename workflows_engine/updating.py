"""What update steps of users and tenants are written with, and whom they name (E-UPDATE-1)."""

import re
from typing import Literal

from models.values.refs import RecipientRef
from pydantic import Field, model_validator

from workflows_engine.step import Written, has_liquid

_GID = re.compile(r"gid://Object/(?P<collection>[^/#]+)/(?P<id>.+)", re.DOTALL)


class EntitySettings(Written):
    """`current`: whom the run is about. `reference`: who `recipient_gid` names; properties are Liquid."""

    recipient_mode: Literal["current", "reference"]
    recipient_gid: str | None = None
    update_properties: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_whom_it_refers_to(self) -> "EntitySettings":
        if self.recipient_mode == "reference" and not self.recipient_gid:
            raise ValueError("recipient_mode reference needs recipient_gid")
        return self

    def templates(self) -> dict[str, str]:
        found = {"settings.update_properties": self.update_properties}
        if self.recipient_gid is not None:
            found["settings.recipient_gid"] = self.recipient_gid
        return found


def read_gid(gid: str) -> RecipientRef:
    """Whom a global id names (E-SHAPE-5); raises ValueError for what is none."""
    match = _GID.fullmatch(gid)
    if match is None:
        raise ValueError("a global id is gid://Object/{collection}/{id}")
    return RecipientRef(collection=match["collection"], id=match["id"])


def check_gid(gid: str | None, *, collection: str | None = None, but: tuple[str, ...] = ()) -> None:
    """Raises ValueError for a written global id that can never name what the step updates.

    Its parts may be Liquid; then the run looks at them.
    """
    if gid is None or has_liquid(gid):
        return
    named = read_gid(gid).collection
    if collection is not None and named != collection:
        raise ValueError(f"recipient_gid must be gid://Object/{collection}/{{id}}")
    if named in but:
        raise ValueError(f"recipient_gid names a recipient in {named}, which has a step type of its own")
