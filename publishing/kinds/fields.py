"""The typed fields of message types and of a partial's inputs (E-TEMPLATE-14)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

FIELD_TYPES = (
    *("text", "markdown", "textarea", "boolean", "number", "color", "select", "multi_select"),
    *("button", "url", "image", "json", "list"),
)
MOST_FIELDS = 100

FieldKey = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=255)]


class Part(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextPart(Part):
    """The text, link or address inside a button or an image."""

    type: Literal["text", "url"]
    key: FieldKey
    label: str | None = None
    settings: dict[str, Any] | None = None


class SimpleField(Part):
    """A field with a key, a label and settings; which settings there are is the editor's affair."""

    type: Literal["text", "markdown", "textarea", "boolean", "number", "color", "url", "json", "list"]
    key: FieldKey
    label: str | None = None
    settings: dict[str, Any] | None = None


class ChoiceField(Part):
    """One or several of the options in its settings."""

    type: Literal["select", "multi_select"]
    key: FieldKey
    label: str | None = None
    settings: dict[str, Any]

    @field_validator("settings")
    @classmethod
    def _has_options(cls, settings: dict[str, Any]) -> dict[str, Any]:
        options = settings.get("options")
        if not isinstance(options, list):
            raise ValueError('needs "options": a list of {"value", "label"}')
        for index, option in enumerate(options):
            if not isinstance(option, dict) or not isinstance(option.get("value"), str):
                raise ValueError(f'options[{index}] must be an object with a text "value"')
        return settings


class ButtonField(Part):
    """A button: its text and where it leads."""

    type: Literal["button"]
    key: FieldKey
    label: str | None = None
    text: TextPart
    action: TextPart
    settings: dict[str, Any] | None = None


class ImageField(Part):
    """An image: its address, its description and where it leads."""

    type: Literal["image"]
    key: FieldKey
    label: str | None = None
    url: TextPart
    alt: TextPart
    action: TextPart
    settings: dict[str, Any] | None = None


AnyField = Annotated[
    SimpleField | ChoiceField | ButtonField | ImageField,
    Field(discriminator="type"),
]
TAGS = frozenset(FIELD_TYPES)


def own_keys(fields: list[Any]) -> list[Any]:
    """For validators: raises ValueError when two fields have the same key."""
    seen: set[str] = set()
    for field in fields:
        if field.key in seen:
            raise ValueError(f'two fields have the key "{field.key}"; each key must be its own')
        seen.add(field.key)
    return fields
