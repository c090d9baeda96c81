"""Schemas of users, tenants and objects as Knock's management API takes and shows them."""

from typing import Any, Literal

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.errors import InvalidParams
from api.management_pages import ManagementPageInfo

ItemType = Literal["user", "tenant", "object"]
ITEM_TYPES: tuple[ItemType, ...] = ("user", "tenant", "object")

_READ_ONLY = ("item_type", "item_id", "collection", "$schema", "__readonly", "__annotation")
"""What a schema that was read carries besides its properties."""


class ItemSchemaProperty(BaseModel):
    """What is known of one property; null where it was never said."""

    description: str | None
    item_type: str | None
    key: str
    preview_text: str | None
    type: str | None
    visible: bool


class ItemSchema(BaseModel):
    """`item_id` is the collection of objects, null for users and tenants."""

    item_type: ItemType
    item_id: str | None
    properties: list[ItemSchemaProperty]


class PaginatedItemSchemaResponse(BaseModel):
    entries: list[ItemSchema]
    page_info: ManagementPageInfo


class PropertyRequest(BaseModel):
    """A new property, or changes of one; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=255)
    type: str | None = Field(default=None, min_length=1, max_length=255)
    item_type: str | None = Field(default=None, min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=1000)
    preview_text: str | None = Field(default=None, max_length=1000)
    visible: bool | None = None


class ItemSchemaRequest(BaseModel):
    """Properties to add or to change. None is ever removed: hide one with `visible: false`."""

    model_config = ConfigDict(extra="forbid")

    properties: list[PropertyRequest] = Field(max_length=500)

    @model_validator(mode="after")
    def _keys_are_distinct(self) -> "ItemSchemaRequest":
        keys = [one.key for one in self.properties]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"properties name {', '.join(twice)} twice")
        return self


def request_of(body: dict[str, Any] | None) -> ItemSchemaRequest:
    """The changes in a body, which may be a schema as it was read, bare or wrapped; raises InvalidParams."""
    given = body or {"properties": []}
    wrapped = given.get("schema")
    given = wrapped if isinstance(wrapped, dict) else given
    kept = {name: value for name, value in given.items() if name not in _READ_ONLY}
    try:
        return ItemSchemaRequest.model_validate(kept)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" if number else str(part)
            for number, part in enumerate(first["loc"])
        )
        raise InvalidParams.of(path or "properties", str(first["msg"])) from None


def merged(known: DictRow | None, given: PropertyRequest) -> dict[str, Any]:
    """Every column of a property after these changes."""
    before = known or {"type": None, "item_type": None, "description": None, "preview_text": None}
    columns = ("type", "item_type", "description", "preview_text", "visible")
    values = {name: before.get(name, True) for name in columns}
    changes = given.model_dump(exclude_unset=True)
    if changes.get("visible", True) is None:
        del changes["visible"]
    return {**values, **changes}


def schema(item_type: ItemType, collection: str, rows: list[DictRow]) -> ItemSchema:
    return ItemSchema(
        item_type=item_type,
        item_id=collection or None,
        properties=[ItemSchemaProperty(**{name: row[name] for name in _SHOWN}) for row in rows],
    )


_SHOWN = tuple(ItemSchemaProperty.model_fields)
