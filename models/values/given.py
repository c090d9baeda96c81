"""Recipients and tenants as callers give them: a bare id, a reference, or with properties (E-TRIGGER-3)."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from models.values.refs import TENANTS, USERS, RecipientRef

LONGEST_ID = 256
"""Characters of a user id (E-TRIGGER-15); we hold objects and tenants to the same."""

UNSUPPORTED = {
    "channel_data": "set channel data inline",
    "preferences": "set preferences inline",
}
"""Reserved keys that a later release obeys; refused until then, so that nothing is lost silently."""


class GivenMistake(ValueError):
    """What is wrong with a given recipient, worded for the caller; `field` is the path inside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class GivenRecipient(BaseModel):
    """A recipient or actor of a trigger. `properties` is None for a bare id, which never creates anyone."""

    model_config = ConfigDict(frozen=True)

    ref: RecipientRef
    properties: dict[str, Any] | None = None
    trigger_data: dict[str, Any] | None = None

    @classmethod
    def read(cls, raw: Any) -> "GivenRecipient":
        """From its JSON; raises GivenMistake."""
        if isinstance(raw, str):
            return cls(ref=RecipientRef(id=checked_id(raw)))
        if not isinstance(raw, dict):
            raise GivenMistake("", "must be a user id, or an object with an id")
        collection = raw.get("collection", USERS)
        _check_collection(collection)
        trigger_data = raw.get("$trigger_data")
        if trigger_data is not None and not isinstance(trigger_data, dict):
            raise GivenMistake("$trigger_data", "must be an object")
        return cls(
            ref=RecipientRef(collection=collection, id=_id_in(collection, raw.get("id"))),
            properties=properties_of(raw, but={"id", "collection", "$trigger_data"}),
            trigger_data=trigger_data,
        )

    def joined_by(self, later: "GivenRecipient") -> "GivenRecipient":
        """The same one, named again: whatever either call of the name gave is kept, the later one wins."""
        return self.model_copy(
            update={
                "properties": _joined(self.properties, later.properties),
                "trigger_data": _joined(self.trigger_data, later.trigger_data),
            }
        )


def _joined(first: dict[str, Any] | None, later: dict[str, Any] | None) -> dict[str, Any] | None:
    return later if first is None else {**first, **(later or {})}


class GivenTenant(BaseModel):
    """A tenant by id or inline; an unknown one is created either way (E-TRIGGER-17)."""

    model_config = ConfigDict(frozen=True)

    id: str
    properties: dict[str, Any]

    @property
    def ref(self) -> RecipientRef:
        return RecipientRef(collection=TENANTS, id=self.id)

    @classmethod
    def read(cls, raw: Any) -> "GivenTenant":
        """From its JSON; raises GivenMistake."""
        if isinstance(raw, str):
            return cls(id=_tenant_id(raw), properties={})
        if not isinstance(raw, dict):
            raise GivenMistake("", "must be a tenant id, or an object with an id")
        return cls(id=_tenant_id(raw.get("id")), properties=properties_of(raw, but={"id"}))


def checked_id(value: Any, *, is_user: bool = True) -> str:
    """An id that may be stored; raises GivenMistake."""
    if not isinstance(value, str) or not value:
        raise GivenMistake("id", "must be a text that is not empty")
    if len(value) > LONGEST_ID:
        raise GivenMistake("id", f"must have at most {LONGEST_ID} characters, this one has {len(value)}")
    if is_user and any(mark in value for mark in "/#"):
        raise GivenMistake("id", "a user id must not contain / or #")
    return value


def _check_collection(value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise GivenMistake("collection", "must be a text that is not empty")
    if len(value) > LONGEST_ID:
        raise GivenMistake(
            "collection", f"must have at most {LONGEST_ID} characters, this one has {len(value)}"
        )
    # An object's id may hold a slash: with one here too, two objects would share a global id, and a run.
    if any(mark in value for mark in "/#"):
        raise GivenMistake("collection", "must not contain / or #")


def _id_in(collection: str, value: Any) -> str:
    return _tenant_id(value) if collection == TENANTS else checked_id(value, is_user=collection == USERS)


def properties_of(raw: dict[str, Any], but: set[str]) -> dict[str, Any]:
    """Everything else that was given; raises GivenMistake for what cannot be obeyed yet."""
    for key, what in UNSUPPORTED.items():
        if raw.get(key) is not None:
            raise GivenMistake(key, f"this release cannot {what} yet; leave the key out")
    return {key: value for key, value in raw.items() if key not in but and key not in UNSUPPORTED}


def _tenant_id(value: Any) -> str:
    checked = checked_id(value, is_user=False)
    if any(mark.isspace() for mark in checked):
        raise GivenMistake("id", "a tenant id must not contain white space")
    return checked
