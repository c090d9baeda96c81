"""Message types: the schemas that guides are filled in by."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from models.values.content import ContentType
from publishing.kinds.fields import MOST_FIELDS, TAGS, AnyField, own_keys
from publishing.kinds.kind import Checked, Kind
from publishing.kinds.templates import check_templates
from publishing.mistakes import NotPublishable, mistakes_of


class Variant(BaseModel):
    """One form of a message type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(min_length=1)
    name: str
    fields: list[AnyField] = Field(max_length=MOST_FIELDS)

    @field_validator("fields")
    @classmethod
    def _keys_are_unique(cls, fields: list[Any]) -> list[Any]:
        return own_keys(fields)


class MessageTypeContent(BaseModel):
    """The body of `MessageTypeRequest` in the management contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=255)
    description: str | None
    preview: str
    icon_name: str | None = None
    semver: str | None = Field(default=None, pattern=r"^\d+\.\d+\.\d+$")
    variants: list[Variant] | None = None

    @field_validator("variants")
    @classmethod
    def _variants_are_unique(cls, variants: list[Variant] | None) -> list[Variant] | None:
        return own_keys(variants) if variants else variants


def check(_key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        message_type = MessageTypeContent.model_validate(content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error, TAGS)) from error
    mistakes, references = check_templates({"preview": message_type.preview})
    if mistakes:
        raise NotPublishable(mistakes)
    return Checked(references, {"variants": [variant.key for variant in message_type.variants or []]})


def assumed(_raw: dict[str, Any], saved: dict[str, Any] | None) -> dict[str, Any]:
    """Knock's CLI takes the version for read-only: left out, it stays."""
    return {"semver": saved["semver"]} if saved and saved.get("semver") else {}


MESSAGE_TYPE = Kind(
    type=ContentType.MESSAGE_TYPE,
    readonly=(
        *("environment", "key", "valid", "owner", "sha", "created_at", "updated_at"),
        *("archived_at", "deleted_at"),
    ),
    check=check,
    assumed=assumed,
    shown={
        "owner": "user",
        "semver": "0.0.1",
        "variants": [],
        "icon_name": None,
        "archived_at": None,
        "deleted_at": None,
    },
    never_null=("icon_name", "semver", "variants"),
)
