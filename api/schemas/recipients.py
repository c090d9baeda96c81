"""Users, objects and tenants as the API shows them."""

from datetime import UTC, datetime
from typing import Any

from psycopg.rows import DictRow

from models.values.refs import TENANTS, RecipientRef

Recipient = dict[str, Any]
"""A User, Object or Tenant: open models, whose own fields win over properties of the same name."""

_RESERVED = ("name", "email", "phone_number", "avatar", "timezone", "created_at")


def show(ref: RecipientRef, row: DictRow | None, seen_at: datetime) -> Recipient:
    """Whoever was never identified looks as new as the row that mentions them."""
    properties = row["properties"] if row else {}
    updated_at = (row["updated_at"] if row else seen_at).astimezone(UTC)
    if ref.is_user:
        return user(ref.id, properties, updated_at)
    if ref.collection == TENANTS:
        own = {"id": ref.id, "__typename": "Tenant", "collection": TENANTS, "updated_at": updated_at}
        return {"name": None, "settings": None, **properties, **own}
    return {
        "__typename": "Object",
        "id": ref.id,
        "collection": ref.collection,
        "properties": properties,
        "created_at": properties.get("created_at"),
        "updated_at": updated_at,
    }


def user(user_id: str, properties: dict[str, Any], updated_at: datetime) -> Recipient:
    """Custom properties stand beside the reserved ones."""
    reserved = dict.fromkeys(_RESERVED)
    own = {"id": user_id, "__typename": "User", "updated_at": updated_at.astimezone(UTC)}
    return {**reserved, **properties, **own}
