"""Audiences: lists of users, kept by hand (static) or by conditions (dynamic)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.values.conditions import Operator
from models.values.content import ContentType
from publishing.kinds.kind import Checked, Kind
from publishing.mistakes import NotPublishable, mistakes_of


class AudienceCondition(BaseModel):
    """A property of users, compared with an argument."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    property: str = Field(min_length=1)
    operator: Operator
    argument: str | None = None


class Segment(BaseModel):
    """Conditions that must all hold; a user belongs to a dynamic audience by any of its segments."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conditions: list[AudienceCondition]


class StaticAudience(BaseModel):
    """Its members are added and removed by API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["static"]
    name: str = Field(min_length=1, max_length=255)
    description: str | None = None


class DynamicAudience(StaticAudience):
    """Its members are found by its segments."""

    type: Literal["dynamic"]  # type: ignore[assignment]
    segments: list[Segment] = Field(default_factory=list)


_AUDIENCE: TypeAdapter[Any] = TypeAdapter(
    Annotated[StaticAudience | DynamicAudience, Field(discriminator="type")]
)


def check(_key: str, content: dict[str, Any]) -> Checked:
    """Raises NotPublishable."""
    try:
        _AUDIENCE.validate_python(content)
    except ValidationError as error:
        found = mistakes_of(error, frozenset())
        raise NotPublishable([_untagged(one) for one in found]) from error
    return Checked()


def _untagged(mistake: Any) -> Any:
    """A union at the root puts its tag before every path."""
    head, _, rest = mistake.path.partition(".")
    if head not in ("static", "dynamic"):
        return mistake
    return type(mistake)(rest, mistake.message, mistake.name)


AUDIENCE = Kind(
    type=ContentType.AUDIENCE,
    readonly=("environment", "key", "sha", "created_at", "updated_at"),
    check=check,
    shown={"description": None},
    frozen_fields=("type",),
)
