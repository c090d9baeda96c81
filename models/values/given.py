"""Recipients and tenants as callers give them: a bare id, a reference, or with properties (E-TRIGGER-3)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from models.values.calls_merging import merged, merged_sets
from models.values.channel_data import ChannelDataMistake, channel_data_of
from models.values.field_paths import field_path
from models.values.preferences import PreferenceSetRequest
from models.values.refs import TENANTS, USERS, RecipientRef
from models.values.unfitting import unfitting

LONGEST_ID = 256
"""Characters of a user id (E-TRIGGER-15); we hold objects and tenants to the same."""

RESERVED = {"channel_data", "preferences"}
"""Keys that are no properties: they are kept beside them (E-TRIGGER-12)."""

TEXTS = {
    USERS: ("name", "email", "phone_number", "avatar", "locale", "timezone"),
    TENANTS: ("name",),
}
"""Properties with a meaning, which must be texts or null (E-TRIGGER-15); objects have three."""
TEXTS_OF_OBJECTS = ("name", "locale", "timezone")

PREFERENCE_KEYS = {"workflows", "categories", "channel_types", "channels", "commercial_subscribed"}


class GivenMistake(ValueError):
    """What is wrong with a given recipient, worded for the caller; `field` is the path inside it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class GivenState(BaseModel):
    """What is to be merged into a recipient beside its properties, in the form it is stored in.

    `preferences` are sets by id. A set may carry `__persistence_strategy__`, which is not stored.
    """

    model_config = ConfigDict(frozen=True)

    channel_data: dict[UUID, dict[str, Any]] = {}
    preferences: dict[str, dict[str, Any]] = {}


class GivenRecipient(GivenState):
    """A recipient or actor of a trigger. `properties` is None for a bare id, which never creates anyone."""

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
        checked_collection(collection)
        trigger_data = raw.get("$trigger_data")
        if trigger_data is not None and not isinstance(trigger_data, dict):
            raise GivenMistake("$trigger_data", "must be an object")
        return cls(
            ref=RecipientRef(collection=collection, id=_id_in(collection, raw.get("id"))),
            properties=properties_of(raw, collection, but={"id", "collection", "$trigger_data"}),
            trigger_data=trigger_data,
            channel_data=channel_data_in(raw),
            preferences=preferences_in(raw),
        )

    @property
    def unidentified(self) -> "GivenRecipient":
        """The same one without what is stored of it elsewhere, once it was."""
        return GivenRecipient(ref=self.ref, trigger_data=self.trigger_data)

    def joined_by(self, later: "GivenRecipient") -> "GivenRecipient":
        """The same one, named again: whatever either call of the name gave is kept, the later one wins.

        Properties and preferences are merged deeply, as two calls would be (E-TRIGGER-11, E-TRIGGER-12).
        """
        return self.model_copy(
            update={
                "properties": merged(self.properties or {}, later.properties or {})
                if self.properties is not None or later.properties is not None
                else None,
                "trigger_data": _joined(self.trigger_data, later.trigger_data),
                "channel_data": self.channel_data | later.channel_data,
                "preferences": merged_sets(self.preferences, later.preferences),
            }
        )


def _joined(first: dict[str, Any] | None, later: dict[str, Any] | None) -> dict[str, Any] | None:
    return later if first is None else {**first, **(later or {})}


class GivenTenant(GivenState):
    """A tenant by id or inline; an unknown one is created either way (E-TRIGGER-17)."""

    id: str
    properties: dict[str, Any]

    @property
    def ref(self) -> RecipientRef:
        return RecipientRef(collection=TENANTS, id=self.id)

    @classmethod
    def read(cls, raw: Any) -> "GivenTenant":
        """From its JSON; raises GivenMistake."""
        if isinstance(raw, str):
            return cls(id=checked_tenant_id(raw), properties={})
        if not isinstance(raw, dict):
            raise GivenMistake("", "must be a tenant id, or an object with an id")
        return cls(
            id=checked_tenant_id(raw.get("id")),
            properties=properties_of(raw, TENANTS, but={"id"}),
            channel_data=channel_data_in(raw),
            preferences=preferences_in(raw),
        )


def checked_id(value: Any, *, is_user: bool = True) -> str:
    """An id that may be stored; raises GivenMistake."""
    if not isinstance(value, str) or not value:
        raise GivenMistake("id", "must be a text that is not empty")
    if len(value) > LONGEST_ID:
        raise GivenMistake("id", f"must have at most {LONGEST_ID} characters, this one has {len(value)}")
    if is_user and any(mark in value for mark in "/#"):
        raise GivenMistake("id", "must not contain / or #")
    return value


def checked_collection(value: Any) -> str:
    """A collection's name that may be stored; raises GivenMistake."""
    if not isinstance(value, str) or not value:
        raise GivenMistake("collection", "must be a text that is not empty")
    if len(value) > LONGEST_ID:
        raise GivenMistake(
            "collection", f"must have at most {LONGEST_ID} characters, this one has {len(value)}"
        )
    # An object's id may hold a slash: with one here too, two objects would share a global id, and a run.
    if any(mark in value for mark in "/#"):
        raise GivenMistake("collection", "must not contain / or #")
    return value


def _id_in(collection: str, value: Any) -> str:
    return (
        checked_tenant_id(value) if collection == TENANTS else checked_id(value, is_user=collection == USERS)
    )


def properties_of(raw: dict[str, Any], collection: str, but: set[str]) -> dict[str, Any]:
    """Everything else that was given; raises GivenMistake for a property that is not what its name says."""
    properties = {key: value for key, value in raw.items() if key not in but and key not in RESERVED}
    for key in TEXTS.get(collection, TEXTS_OF_OBJECTS):
        if not isinstance(properties.get(key), str | None):
            raise GivenMistake(key, "must be a text or null")
    _check_moment(properties.get("created_at"))
    if collection == TENANTS and properties.get("settings") is not None:
        properties["settings"] = _tenant_settings(properties["settings"])
    return properties


def _tenant_settings(settings: Any) -> dict[str, Any]:
    """As they are merged; settings that we do not know are kept as they are (E-TENANT-3).

    A preference set that replaces the stored one says so in `__persistence_strategy__`, which is not stored.
    """
    if not isinstance(settings, dict):
        raise GivenMistake("settings", "must be an object")
    branding = settings.get("branding")
    if not isinstance(branding, dict | None):
        raise GivenMistake("settings.branding", "must be an object or null")
    for key, value in (branding or {}).items():
        if not isinstance(value, str | None):
            raise GivenMistake(f"settings.branding.{key}", "must be a text or null")
    if settings.get("preference_set") is None:
        return settings
    kept = _preference_set("settings.preference_set", settings["preference_set"])
    return settings | {"preference_set": kept}


def _check_moment(value: Any) -> None:
    try:
        if value is not None:
            datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GivenMistake("created_at", "must be a moment as ISO 8601 writes it, or null") from None


def channel_data_in(raw: dict[str, Any]) -> dict[UUID, dict[str, Any]]:
    """The inline channel data by channel; raises GivenMistake."""
    found = {}
    for key, given in _map_in(raw, "channel_data", "the ids of channels").items():
        try:
            found[UUID(key)] = channel_data_of(given)
        except ChannelDataMistake as mistake:
            path = field_path(("channel_data", key, mistake.field))
            raise GivenMistake(path, mistake.message) from mistake
        except ValueError:
            raise GivenMistake("channel_data", f'"{key}" is not the id of a channel, a UUID') from None
    return found


def preferences_in(raw: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The inline preference sets by id; raises GivenMistake. `default` must be written out (E-TRIGGER-12)."""
    given = _map_in(raw, "preferences", "the ids of preference sets")
    bare = PREFERENCE_KEYS & given.keys()
    if bare:
        raise GivenMistake(
            f"preferences.{min(bare)}", 'name the set: {"default": {…}}, or the id of a tenant in its place'
        )
    return {
        checked_tenant_id(set_id): _preference_set(f"preferences.{set_id}", body)
        for set_id, body in given.items()
    }


def _preference_set(where: str, body: Any) -> dict[str, Any]:
    try:
        request = PreferenceSetRequest.model_validate(body)
    except ValidationError as error:
        first = unfitting(error.errors(include_url=False), body)[0]
        raise GivenMistake(field_path((where, *first.location)), first.message) from error
    strategy = request.persistence_strategy
    return request.to_json() | ({"__persistence_strategy__": strategy} if strategy else {})


def _map_in(raw: dict[str, Any], key: str, names: str) -> dict[str, Any]:
    value = raw.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise GivenMistake(key, f"must be an object whose keys are {names}")
    return value


def checked_tenant_id(value: Any) -> str:
    """A tenant's id, which names the preference sets that hold for it too; raises GivenMistake."""
    checked = checked_id(value, is_user=False)
    if any(mark.isspace() for mark in checked):
        raise GivenMistake("id", "must not contain white space")
    return checked
