"""Guides: in-product messages, stored, validated and versioned; they are shown to people later."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.values.conditions import ConditionGroup
from models.values.content import ContentType
from publishing.kinds.kind import Checked, Kind, Reference
from publishing.kinds.templates import check_templates
from publishing.mistakes import NotPublishable, mistakes_of


class GuideStep(BaseModel):
    """One message of the guide: which message type in which variant, and its values (texts are Liquid)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: str = Field(min_length=1)
    name: str | None = None
    schema_key: str = Field(min_length=1)
    schema_semver: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    schema_variant_key: str = Field(min_length=1)
    values: dict[str, Any] | None = None


class UrlPattern(BaseModel):
    """Where the guide may, or may not, be shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    directive: Literal["allow", "block"] = "allow"
    pathname: str | None = None
    search: str | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "UrlPattern":
        if self.pathname is None and self.search is None:
            raise ValueError("needs a pathname or a search")
        return self


class GoalAttachment(BaseModel):
    """A goal that counts for the guide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goal_key: str
    attribution_window_days: int | None = Field(default=None, ge=1, le=30)


class GuideContent(BaseModel):
    """The body of `GuideRequest` in the management contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=255)
    description: str | None = None
    channel_key: str = Field(min_length=1)
    steps: list[GuideStep]
    tags: list[str] | None = None
    target_audience_key: str | None = None
    target_property_conditions: ConditionGroup | None = None
    guide_audience_conditions: ConditionGroup | None = None
    activation_url_patterns: list[UrlPattern] | None = None
    activation_url_rules: list[dict[str, Any]] | None = None
    """As older projects have it; kept as it is."""
    goal_attachment: GoalAttachment | None = None

    @field_validator("steps")
    @classmethod
    def _refs_are_unique(cls, steps: list[GuideStep]) -> list[GuideStep]:
        seen: set[str] = set()
        for step in steps:
            if step.ref in seen:
                raise ValueError(f'two steps have the ref "{step.ref}"; each ref must be its own')
            seen.add(step.ref)
        return steps


def check(_key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        guide = GuideContent.model_validate(content)
    except ValidationError as error:
        raise NotPublishable(mistakes_of(error, frozenset({"Condition", "AllOf"}))) from error
    sources: dict[str, str] = {}
    for index, step in enumerate(guide.steps):
        sources |= _texts(step.values or {}, f"steps[{index}].values")
    mistakes, references = check_templates(sources)
    if mistakes:
        raise NotPublishable(mistakes)
    references.append(Reference("channel", guide.channel_key, "channel_key", "in_app_guide"))
    for index, step in enumerate(guide.steps):
        detail = f"{step.schema_semver} {step.schema_variant_key}"
        path = f"steps[{index}].schema_key"
        references.append(Reference("message_type", step.schema_key, path, detail))
    if guide.target_audience_key:
        references.append(Reference("audience", guide.target_audience_key, "target_audience_key"))
    return Checked(references)


def _texts(value: Any, path: str) -> dict[str, str]:
    if isinstance(value, str):
        return {path: value}
    found: dict[str, str] = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= _texts(inner, f"{path}.{key}")
    for index, inner in enumerate(value if isinstance(value, list) else []):
        found |= _texts(inner, f"{path}[{index}]")
    return found


GUIDE = Kind(
    type=ContentType.GUIDE,
    readonly=(
        *("environment", "key", "active", "valid", "sha", "created_at", "updated_at", "semver", "type"),
        *("archived_at", "deleted_at", "active_from", "active_until"),
    ),
    check=check,
    shown={
        "description": None,
        "tags": [],
        "target_audience_key": None,
        "target_property_conditions": None,
        "guide_audience_conditions": None,
        "activation_url_patterns": [],
        "goal_attachment": None,
        "archived_at": None,
        "deleted_at": None,
        "semver": "0.0.1",
        "type": None,
    },
    never_null=("activation_url_patterns", "goal_attachment", "tags", "type"),
)
