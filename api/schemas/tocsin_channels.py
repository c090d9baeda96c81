"""Channels as our management routes take and show them."""

import re
from contextlib import suppress
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from api.errors import InvalidParams
from api.faults import field_of
from api.schemas.resource import Moment
from models.sealing import SealBroken, Sealer
from models.tables.channels import seal_purpose
from models.values.conditions import ConditionGroup
from models.values.kinds import ChannelType
from models.values.providers import CHANNEL_SETTINGS, PROVIDER_SETTINGS, PROVIDERS_OF, NoSettings, shown

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,254}")


class ChannelRequest(BaseModel):
    """A channel of the account, and how one environment uses it.

    Without `provider_settings` those that were stored stay; given, they replace them whole.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    type: ChannelType
    provider: str
    id: UUID | None = None
    channel_settings: dict[str, Any] = Field(default_factory=dict)
    provider_settings: dict[str, Any] | None = None
    is_sandbox: bool = False
    conditions: ConditionGroup | None = None

    @field_validator("type")
    @classmethod
    def _is_deliverable(cls, channel_type: ChannelType) -> ChannelType:
        if channel_type not in PROVIDERS_OF:
            known = ", ".join(PROVIDERS_OF)
            raise ValueError(f"channels of type {channel_type} cannot be configured yet; known are {known}")
        return channel_type

    @model_validator(mode="after")
    def _provider_fits(self) -> "ChannelRequest":
        known = PROVIDERS_OF[self.type]
        if self.provider not in known:
            raise ValueError(f'"{self.provider}" delivers no {self.type} here; known are {", ".join(known)}')
        return self


class Channel(BaseModel):
    """A channel with one environment's settings; secrets are never among them.

    `is_valid` tells whether the environment can send with it.
    """

    id: UUID
    key: str
    name: str
    type: str
    provider: str
    is_valid: bool
    is_sandbox: bool
    conditions: dict[str, Any] | None
    channel_settings: dict[str, Any]
    provider_settings: dict[str, Any]
    created_at: Moment
    updated_at: Moment


class ListChannelsResponse(BaseModel):
    entries: list[Channel]


def checked_key(key: str) -> str:
    """A key that may be written; raises InvalidParams."""
    if not _KEY.fullmatch(key):
        raise InvalidParams.of(
            "key", "must be lower-case letters, digits, - and _, beginning with one of the first two"
        )
    return key


def checked_channel_settings(request: ChannelRequest) -> dict[str, Any]:
    """What was given and is known; raises InvalidParams."""
    settings = _checked(CHANNEL_SETTINGS[request.type], request.channel_settings, "channel_settings")
    return settings.model_dump(exclude_none=True)


def checked_provider_settings(request: ChannelRequest) -> BaseModel:
    """As the provider needs them; raises InvalidParams."""
    return _checked(PROVIDER_SETTINGS[request.provider], request.provider_settings or {}, "provider_settings")


def needs_settings(provider: str) -> bool:
    return PROVIDER_SETTINGS[provider] is not NoSettings


def channel(row: DictRow, environment_id: UUID, sealer: Sealer) -> Channel:
    """Opens the sealed settings to show what is no secret; those of another master secret count as none."""
    sealed, provider = row["provider_settings"], row["provider"]
    settings: dict[str, Any] = {}
    if sealed is not None and provider in PROVIDER_SETTINGS:
        with suppress(SealBroken):
            opened = sealer.open(bytes(sealed), seal_purpose(row["id"], environment_id))
            settings = shown(PROVIDER_SETTINGS[provider].model_validate(opened))
    has_what_it_needs = bool(settings) or not needs_settings(provider)
    return Channel(
        **{name: row[name] for name in ("id", "key", "name", "type", "provider", "conditions")},
        is_valid=bool(row["is_configured"]) and has_what_it_needs,
        is_sandbox=bool(row["is_sandbox"]),
        channel_settings=row["channel_settings"] or {},
        provider_settings=settings,
        created_at=row["inserted_at"],
        updated_at=row["updated_at"],
    )


def _checked(model: type[BaseModel], given: dict[str, Any], name: str) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        errors = [
            {"field": field_of([name, *mistake["loc"]]), "message": mistake["msg"], "type": mistake["type"]}
            for mistake in error.errors(include_input=False, include_url=False)
        ]
        told = "; ".join(f"{entry['field']}: {entry['message']}" for entry in errors)
        raise InvalidParams(f"The {name} are not valid. {told}", errors) from None
