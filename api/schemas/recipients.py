"""Users, objects and tenants as the API shows them."""

from datetime import UTC, datetime
from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel

from api.pagination import PageInfo, by_time
from models.queries.paging import Position
from models.values.refs import TENANTS, RecipientRef

Recipient = dict[str, Any]
"""A User, Object or Tenant: open models, whose own fields win over properties of the same name."""

_RESERVED = ("name", "email", "phone_number", "avatar", "timezone", "created_at")


class RecipientPage(BaseModel):
    """One page of users, of tenants, or of one collection's objects."""

    entries: list[Recipient]
    page_info: PageInfo


def show(ref: RecipientRef, row: DictRow | None, seen_at: datetime) -> Recipient:
    """Whoever was never identified looks as new as the row that mentions them."""
    properties = row["properties"] if row else {}
    updated_at = (row["updated_at"] if row else seen_at).astimezone(UTC)
    if ref.is_user:
        return user(ref.id, properties, updated_at)
    if ref.collection == TENANTS:
        return tenant(ref.id, properties, updated_at)
    return show_object(ref, properties, updated_at)


def user(user_id: str, properties: dict[str, Any], updated_at: datetime) -> Recipient:
    """Custom properties stand beside the reserved ones."""
    reserved = dict.fromkeys(_RESERVED)
    own = {"id": user_id, "__typename": "User", "updated_at": updated_at.astimezone(UTC)}
    return {**reserved, **properties, **own}


def tenant(tenant_id: str, properties: dict[str, Any], updated_at: datetime) -> Recipient:
    """As a user; a preference set in the settings says that it is the default one."""
    own = {"id": tenant_id, "__typename": "Tenant", "collection": TENANTS, "updated_at": updated_at}
    shown = {"name": None, "settings": None, **properties, **own}
    settings = shown["settings"]
    # What stands there otherwise, as older releases let steps write it, is shown as it is.
    if isinstance(settings, dict) and isinstance(settings.get("preference_set"), dict):
        shown["settings"] = settings | {"preference_set": {**settings["preference_set"], "id": "default"}}
    return shown


def show_object(ref: RecipientRef, properties: dict[str, Any], updated_at: datetime) -> Recipient:
    """Properties keep to themselves, reserved ones included."""
    return {
        "__typename": "Object",
        "id": ref.id,
        "collection": ref.collection,
        "properties": properties,
        "created_at": properties.get("created_at"),
        "updated_at": updated_at.astimezone(UTC),
    }


def with_sets(entries: list[Recipient], sets: dict[str, dict[str, Any]]) -> list[Recipient]:
    """Each entry with its preference sets by id, as they may be sent back inline."""
    return [
        {
            **entry,
            "preferences": {
                set_id: {**body, "id": set_id} for set_id, body in sets.get(entry["id"], {}).items()
            },
        }
        for entry in entries
    ]


def position(row: DictRow) -> Position:
    """Where a recipient stands in a list of its collection."""
    return by_time(row["inserted_at"], row["id"])
