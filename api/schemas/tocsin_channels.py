"""Channels as our management routes take and show them."""

from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field

from api.schemas.channels import VisibleIn, account_part, is_valid, opened
from api.schemas.resource import Moment
from models.sealing import Sealer
from models.values.conditions import ConditionGroup
from models.values.kinds import ChannelType
from models.values.providers import shown


class ChannelRequest(BaseModel):
    """A channel of the account, and how one environment uses it.

    What is absent stays as it is; what is given replaces it whole. A new channel needs `name`, `type` and
    `provider`. `provider_settings` and `channel_settings` that are null count as absent.
    """

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=255)
    type: ChannelType | None = None
    provider: str | None = None
    id: UUID | None = None
    description: str | None = None
    custom_icon_url: str | None = None
    visible_in: list[VisibleIn] | None = None
    is_sandbox: bool | None = None
    conditions: ConditionGroup | None = None
    channel_settings: dict[str, Any] | None = None
    provider_settings: dict[str, Any] | None = None

    @property
    def is_about_environment(self) -> bool:
        """Whether it changes more than the account's part."""
        given = (self.is_sandbox, self.channel_settings, self.provider_settings)
        return any(value is not None for value in given) or "conditions" in self.model_fields_set


class CloneRequest(BaseModel):
    """Two environments by their slugs."""

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    source: str = Field(alias="from")
    to: str


class Channel(BaseModel):
    """A channel with one environment's settings; secrets are hidden, unless they are Liquid.

    `is_valid` tells whether the environment can send with it.
    """

    id: UUID
    key: str
    name: str
    type: str
    provider: str
    description: str | None
    custom_icon_url: str | None
    visible_in: list[VisibleIn]
    environment: str
    is_valid: bool
    is_sandbox: bool
    conditions: dict[str, Any] | None
    channel_settings: dict[str, Any]
    provider_settings: dict[str, Any]
    created_at: Moment
    updated_at: Moment


class ListChannelsResponse(BaseModel):
    entries: list[Channel]


class ArchiveChannelResponse(BaseModel):
    result: str


def channel(row: DictRow, environment_id: UUID, sealer: Sealer) -> Channel:
    """Opens the sealed settings to show what is no secret; those of another master secret count as none."""
    settings = opened(row, environment_id, sealer)
    return Channel(
        **account_part(row),
        environment=row["environment"],
        conditions=row["conditions"],
        is_valid=is_valid(row, settings),
        is_sandbox=bool(row["is_sandbox"]),
        channel_settings=row["channel_settings"] or {},
        provider_settings=shown(settings) if settings else {},
    )
