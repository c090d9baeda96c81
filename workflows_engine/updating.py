"""What update steps of users and tenants are written with (E-UPDATE-1)."""

from typing import Literal

from pydantic import model_validator

from workflows_engine.step import Written


class EntitySettings(Written):
    """`current`: whom the run is about. `reference`: who `recipient_gid` names; properties are Liquid."""

    recipient_mode: Literal["current", "reference"]
    recipient_gid: str | None = None
    update_properties: str

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
