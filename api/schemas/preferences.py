"""Preference sets as the API shows and takes them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, StrictBool

from models.values.preferences import ChannelTypeChoices, Choice, Node, PreferenceSetRequest
from workflows_engine.preferences import KEYS

PreferenceSet = dict[str, Any]
"""A set with its id; a key is null where nothing is preferred."""


def preference_set(set_id: str, preferences: Mapping[str, Any]) -> PreferenceSet:
    """Every key of Knock's contract, whether anything was said under it or not."""
    return {"id": set_id, **{key: preferences.get(key) for key in KEYS}}


class Subscribed(BaseModel):
    """A flat yes or no, as Knock's browser client sends it for one key."""

    model_config = ConfigDict(extra="forbid")

    subscribed: StrictBool


class ChannelTypeSetting(RootModel[Subscribed | Choice]):
    """What is preferred of one channel type."""

    def to_json(self) -> Any:
        return _plain(self.root)


class NodeSetting(RootModel[Subscribed | StrictBool | Node]):
    """What is preferred of one workflow or category."""

    def to_json(self) -> Any:
        return _plain(self.root)


class NodeSettings(RootModel[dict[str, StrictBool | Node]]):
    """What is preferred of workflows, or of categories, by name."""

    def to_json(self) -> dict[str, Any]:
        return {name: _plain(node) for name, node in self.root.items()}


class ChannelTypeSettings(RootModel[ChannelTypeChoices]):
    """What is preferred of channel types."""

    def to_json(self) -> Any:
        return _plain(self.root)


class BulkSetUserPreferencesRequest(BaseModel):
    """Whose set becomes what."""

    user_ids: list[str] = Field(min_length=1, max_length=1000)
    preferences: PreferenceSetRequest


def _plain(setting: Any) -> Any:
    if isinstance(setting, Subscribed):
        return setting.subscribed
    if isinstance(setting, BaseModel):
        return setting.model_dump(mode="json", by_alias=True, exclude_none=True)
    return setting
