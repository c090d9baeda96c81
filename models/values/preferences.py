"""Preference sets as data: what may be written, not how it is judged (E-PREF-1, E-PREF-12)."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator

from models.values.conditions import Condition

Strategy = Literal["merge", "replace"]


class Conditional(BaseModel):
    """Preferred while all conditions hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    conditions: list[Condition]


Choice = StrictBool | Conditional


class ChannelTypeChoices(BaseModel):
    """One choice for each channel type that people can refuse; one that is absent is preferred."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Choice | None = None
    in_app_feed: Choice | None = None
    sms: Choice | None = None
    push: Choice | None = None
    chat: Choice | None = None
    http: Choice | None = None
    strategy: Strategy | None = Field(default=None, alias="__strategy__")


def _named_by_id(channels: dict[str, Any] | None) -> dict[str, Any] | None:
    for channel_id in channels or {}:
        if channel_id == "__strategy__":
            continue
        try:
            UUID(channel_id)
        except ValueError:
            raise ValueError(f'"{channel_id}" is not the id of a channel, which is a UUID') from None
    return channels


class Node(BaseModel):
    """What is preferred of one workflow or of one category."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel_types: ChannelTypeChoices | None = None
    channels: dict[str, Choice | Strategy] | None = None
    conditions: list[Condition] | None = None
    strategy: Strategy | None = Field(default=None, alias="__strategy__")

    _ids = field_validator("channels")(_named_by_id)


class PreferenceSet(BaseModel):
    """Knock's `PreferenceSetRequest` without a persistence strategy; `__strategy__` as E-PREF-7 has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: dict[str, StrictBool | Node] | None = None
    channel_types: ChannelTypeChoices | None = None
    channels: dict[str, Choice | Strategy] | None = None
    commercial_subscribed: Choice | None = None
    workflows: dict[str, StrictBool | Node] | None = None

    _ids = field_validator("channels")(_named_by_id)

    def to_json(self) -> dict[str, Any]:
        """As it was written, without what was left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class PreferenceSetRequest(PreferenceSet):
    """What callers send for one set: how it is kept, and the id that a set which was read carries."""

    id: str | None = None
    persistence_strategy: Strategy | None = Field(default=None, alias="__persistence_strategy__")

    def to_json(self) -> dict[str, Any]:
        """The set alone, as it is stored."""
        return self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"id", "persistence_strategy"}
        )
