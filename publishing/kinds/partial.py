"""Partials: pieces of templates, shared by all that render them (E-TEMPLATE-10 to E-TEMPLATE-15)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from models.values.content import ContentType
from publishing.kinds.fields import MOST_FIELDS, TAGS, AnyField, own_keys
from publishing.kinds.kind import Checked, Kind
from publishing.kinds.templates import check_templates
from publishing.mistakes import Mistake, NotPublishable, mistakes_of


class PartialContent(BaseModel):
    """The body of `PartialRequest` in the management contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["html", "markdown", "text", "json"]
    name: str = Field(min_length=1, max_length=255)
    description: str | None = None
    content: str
    icon_name: str | None = None
    visual_block_enabled: bool | None = None
    input_schema: list[AnyField] | None = Field(default=None, max_length=MOST_FIELDS)

    @field_validator("input_schema")
    @classmethod
    def _keys_are_unique(cls, fields: list[Any] | None) -> list[Any] | None:
        return own_keys(fields) if fields else fields


def check(key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        partial = PartialContent.model_validate(content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error, TAGS)) from error
    mistakes, references = check_templates({"content": partial.content})
    if "<mjml" in partial.content.lower() or "<mj-" in partial.content.lower():
        mistakes.append(Mistake("content", "partials cannot contain MJML; use plain HTML (E-TEMPLATE-15)"))
    mistakes += [
        Mistake("content", f'the partial "{key}" renders itself') for one in references if one.key == key
    ]
    if mistakes:
        raise NotPublishable(mistakes)
    return Checked(references)


TYPES = {"html": "html", "md": "markdown", "txt": "text", "json": "json"}


def assumed(raw: dict[str, Any], saved: dict[str, Any] | None) -> dict[str, Any]:
    """Knock's CLI sends no type, but the name of the file beside the content, whose ending says it."""
    file = raw.get("content@")
    ending = file.rpartition(".")[2].lower() if isinstance(file, str) else ""
    return {"type": TYPES[ending]} if saved is None and ending in TYPES else {}


PARTIAL = Kind(
    type=ContentType.PARTIAL,
    readonly=("environment", "key", "valid", "sha", "inserted_at", "created_at", "updated_at"),
    check=check,
    assumed=assumed,
    shown={"icon_name": None, "visual_block_enabled": False, "input_schema": []},
    never_null=("description", "icon_name", "visual_block_enabled", "input_schema"),
    frozen_fields=("type",),
)
